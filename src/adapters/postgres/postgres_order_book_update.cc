#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "adapters/postgres/postgres_order_book.h"
#include "adapters/postgres/rows.h"
#include "adapters/postgres/session.h"
#include "codec/storable.h"
#include "ports/order_book_rules.h"

namespace holdfast {

namespace statements = postgres::statements;
using postgres::Column;
using postgres::Deadline;
using postgres::Parameters;

namespace {

/// Two orders that share a key only wait for one another.
std::int64_t lock_key(const OrderId& order_id) {
  const auto hash = std::hash<OrderId>{}(order_id);
  std::int64_t key = 0;
  static_assert(sizeof key == sizeof hash);
  std::memcpy(&key, &hash, sizeof key);
  return key;
}

Parameters sorted_lock_keys(const std::vector<OrderRef>& orders) {
  std::vector<std::int64_t> keys;
  keys.reserve(orders.size());
  for (const auto& order : orders) keys.push_back(lock_key(order.order_id));
  std::sort(keys.begin(), keys.end());
  Parameters parameters;
  parameters.add(postgres::column_of(keys));
  return parameters;
}

Parameters ids_of(const std::vector<OrderRef>& orders) {
  Column<OrderId> ids;
  for (const auto& order : orders) ids.push(order.order_id);
  Parameters parameters;
  parameters.add(ids);
  return parameters;
}

/// In the order asked for, each order once.
std::vector<StandingOrder> assemble(const std::vector<OrderRef>& refs, std::vector<Order> orders,
                                    std::vector<Refund> refunds) {
  std::unordered_map<OrderId, Order> in_book;
  for (auto& order : orders) in_book.emplace(order.id, std::move(order));
  std::unordered_map<OrderId, std::vector<Refund>> refunds_of;
  for (auto& refund : refunds) refunds_of[refund.order_id].push_back(std::move(refund));
  std::vector<StandingOrder> all;
  std::unordered_set<OrderId> seen;
  for (const auto& ref : refs) {
    const auto found = in_book.find(ref.order_id);
    if (found == in_book.end() && !ref.journaled) continue;
    if (!seen.insert(ref.order_id).second) continue;
    StandingOrder loaded;
    loaded.in_book = found != in_book.end();
    loaded.aggregate.order = loaded.in_book ? found->second : *ref.journaled;
    loaded.aggregate.refunds = refunds_of[ref.order_id];
    all.push_back(std::move(loaded));
  }
  return all;
}

Parameters order_parameters(const std::vector<Order>& orders) {
  Column<OrderId> order_id;
  Column<postgres::Json> lines;
  Column<std::int64_t> refunded_amount;
  Column<std::string> status;
  Column<std::string> reason;
  Column<StepName> failed_step;
  Column<postgres::Json> steps;
  Column<std::int64_t> points_earned;
  Column<Instant> completed_at;
  Column<Instant> next_check_at;
  Column<bool> stock_released;
  Column<RefundId> preempted_by;
  for (const auto& order : orders) {
    order_id.push(order.id);
    lines.push(postgres::json_of(order.lines));
    refunded_amount.push(order.refunded_amount.minor);
    status.push(postgres::text_of(order.status));
    reason.push(postgres::text_of(order.reason));
    failed_step.push(order.failed_step);
    steps.push(postgres::json_of(order.steps));
    points_earned.push(order.points_earned);
    completed_at.push(order.completed_at);
    next_check_at.push(order.next_check_at);
    stock_released.push(order.stock_released);
    preempted_by.push(order.preempted_by);
  }
  Parameters parameters;
  parameters.add(order_id).add(lines).add(refunded_amount).add(status).add(reason);
  parameters.add(failed_step).add(steps).add(points_earned).add(completed_at);
  parameters.add(next_check_at).add(stock_released).add(preempted_by);
  return parameters;
}

Parameters refund_parameters(const std::vector<Refund>& refunds) {
  Column<RefundId> refund_id;
  Column<OrderId> order_id;
  Column<postgres::Bytes> fingerprint;
  Column<std::string> status;
  Column<std::int64_t> amount;
  Column<postgres::Json> lines;
  Column<bool> whole;
  Column<std::string> when_incomplete;
  Column<std::string> reason;
  Column<std::string> error;
  Column<std::int64_t> checks;
  Column<Instant> next_check_at;
  Column<postgres::Json> steps;
  Column<bool> stock_released;
  Column<Instant> requested_at;
  Column<Instant> refunded_at;
  for (const auto& refund : refunds) {
    refund_id.push(refund.id);
    order_id.push(refund.order_id);
    fingerprint.push(postgres::fingerprint_bytes(refund.fingerprint));
    status.push(postgres::text_of(refund.status));
    amount.push(refund.amount.minor);
    lines.push(postgres::json_of(refund.lines));
    whole.push(refund.whole);
    when_incomplete.push(postgres::text_of(refund.when_incomplete));
    reason.push(refund.reason);
    if (refund.error) {
      error.push(codec::storable(*refund.error));
    } else {
      error.push_null();
    }
    checks.push(refund.checks);
    next_check_at.push(refund.next_check_at);
    steps.push(postgres::json_of(refund.steps));
    stock_released.push(refund.stock_released);
    requested_at.push(refund.requested_at);
    refunded_at.push(refund.refunded_at);
  }
  Parameters parameters;
  parameters.add(refund_id).add(order_id).add(fingerprint).add(status).add(amount).add(lines);
  parameters.add(whole).add(when_incomplete).add(reason).add(error).add(checks);
  parameters.add(next_check_at).add(steps).add(stock_released).add(requested_at).add(refunded_at);
  return parameters;
}

Parameters event_parameters(const std::vector<Event>& events) {
  Column<Uuid> id;
  Column<std::string> type;
  Column<std::string> body;
  Column<Instant> at;
  for (const auto& event : events) {
    id.push(event.id);
    type.push(event.type);
    body.push(codec::storable(event.body));
    at.push(event.at);
  }
  Parameters parameters;
  parameters.add(id).add(type).add(body).add(at);
  return parameters;
}

void add_points(postgres::Pipeline& pipeline, const std::vector<PointsMovement>& points,
                bool floor_zero) {
  if (points.empty()) return;
  const bool may_be_cut =
      floor_zero && std::any_of(points.begin(), points.end(),
                                [](const PointsMovement& movement) { return movement.delta < 0; });
  if (may_be_cut) {
    Column<UserId> users;
    for (const auto& movement : points) users.push(movement.user_id);
    Parameters parameters;
    parameters.add(users);
    pipeline.add(statements::lock_points, std::move(parameters));
  }
  auto parameters = postgres::points_parameters(points);
  parameters.add(may_be_cut);
  pipeline.add(statements::move_points, std::move(parameters));
}

/// What is parked anew stays, also where its subject's earlier trouble is over.
void add_parked(postgres::Pipeline& pipeline, const OrderChanges& changes) {
  if (!changes.unparked.empty()) {
    Parameters subjects;
    subjects.add(postgres::column_of(changes.unparked));
    pipeline.add(statements::remove_parked_subjects, std::move(subjects));
  }
  if (!changes.parked.empty()) {
    pipeline.add(statements::record_parked, postgres::parked_parameters(changes.parked));
  }
}

/// In the order of locks: refunds are under their orders' locks, then stock, then points.
postgres::Pipeline writing(const OrderChanges& changes, bool points_floor_zero) {
  postgres::Pipeline pipeline;
  if (!changes.orders.empty()) {
    pipeline.add(statements::update_orders, order_parameters(changes.orders));
  }
  if (!changes.refunds.empty()) {
    pipeline.add(statements::write_refunds, refund_parameters(changes.refunds));
  }
  if (!changes.stock.empty()) {
    pipeline.add(statements::move_stock, postgres::stock_parameters(changes.stock));
  }
  add_points(pipeline, changes.points, points_floor_zero);
  if (!changes.events.empty()) {
    pipeline.add(statements::write_events, event_parameters(changes.events));
  }
  add_parked(pipeline, changes);
  for (const auto& entry : changes.audit) {
    pipeline.add(statements::record_audit, postgres::audit_parameters(entry));
  }
  pipeline.add(statements::commit);
  pipeline.end_transaction(!changes.empty());
  return pipeline;
}

/// Two round trips: lock and load, decide, write and commit.
template <class Session>
boost::asio::awaitable<std::vector<OrderAggregate>> update_once(Session& session,
                                                                const std::vector<OrderRef>& orders,
                                                                const OrderDecision& decide,
                                                                Deadline deadline) {
  postgres::Pipeline loading;
  loading.add(statements::begin);
  // The row's lock alone would not do: an order that is not in the book yet has no row.
  loading.add(statements::lock_order_ids, sorted_lock_keys(orders));
  loading.add(statements::lock_orders, ids_of(orders));
  loading.add(statements::refunds_of_orders, ids_of(orders));
  loading.end_transaction(false);

  auto lease = co_await session.acquire(deadline);
  const auto loaded = co_await lease->run(loading, deadline);
  auto all = assemble(orders, postgres::read_all<Order>(loaded[2], postgres::read_order),
                      postgres::read_all<Refund>(loaded[3], postgres::read_refund));
  const auto pipeline = writing(decide_all(all, decide), session.points_floor_zero());
  co_await lease->run(pipeline, deadline);

  std::vector<OrderAggregate> aggregates;
  aggregates.reserve(all.size());
  for (auto& one : all) aggregates.push_back(std::move(one.aggregate));
  co_return aggregates;
}

}  // namespace

PostgresOrderBook::Answer<std::vector<OrderAggregate>> PostgresOrderBook::update(
    std::vector<OrderRef> orders, OrderDecision decide) {
  return Session::perform<std::vector<OrderAggregate>>(
      session_, [orders = std::move(orders), decide = std::move(decide)](Session& session,
                                                                         Deadline deadline) {
        return update_once(session, orders, decide, deadline);
      });
}

}  // namespace holdfast
