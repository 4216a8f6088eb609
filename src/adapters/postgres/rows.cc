#include "adapters/postgres/rows.h"

#include <unordered_map>

#include "adapters/postgres/failure.h"
#include "codec/hex.h"
#include "codec/storable.h"
#include "codec/stored_json.h"
#include "domain/assert.h"
#include "ports/order_book_rules.h"

namespace holdfast::postgres {
namespace {

template <class T>
T known(std::optional<T> parsed, const std::string& text) {
  if (!parsed) throw rejected("the book holds an unknown word: " + text);
  return std::move(*parsed);
}

template <class T, class Parse>
T read_word(RowReader& row, Parse parse) {
  const auto text = row.get<std::string>();
  return known<T>(parse(text), text);
}

template <class T, class Parse>
std::optional<T> read_optional_word(RowReader& row, Parse parse) {
  const auto text = row.get<std::optional<std::string>>();
  return text ? std::optional<T>(known<T>(parse(*text), *text)) : std::nullopt;
}

template <class T>
T decoded(const Json& json, codec::Decoded<T> (*read)(const boost::json::value&)) {
  auto result = codec::from_stored_json(json.text, read);
  if (!result) throw rejected("the book holds JSON that cannot be read: " + result.error().detail);
  return std::move(*result);
}

StockChange::State read_state(RowReader& row) {
  const auto text = row.get<std::string>();
  if (text == "pending") return StockChange::State::pending;
  if (text == "applied") return StockChange::State::applied;
  if (text == "refused") return StockChange::State::refused;
  throw rejected("the book holds an unknown word: " + text);
}

}  // namespace

OrderStatus read_order_status(RowReader& row) {
  return read_word<OrderStatus>(row, parse_order_status);
}

Order read_order(RowReader& row) {
  Order order;
  order.id = row.get<OrderId>();
  order.reservation_id = row.get<ReservationId>();
  order.fingerprint = fingerprint_text(row.get<Bytes>());
  order.user_id = row.get<UserId>();
  order.currency = Currency{row.get<std::string>()};
  order.lines = decoded(row.get<Json>(), codec::lines_from_json);
  order.plan = row.get<PlanName>();
  order.plan_version = row.get<std::string>();
  if (const auto attributes = row.get<std::optional<Json>>()) {
    order.attributes = decoded(*attributes, codec::attributes_from_json);
  }
  order.amount = row.get<Money>();
  order.refunded_amount = row.get<Money>();
  order.status = read_order_status(row);
  order.reason = read_optional_word<CancelReason>(row, parse_cancel_reason);
  order.failed_step = row.get<std::optional<StepName>>();
  order.steps = decoded(row.get<Json>(), codec::steps_from_json);
  order.points_earned = row.get<std::int64_t>();
  order.placed_at = row.get<Instant>();
  order.completed_at = row.get<std::optional<Instant>>();
  order.next_check_at = row.get<std::optional<Instant>>();
  order.stock_released = row.get<bool>();
  order.preempted_by = row.get<std::optional<RefundId>>();
  return order;
}

Refund read_refund(RowReader& row) {
  Refund refund;
  refund.id = row.get<RefundId>();
  refund.order_id = row.get<OrderId>();
  refund.fingerprint = fingerprint_text(row.get<Bytes>());
  refund.status = read_word<RefundStatus>(row, parse_refund_status);
  refund.amount = row.get<Money>();
  refund.lines = decoded(row.get<Json>(), codec::refund_lines_from_json);
  refund.whole = row.get<bool>();
  refund.when_incomplete = read_word<WhenIncomplete>(row, parse_when_incomplete);
  refund.reason = row.get<std::optional<std::string>>();
  refund.error = row.get<std::optional<std::string>>();
  refund.checks = static_cast<std::uint32_t>(row.get<std::int64_t>());
  refund.next_check_at = row.get<std::optional<Instant>>();
  refund.steps = decoded(row.get<Json>(), codec::refund_steps_from_json);
  refund.stock_released = row.get<bool>();
  refund.requested_at = row.get<Instant>();
  refund.refunded_at = row.get<std::optional<Instant>>();
  return refund;
}

StockRow read_stock(RowReader& row) {
  StockRow stock;
  stock.sku = row.get<Sku>();
  stock.loaded = row.get<std::int64_t>();
  stock.sold = row.get<std::int64_t>();
  stock.returned = row.get<std::int64_t>();
  stock.purchase_limit = row.get<std::optional<std::int64_t>>();
  stock.limit_version = row.get<std::int64_t>();
  return stock;
}

std::vector<StockRow> read_stock_rows(const Result& result) {
  return read_all<StockRow>(result, read_stock);
}

StockChange read_stock_change(RowReader& row) {
  StockChange change;
  change.change_id = row.get<ChangeId>();
  change.kind = read_movement_kind(row);
  change.sku = row.get<Sku>();
  change.delta = row.get<std::int64_t>();
  change.reason = row.get<std::optional<std::string>>();
  change.state = read_state(row);
  change.at = row.get<Instant>();
  return change;
}

ParkedMessage read_parked(RowReader& row) {
  ParkedMessage message;
  message.id = row.get<Uuid>();
  message.queue = row.get<QueueName>();
  message.reason = row.get<std::string>();
  message.subject = row.get<std::string>();
  message.order_id = row.get<std::optional<OrderId>>();
  message.refund_id = row.get<std::optional<RefundId>>();
  message.step = row.get<std::optional<StepName>>();
  message.attempts = static_cast<std::uint32_t>(row.get<std::int64_t>());
  message.first_at = row.get<Instant>();
  message.last_at = row.get<Instant>();
  message.detail = row.get<std::string>();
  message.body = row.get<Bytes>().value;
  return message;
}

Plan read_plan(RowReader& row) {
  Plan plan;
  plan.name = row.get<PlanName>();
  plan.version = row.get<std::string>();
  plan.steps = decoded(row.get<Json>(), codec::plan_steps_from_json);
  return plan;
}

std::vector<OrderAggregate> join_refunds(std::vector<Order> orders, std::vector<Refund> refunds) {
  std::vector<OrderAggregate> aggregates;
  std::unordered_map<OrderId, std::size_t> place;
  aggregates.reserve(orders.size());
  for (auto& order : orders) {
    place.emplace(order.id, aggregates.size());
    aggregates.push_back(OrderAggregate{std::move(order), {}});
  }
  for (auto& refund : refunds) {
    const auto found = place.find(refund.order_id);
    if (found != place.end()) aggregates[found->second].refunds.push_back(std::move(refund));
  }
  return aggregates;
}

Bytes fingerprint_bytes(const std::string& fingerprint) {
  auto bytes = codec::from_hex(fingerprint);
  if (!bytes) throw refused_data("a fingerprint is not in lower-case hex digits");
  return Bytes{std::move(*bytes)};
}

std::string fingerprint_text(const Bytes& bytes) {
  return codec::to_hex(bytes.value);
}

Cause cause_of(MovementKind kind, const std::string& cause_id) {
  switch (kind) {
    case MovementKind::order:
    case MovementKind::refund:
    case MovementKind::cancellation:
      if (const auto uuid = parse_uuid(cause_id)) return Cause{uuid, std::nullopt};
      break;
    case MovementKind::adjustment:
    case MovementKind::set: break;
  }
  return Cause{std::nullopt, cause_id};
}

std::string read_cause(RowReader& row) {
  const auto id = row.get<std::optional<Uuid>>();
  const auto name = row.get<std::optional<std::string>>();
  return id ? id->to_string() : name.value_or("");
}

MovementKind read_movement_kind(RowReader& row) {
  return read_word<MovementKind>(row, parse_movement_kind);
}

Parameters stock_parameters(const std::vector<StockMovement>& movements) {
  Column<Sku> sku;
  Column<std::int64_t> delta;
  Column<std::int64_t> loaded;
  Column<std::int64_t> sold;
  Column<std::int64_t> returned;
  Column<std::string> kind;
  Column<Uuid> cause_id;
  Column<std::string> cause_name;
  Column<Instant> at;
  for (const auto& movement : movements) {
    const auto cause = cause_of(movement.kind, movement.cause_id);
    sku.push(movement.sku);
    delta.push(movement.delta);
    loaded.push(movement.loaded);
    sold.push(movement.sold);
    returned.push(movement.returned);
    kind.push(text_of(movement.kind));
    cause_id.push(cause.id);
    cause_name.push(cause.name);
    at.push(movement.at);
  }
  Parameters parameters;
  parameters.add(sku).add(delta).add(loaded).add(sold).add(returned).add(kind).add(cause_id);
  parameters.add(cause_name).add(at);
  return parameters;
}

Parameters points_parameters(const std::vector<PointsMovement>& movements) {
  Column<UserId> user_id;
  Column<std::int64_t> delta;
  Column<std::string> kind;
  Column<Uuid> cause_id;
  Column<std::string> cause_name;
  Column<Instant> at;
  for (const auto& movement : movements) {
    const auto cause = cause_of(movement.kind, movement.cause_id);
    user_id.push(movement.user_id);
    delta.push(movement.delta);
    kind.push(text_of(movement.kind));
    cause_id.push(cause.id);
    cause_name.push(cause.name);
    at.push(movement.at);
  }
  Parameters parameters;
  parameters.add(user_id).add(delta).add(kind).add(cause_id).add(cause_name).add(at);
  return parameters;
}

Parameters audit_parameters(const AuditEntry& entry) {
  Parameters parameters;
  parameters.add(entry.actor).add(entry.action).add(entry.detail).add(entry.at);
  return parameters;
}

Parameters parked_parameters(const std::vector<ParkedMessage>& messages) {
  Column<Uuid> id;
  Column<QueueName> queue;
  Column<std::string> reason;
  Column<std::string> subject;
  Column<OrderId> order_id;
  Column<RefundId> refund_id;
  Column<StepName> step;
  Column<std::int64_t> attempts;
  Column<Instant> first_at;
  Column<Instant> last_at;
  Column<std::string> detail;
  Column<Bytes> body;
  for (const auto& message : one_per_subject(messages)) {
    id.push(message.id);
    queue.push(message.queue);
    reason.push(message.reason);
    subject.push(message.subject);
    order_id.push(message.order_id);
    refund_id.push(message.refund_id);
    step.push(message.step);
    attempts.push(message.attempts);
    first_at.push(message.first_at);
    last_at.push(message.last_at);
    detail.push(codec::storable(message.detail));
    body.push(Bytes{message.body});
  }
  Parameters parameters;
  parameters.add(id).add(queue).add(reason).add(subject).add(order_id).add(refund_id).add(step);
  parameters.add(attempts).add(first_at).add(last_at).add(detail).add(body);
  return parameters;
}

}  // namespace holdfast::postgres
