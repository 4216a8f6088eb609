#include "adapters/embedded/order_book_rows.h"

#include <string_view>

#include "adapters/embedded/order_book_sql.h"
#include "codec/hex.h"
#include "codec/storable.h"
#include "codec/stored_json.h"

namespace holdfast::embedded::book {
namespace {

using sqlite::Bytes;
using sqlite::Failure;
using sqlite::Rows;

template <class T, class Parse>
T read_word(Rows& row, Parse parse) {
  const auto text = row.take<std::string>();
  auto parsed = parse(text);
  if (!parsed) sqlite::reject("the book holds an unknown word: " + text);
  return *parsed;
}

template <class T, class Parse>
std::optional<T> read_optional_word(Rows& row, Parse parse) {
  const auto text = row.take<std::optional<std::string>>();
  if (!text) return std::nullopt;
  auto parsed = parse(*text);
  if (!parsed) sqlite::reject("the book holds an unknown word: " + *text);
  return parsed;
}

template <class T>
T decoded(std::string_view text, codec::Decoded<T> (*read)(const boost::json::value&)) {
  auto result = codec::from_stored_json(text, read);
  if (!result) {
    sqlite::reject("the book holds JSON that cannot be read: " + result.error().detail);
  }
  return std::move(*result);
}

StockChange::State read_state(Rows& row) {
  const auto text = row.take<std::string>();
  if (text == "pending") return StockChange::State::pending;
  if (text == "applied") return StockChange::State::applied;
  if (text == "refused") return StockChange::State::refused;
  sqlite::reject("the book holds an unknown word: " + text);
}

Bytes fingerprint_bytes(const std::string& fingerprint) {
  auto bytes = codec::from_hex(fingerprint);
  if (!bytes) {
    throw Failure{PortErrorKind::constraint, "a fingerprint is not in lower-case hex digits"};
  }
  return Bytes{std::move(*bytes)};
}

std::optional<std::string_view> word(const std::optional<CancelReason>& reason) {
  return reason ? std::optional(to_string(*reason)) : std::nullopt;
}

std::optional<std::string> stored_attributes(const Order& order) {
  if (order.attributes.empty()) return std::nullopt;
  return codec::stored_json(order.attributes);
}

std::optional<std::string> stored_error(const Refund& refund) {
  return refund.error ? std::optional(codec::storable(*refund.error)) : std::nullopt;
}

}  // namespace

Cause cause_of(MovementKind kind, const std::string& cause_id) {
  switch (kind) {
    case MovementKind::order:
    case MovementKind::refund:
    case MovementKind::cancellation:
      if (const auto uuid = parse_uuid(cause_id)) return Cause{uuid, {}};
      break;
    case MovementKind::adjustment:
    case MovementKind::set: break;
  }
  return Cause{std::nullopt, cause_id};
}

OrderStatus read_order_status(Rows& row) {
  return read_word<OrderStatus>(row, parse_order_status);
}

MovementKind read_movement_kind(Rows& row) {
  return read_word<MovementKind>(row, parse_movement_kind);
}

std::string read_cause(Rows& row) {
  auto cause = row.take<Cause>();
  return cause.id ? cause.id->to_string() : std::move(cause.name);
}

std::vector<OrderLine> read_lines(Rows& row) {
  return decoded(row.take<std::string>(), codec::lines_from_json);
}

std::vector<RefundLine> read_refund_lines(Rows& row) {
  return decoded(row.take<std::string>(), codec::refund_lines_from_json);
}

std::string read_fingerprint(Rows& row) {
  return codec::to_hex(row.take<Bytes>().value);
}

Order read_order(Rows& row) {
  Order order;
  order.id = row.take<OrderId>();
  order.reservation_id = row.take<ReservationId>();
  order.fingerprint = read_fingerprint(row);
  order.user_id = row.take<UserId>();
  order.currency = Currency{row.take<std::string>()};
  order.lines = read_lines(row);
  order.plan = row.take<PlanName>();
  order.plan_version = row.take<std::string>();
  if (const auto attributes = row.take<std::optional<std::string>>()) {
    order.attributes = decoded(*attributes, codec::attributes_from_json);
  }
  order.amount = row.take<Money>();
  order.refunded_amount = row.take<Money>();
  order.status = read_order_status(row);
  order.reason = read_optional_word<CancelReason>(row, parse_cancel_reason);
  order.failed_step = row.take<std::optional<StepName>>();
  order.steps = decoded(row.take<std::string>(), codec::steps_from_json);
  order.points_earned = row.take<std::int64_t>();
  order.placed_at = row.take<Instant>();
  order.completed_at = row.take<std::optional<Instant>>();
  order.next_check_at = row.take<std::optional<Instant>>();
  order.stock_released = row.take<bool>();
  order.preempted_by = row.take<std::optional<RefundId>>();
  return order;
}

Refund read_refund(Rows& row) {
  Refund refund;
  refund.id = row.take<RefundId>();
  refund.order_id = row.take<OrderId>();
  refund.fingerprint = read_fingerprint(row);
  refund.status = read_word<RefundStatus>(row, parse_refund_status);
  refund.amount = row.take<Money>();
  refund.lines = read_refund_lines(row);
  refund.whole = row.take<bool>();
  refund.when_incomplete = read_word<WhenIncomplete>(row, parse_when_incomplete);
  refund.reason = row.take<std::optional<std::string>>();
  refund.error = row.take<std::optional<std::string>>();
  refund.checks = row.take<std::uint32_t>();
  refund.next_check_at = row.take<std::optional<Instant>>();
  refund.steps = decoded(row.take<std::string>(), codec::refund_steps_from_json);
  refund.stock_released = row.take<bool>();
  refund.requested_at = row.take<Instant>();
  refund.refunded_at = row.take<std::optional<Instant>>();
  return refund;
}

StockRow read_stock(Rows& row) {
  StockRow stock;
  stock.sku = row.take<Sku>();
  stock.loaded = row.take<std::int64_t>();
  stock.sold = row.take<std::int64_t>();
  stock.returned = row.take<std::int64_t>();
  stock.purchase_limit = row.take<std::optional<std::int64_t>>();
  stock.limit_version = row.take<std::int64_t>();
  return stock;
}

StockChange read_stock_change(Rows& row) {
  StockChange change;
  change.change_id = row.take<ChangeId>();
  change.kind = read_movement_kind(row);
  change.sku = row.take<Sku>();
  change.delta = row.take<std::int64_t>();
  change.reason = row.take<std::optional<std::string>>();
  change.state = read_state(row);
  change.at = row.take<Instant>();
  return change;
}

ParkedMessage read_parked(Rows& row) {
  ParkedMessage message;
  message.id = row.take<Uuid>();
  message.queue = row.take<QueueName>();
  message.reason = row.take<std::string>();
  message.subject = row.take<std::string>();
  message.order_id = row.take<std::optional<OrderId>>();
  message.refund_id = row.take<std::optional<RefundId>>();
  message.step = row.take<std::optional<StepName>>();
  message.attempts = row.take<std::uint32_t>();
  message.first_at = row.take<Instant>();
  message.last_at = row.take<Instant>();
  message.detail = row.take<std::string>();
  message.body = row.take<Bytes>().value;
  return message;
}

Plan read_plan(Rows& row) {
  Plan plan;
  plan.name = row.take<PlanName>();
  plan.version = row.take<std::string>();
  plan.steps = decoded(row.take<std::string>(), codec::plan_steps_from_json);
  return plan;
}

bool insert_order(sqlite::Session& session, const Order& order) {
  const auto inserted = session.run(
      sql::kInsertOrder, order.id, order.reservation_id, fingerprint_bytes(order.fingerprint),
      order.user_id, order.currency.code, codec::stored_json(order.lines), order.plan,
      order.plan_version, stored_attributes(order), order.amount, order.refunded_amount,
      to_string(order.status), word(order.reason), order.failed_step,
      codec::stored_json(order.steps), order.points_earned, order.placed_at, order.completed_at,
      order.next_check_at, order.stock_released, order.preempted_by);
  return inserted > 0;
}

void update_order(sqlite::Session& session, const Order& order) {
  session.run(sql::kUpdateOrder, order.id, codec::stored_json(order.lines), order.refunded_amount,
              to_string(order.status), word(order.reason), order.failed_step,
              codec::stored_json(order.steps), order.points_earned, order.completed_at,
              order.next_check_at, order.stock_released, order.preempted_by);
}

void write_refund(sqlite::Session& session, const Refund& refund) {
  const auto written = session.run(
      sql::kWriteRefund, refund.id, refund.order_id, fingerprint_bytes(refund.fingerprint),
      to_string(refund.status), refund.amount, codec::stored_json(refund.lines), refund.whole,
      to_string(refund.when_incomplete), refund.reason, stored_error(refund), refund.checks,
      refund.next_check_at, codec::stored_json(refund.steps), refund.stock_released,
      refund.requested_at, refund.refunded_at);
  if (written == 0) {
    throw Failure{PortErrorKind::constraint, "a refund's id belongs to another order"};
  }
}

}  // namespace holdfast::embedded::book
