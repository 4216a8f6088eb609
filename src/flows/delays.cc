#include "flows/delays.h"

#include <charconv>
#include <string>

namespace holdfast::flows {
namespace {

const std::string kNotBefore = "hf-not-before";  // Unix milliseconds

}  // namespace

void delay_until(OutgoingMessage& message, Instant not_before, Instant now) {
  if (not_before <= now) {
    message.delay.reset();
    message.headers.erase(kNotBefore);
    return;
  }
  const Milliseconds left = not_before - now;
  Milliseconds rung = kStepRungs.front();
  for (const auto candidate : kStepRungs) {
    if (candidate <= left) rung = candidate;
  }
  message.delay = rung;
  message.headers[kNotBefore] = std::to_string(not_before.time_since_epoch().count());
}

std::optional<Instant> not_before(const Delivery& delivery) {
  const auto found = delivery.headers.find(kNotBefore);
  if (found == delivery.headers.end()) return std::nullopt;
  std::int64_t unix_ms = 0;
  const auto& text = found->second;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), unix_ms);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return Instant{Milliseconds{unix_ms}};
}

}  // namespace holdfast::flows
