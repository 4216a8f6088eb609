#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/order_json.h"
#include "domain/step_action.h"

namespace holdfast::codec {

/// What the other side of a step is told. A reverse carries the amount and the lines of what is
/// given back, as positive numbers.
std::string step_body(const OrderAggregate& aggregate, const StepAction& action);

/// What a worker in another program answered.
struct WorkerAnswer {
  StepAction action;
  bool succeeded = false;
  bool payment_declined = false;
  std::optional<std::string> reference;
  std::optional<std::string> error;
};

/// `{"order_id","step","direction","idempotency_key","outcome":"succeeded"|"failed",…}`; members
/// that are not known are passed over.
Decoded<WorkerAnswer> worker_answer_from_message(std::string_view body);

}  // namespace holdfast::codec
