#include "http/views.h"

#include "codec/order_json.h"
#include "domain/assert.h"

namespace holdfast::http {
namespace {

void write_time(JsonWriter& json, std::string_view name, Instant at) {
  json.member(name, codec::to_rfc3339(at));
}

void write_order_lines(JsonWriter& json, const std::vector<OrderLine>& lines) {
  json.key("lines");
  json.begin_array();
  for (const OrderLine& line : lines) {
    json.begin_object();
    json.member("sku", line.sku.value);
    json.member("quantity", line.quantity.units);
    json.member("unit_price", line.unit_price.minor);
    json.end_object();
  }
  json.end_array();
}

void write_reversal(JsonWriter& json, const StepReversal& reversal) {
  json.member("status", to_string(reversal.status));
  json.member("attempts", reversal.attempts);
  if (reversal.reference) json.member("reference", *reversal.reference);
  if (reversal.error) json.member("error", *reversal.error);
  if (reversal.forward_unknown) json.member("forward_unknown", true);
  if (reversal.parked) json.member("parked", true);
  write_time(json, "updated_at", reversal.updated_at);
}

/// How the step is taken back for another cause than a refund, which shows its own.
void write_reversals(JsonWriter& json, const Step& step) {
  if (step.compensation) {
    json.key("compensation");
    json.begin_object();
    write_reversal(json, *step.compensation);
    json.end_object();
  }
  if (step.late) {
    json.key("late");
    json.begin_object();
    write_reversal(json, *step.late);
    json.end_object();
  }
}

/// Steps of an order that is not settled are all `pending`, whatever is under way.
void write_steps(JsonWriter& json, const Order& order) {
  const bool settled = order.status != OrderStatus::accepted;
  json.key("steps");
  json.begin_array();
  for (const Step& step : order.steps) {
    json.begin_object();
    json.member("name", step.name.value);
    json.member("status", to_string(settled ? step.status : StepStatus::pending));
    json.member("attempts", settled ? step.attempts : 0U);
    if (settled && step.reference) json.member("reference", *step.reference);
    if (settled && step.error) json.member("error", *step.error);
    if (step.parked) json.member("parked", true);
    write_time(json, "updated_at", step.updated_at);
    if (settled) write_reversals(json, step);
    json.end_object();
  }
  json.end_array();
}

void write_attributes(JsonWriter& json, const std::map<std::string, std::string>& attributes) {
  if (attributes.empty()) return;
  json.key("attributes");
  json.begin_object();
  for (const auto& [key, value] : attributes) json.member(key, value);
  json.end_object();
}

std::string_view text_of(flows::Durability durability) {
  switch (durability) {
    case flows::Durability::reserved: return "reserved";
    case flows::Durability::queued: return "queued";
  }
  HF_ASSERT(false);
}

void write_refund_lines(JsonWriter& json, const std::vector<RefundLine>& lines) {
  json.key("lines");
  json.begin_array();
  for (const RefundLine& line : lines) {
    json.begin_object();
    json.member("sku", line.sku.value);
    json.member("quantity", line.quantity.units);
    json.member("restock", line.restock);
    json.end_object();
  }
  json.end_array();
}

void write_refund_steps(JsonWriter& json, const std::vector<RefundStep>& steps) {
  json.key("steps");
  json.begin_array();
  for (const RefundStep& step : steps) {
    json.begin_object();
    json.member("name", step.name.value);
    write_reversal(json, step);
    json.end_object();
  }
  json.end_array();
}

/// The cause of a movement, also by the name its id has elsewhere.
void write_cause(JsonWriter& json, MovementKind kind, const std::string& cause_id) {
  json.member("kind", to_string(kind));
  json.member("cause_id", cause_id);
  switch (kind) {
    case MovementKind::order:
    case MovementKind::cancellation: json.member("order_id", cause_id); return;
    case MovementKind::refund: json.member("refund_id", cause_id); return;
    case MovementKind::adjustment: json.member("adjustment_id", cause_id); return;
    case MovementKind::set: return;
  }
  HF_ASSERT(false);
}

template <class T, class Write>
std::string view_of(const T& item, Write write) {
  std::string body;
  body.reserve(768);
  JsonWriter json(body);
  write(json, item);
  return body;
}

}  // namespace

void write_order(JsonWriter& json, const OrderAggregate& aggregate,
                 std::optional<flows::Durability> durability) {
  const Order& order = aggregate.order;
  json.begin_object();
  json.member("order_id", order.id.to_string());
  json.member("user_id", order.user_id.value);
  json.member("currency", order.currency.code);
  write_order_lines(json, order.lines);
  write_attributes(json, order.attributes);
  json.member("status", to_string(order.status));
  json.member("amount", order.amount.minor);
  json.member("refunded_amount", order.refunded_amount.minor);
  if (order.reason) json.member("reason", to_string(*order.reason));
  if (order.failed_step) json.member("failed_step", order.failed_step->value);
  if (durability) json.member("durability", text_of(*durability));
  write_steps(json, order);
  json.key("refunds");
  json.begin_array();
  for (const Refund& refund : aggregate.refunds) json.text(refund.id.to_string());
  json.end_array();
  write_time(json, "placed_at", order.placed_at);
  if (order.completed_at) write_time(json, "completed_at", *order.completed_at);
  json.member("plan", order.plan.value);
  json.member("plan_version", order.plan_version);
  json.end_object();
}

void write_refund(JsonWriter& json, const Refund& refund, RefundForm form) {
  json.begin_object();
  if (form == RefundForm::whole) json.member("refund_id", refund.id.to_string());
  json.member("order_id", refund.order_id.to_string());
  if (form == RefundForm::whole) json.member("status", to_string(refund.status));
  json.member("amount", refund.amount.minor);
  write_refund_lines(json, refund.lines);
  json.member("when_incomplete", to_string(refund.when_incomplete));
  if (refund.reason) json.member("reason", *refund.reason);
  json.member("checks", refund.checks);
  if (refund.next_check_at) write_time(json, "next_check_at", *refund.next_check_at);
  write_refund_steps(json, refund.steps);
  write_time(json, "requested_at", refund.requested_at);
  if (refund.refunded_at) write_time(json, "refunded_at", *refund.refunded_at);
  if (refund.error) json.member("error", *refund.error);
  json.end_object();
}

void write_stock(JsonWriter& json, const flows::StockView& stock) {
  json.begin_object();
  json.member("sku", stock.sku.value);
  json.member("loaded", stock.loaded);
  json.member("available", stock.available);
  json.member("reserved", stock.reserved);
  json.member("on_hand", stock.on_hand);
  json.member("sold", stock.sold);
  json.member("returned", stock.returned);
  if (stock.purchase_limit) json.member("purchase_limit", *stock.purchase_limit);
  json.end_object();
}

void write_journal_row(JsonWriter& json, const JournalRow& row) {
  json.begin_object();
  json.member("id", row.id);
  json.member("sku", row.movement.sku.value);
  json.member("delta", row.movement.delta);
  write_cause(json, row.movement.kind, row.movement.cause_id);
  write_time(json, "at", row.movement.at);
  json.end_object();
}

void write_points(JsonWriter& json, const PointsRow& points) {
  json.begin_object();
  json.member("user_id", points.user_id.value);
  json.member("balance", points.balance);
  json.key("movements");
  json.begin_array();
  for (const PointsMovement& movement : points.movements) {
    json.begin_object();
    json.member("delta", movement.delta);
    write_cause(json, movement.kind, movement.cause_id);
    write_time(json, "at", movement.at);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

void write_parked(JsonWriter& json, const ParkedMessage& message) {
  json.begin_object();
  json.member("id", message.id.to_string());
  json.member("queue", message.queue.value);
  json.member("reason", message.reason);
  if (message.order_id) json.member("order_id", message.order_id->to_string());
  if (message.refund_id) json.member("refund_id", message.refund_id->to_string());
  if (message.step) json.member("step", message.step->value);
  json.member("attempts", message.attempts);
  write_time(json, "first_at", message.first_at);
  write_time(json, "last_at", message.last_at);
  json.member("detail", message.detail);
  json.end_object();
}

void write_parked_group(JsonWriter& json, const ParkedGroup& group) {
  json.begin_object();
  json.member("queue", group.queue.value);
  json.member("reason", group.reason);
  json.member("count", group.count);
  write_time(json, "oldest_at", group.oldest_at);
  json.end_object();
}

void write_reconciliation(JsonWriter& json, const flows::ReconciliationReport& report) {
  json.begin_object();
  json.member("balanced", report.balanced);
  json.member("generation", report.generation);
  write_time(json, "at", report.at);
  json.key("skus");
  json.begin_array();
  for (const flows::SkuBalance& sku : report.skus) {
    json.begin_object();
    json.member("sku", sku.sku.value);
    json.member("loaded", sku.loaded);
    json.member("available", sku.available);
    json.member("reserved", sku.reserved);
    json.member("in_transit", sku.in_transit);
    json.member("sold", sku.sold);
    json.member("returned", sku.returned);
    json.member("on_hand", sku.on_hand);
    json.member("difference", sku.difference);
    json.member("balanced", sku.difference == 0);
    json.end_object();
  }
  json.end_array();
  json.key("in_flight");
  json.begin_object();
  json.member("outbox", report.in_flight.outbox);
  json.member("unsettled", report.in_flight.unsettled);
  json.member("queued_messages", report.in_flight.queued_messages);
  json.member("unreleased_refunds", report.in_flight.unreleased_refunds);
  json.member("pending_changes", report.in_flight.pending_changes);
  json.end_object();
  json.end_object();
}

std::string order_view(const OrderAggregate& aggregate,
                       std::optional<flows::Durability> durability) {
  return view_of(aggregate, [durability](JsonWriter& json, const OrderAggregate& shown) {
    write_order(json, shown, durability);
  });
}

std::string refund_view(const Refund& refund, RefundForm form) {
  return view_of(
      refund, [form](JsonWriter& json, const Refund& shown) { write_refund(json, shown, form); });
}

std::string stock_view(const flows::StockView& stock) {
  return view_of(stock, write_stock);
}

std::string points_view(const PointsRow& points) {
  return view_of(points, write_points);
}

std::string reconciliation_view(const flows::ReconciliationReport& report) {
  return view_of(report, write_reconciliation);
}

}  // namespace holdfast::http
