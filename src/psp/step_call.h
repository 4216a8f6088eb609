#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "domain/step_action.h"
#include "psp/switches.h"

namespace holdfast::psp {

/// One call for a step, as Holdfast makes it: a charge (forward) or a refund (reverse).
struct StepCall {
  std::string key;  ///< `<order_id>/<step>/forward` or `<order_id>/<step>/reverse/<cause>`
  Direction direction = Direction::forward;
  std::string order_id;
  std::string step;
  std::string cause;  ///< of a refund, from its key; else empty
  std::int64_t amount = 0;
  std::string currency;
  bool forward_unknown = false;
  std::optional<std::string> forward_reference;
  /// What the order asks to meet: its attribute `psp` for charges, `psp_refund` for refunds.
  std::optional<Behaviour> forced;

  [[nodiscard]] std::string account() const { return order_id + "/" + step; }
};

/// Members that the provider has no use for are passed over. The error is a sentence.
tl::expected<StepCall, std::string> read_step_call(Direction direction, std::string_view key,
                                                   const boost::json::value& body);

}  // namespace holdfast::psp
