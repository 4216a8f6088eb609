#include "psp/step_call.h"

#include <algorithm>

#include "codec/json_reader.h"
#include "domain/ids.h"
#include "psp/limits.h"

namespace holdfast::psp {
namespace {

namespace json = boost::json;

constexpr std::string_view kForAnyOrder = "normal, slow, decline, unavailable, hang, lose-answer";

/// The fault, or nothing; a behaviour that is asked for is written to `call`.
std::optional<std::string> read_forced(const json::object& body, StepCall& call) {
  const bool forward = call.direction == Direction::forward;
  const std::string_view name = forward ? "psp" : "psp_refund";
  const auto* attributes = body.if_contains("attributes");
  if (attributes == nullptr) return std::nullopt;
  if (!attributes->is_object()) return "attributes must be an object";
  const auto* wish = attributes->get_object().if_contains(name);
  if (wish == nullptr) return std::nullopt;
  if (const auto* text = wish->if_string()) {
    call.forced = parse_behaviour({text->data(), text->size()});
  }
  // A report speaks of a step's forward action only, so a deferred refund could not be reported.
  if (!call.forced || (call.forced == Behaviour::defer && !forward)) {
    return "attributes." + std::string(name) + " must be one of " + std::string(kForAnyOrder) +
           (forward ? ", defer" : "");
  }
  return std::nullopt;
}

std::optional<std::string> fault_of(const StepCall& call, std::string_view direction) {
  if (!is_valid_name(call.order_id)) return "order_id must be 1 to 64 characters A-Za-z0-9._:-";
  if (!is_valid_name(call.step)) return "step must be 1 to 64 characters A-Za-z0-9._:-";
  if (direction != to_string(call.direction)) {
    return "direction must be \"" + std::string(to_string(call.direction)) + "\" here";
  }
  if (call.amount < 0 || call.amount > limits::kMaxAmount) return "amount must be 0 to 2^53 - 1";
  const bool letters = std::all_of(call.currency.begin(), call.currency.end(),
                                   [](char c) { return c >= 'A' && c <= 'Z'; });
  if (call.currency.size() != 3 || !letters) return "currency must be three upper-case letters";
  return std::nullopt;
}

}  // namespace

tl::expected<StepCall, std::string> read_step_call(Direction direction, std::string_view key,
                                                   const json::value& body) {
  codec::Reader reader(body);
  StepCall call;
  call.key = key;
  call.direction = direction;
  call.order_id = reader.text("order_id");
  call.step = reader.text("step");
  const std::string said = reader.text("direction");
  call.amount = reader.integer("amount");
  call.currency = reader.text("currency");
  call.forward_unknown = reader.boolean_or("forward_unknown", false);
  call.forward_reference = reader.optional_text("forward_reference");
  if (reader.error()) return tl::unexpected(*reader.error());
  if (auto fault = fault_of(call, said)) return tl::unexpected(std::move(*fault));
  if (auto fault = read_forced(body.get_object(), call)) return tl::unexpected(std::move(*fault));

  const std::string start = call.account() + "/" + std::string(to_string(direction));
  if (direction == Direction::forward) {
    if (key != start) return tl::unexpected("the key of this charge is " + start);
    return call;
  }
  call.cause = key.starts_with(start + "/") ? key.substr(start.size() + 1) : std::string_view{};
  if (!is_valid_name(call.cause)) {
    return tl::unexpected("the key of this refund is " + start +
                          "/<cause>, the cause a refund's id, cancel or late");
  }
  return call;
}

}  // namespace holdfast::psp
