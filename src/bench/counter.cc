#include "bench/counter.h"

#include <cstdlib>
#include <utility>

#include "bench/options.h"

namespace holdfast::bench {

MetricsCounter::MetricsCounter(load::Endpoint endpoint)
    : session_(std::move(endpoint), kCallTimeout) {}

Result<std::uint64_t> MetricsCounter::count_completed() {
  return read("holdfast_orders_settled");
}

Result<std::uint64_t> MetricsCounter::count_refunded() {
  return read("holdfast_refunds_carried_out");
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
