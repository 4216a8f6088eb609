#include "bench/counter.h"

#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "bench/options.h"

namespace holdfast::bench {
namespace {

constexpr const char* kSettled = "holdfast_orders_settled";
constexpr const char* kRefunded = "holdfast_refunds_carried_out";
// What was under way is done when nothing was counted for so long.
constexpr std::chrono::milliseconds kStillness{300};

}  // namespace

MetricsCounter::MetricsCounter(load::Endpoint endpoint)
    : session_(std::move(endpoint), kCallTimeout) {}

Result<void> MetricsCounter::start() {
  const auto deadline = std::chrono::steady_clock::now() + kCallTimeout;
  for (bool is_still = false; !is_still;) {
    const auto settled = read(kSettled);
    const auto refunded = read(kRefunded);
    if (!settled || !refunded) {
      return tl::make_unexpected(settled ? refunded.error() : settled.error());
    }
    is_still = *settled == settled_before_ && *refunded == refunded_before_;
    settled_before_ = *settled;
    refunded_before_ = *refunded;
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail("/metrics goes on counting what was asked for before");
    }
    std::this_thread::sleep_for(is_still ? std::chrono::milliseconds{0} : kStillness);
  }
  return {};
}

Result<std::uint64_t> MetricsCounter::count_completed() {
  return read(kSettled).map([this](std::uint64_t count) { return count - settled_before_; });
}

Result<std::uint64_t> MetricsCounter::count_refunded() {
  return read(kRefunded).map([this](std::uint64_t count) { return count - refunded_before_; });
}

Result<std::vector<std::uint64_t>> MetricsCounter::completed_by_second() {
  return std::vector<std::uint64_t>{};
}

Result<std::uint64_t> MetricsCounter::read(const std::string& name) {
  const auto answer = session_.call({"GET", "/metrics", "", {}});
  if (!answer) {
    return unreachable("/metrics: " + answer.error().message);
  }
  const std::string wanted = "\n" + name + " ";
  const std::size_t at = answer->body.find(wanted);
  if (answer->status != 200 || at == std::string::npos) {
    return fail("/metrics does not tell " + name);
  }
  return static_cast<std::uint64_t>(
      std::strtod(answer->body.c_str() + at + wanted.size(), nullptr));
}

}  // namespace holdfast::bench
