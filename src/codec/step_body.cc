#include "codec/step_body.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "codec/json_reader.h"
#include "domain/progress.h"

namespace holdfast::codec {
namespace {

json::object line_of(const OrderLine& line, Quantity quantity) {
  return {
      {"sku", line.sku.value}, {"quantity", quantity.units}, {"unit_price", line.unit_price.minor}};
}

const Refund* refund_of(const OrderAggregate& aggregate, const StepAction& action) {
  const auto id = action.refund_id();
  const auto found = std::find_if(aggregate.refunds.begin(), aggregate.refunds.end(),
                                  [&id](const Refund& refund) { return refund.id == id; });
  return found == aggregate.refunds.end() ? nullptr : &*found;
}

json::array lines_of(const Order& order, const Refund* refund) {
  json::array lines;
  for (const auto& line : order.lines) {
    if (refund == nullptr) {
      lines.push_back(line_of(line, line.quantity));
      continue;
    }
    for (const auto& back : refund->lines) {
      if (back.sku == line.sku) lines.push_back(line_of(line, back.quantity));
    }
  }
  return lines;
}

std::string cause_of_key(const std::string& key) {
  const auto slash = key.rfind('/');
  return slash == std::string::npos ? key : key.substr(slash + 1);
}

}  // namespace

std::string step_body(const OrderAggregate& aggregate, const StepAction& action) {
  const Order& order = aggregate.order;
  const Refund* refund = refund_of(aggregate, action);
  json::object body{{"order_id", order.id.to_string()},
                    {"step", action.step.value},
                    {"direction", to_string(action.direction)},
                    {"amount", refund == nullptr ? order.amount.minor : refund->amount.minor},
                    {"currency", order.currency.code},
                    {"lines", lines_of(order, refund)},
                    {"user_id", order.user_id.value},
                    {"attributes", attributes_to_json(order.attributes)}};
  if (action.direction == Direction::reverse) {
    if (refund != nullptr) body["refund_id"] = refund->id.to_string();
    const Step* step = find_step(order, action.step);
    if (step != nullptr && step->reference) body["forward_reference"] = *step->reference;
    OrderAggregate copy = aggregate;
    const StepReversal* reversal = find_reversal(copy, action);
    if (reversal != nullptr && reversal->forward_unknown) body["forward_unknown"] = true;
  }
  return json::serialize(body);
}

Decoded<WorkerAnswer> worker_answer_from_message(std::string_view body) {
  json::error_code error;
  const auto value = json::parse({body.data(), body.size()}, error);
  if (error) return fault(error.message());
  Reader reader(value);
  WorkerAnswer answer;
  answer.action.order_id = reader.id<OrderId>("order_id");
  answer.action.step = StepName{reader.text("step")};
  answer.action.direction = reader.parsed<Direction>("direction", parse_direction);
  if (answer.action.direction == Direction::reverse) {
    answer.action.cause = cause_of_key(reader.text("idempotency_key"));
  }
  const auto outcome = reader.text("outcome");
  answer.succeeded = outcome == "succeeded";
  answer.payment_declined = reader.boolean_or("payment_declined", false);
  answer.reference = reader.optional_text("reference");
  answer.error = reader.optional_text("error");
  if (reader.error()) return fault(*reader.error());
  if (!answer.succeeded && outcome != "failed") return fault("`outcome` is neither word it can be");
  return answer;
}

}  // namespace holdfast::codec
