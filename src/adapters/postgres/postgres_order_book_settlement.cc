#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "adapters/postgres/postgres_order_book.h"
#include "adapters/postgres/rows.h"
#include "adapters/postgres/session.h"
#include "domain/assert.h"

namespace holdfast {

namespace statements = postgres::statements;
using postgres::Column;
using postgres::Deadline;
using postgres::Parameters;

namespace {

using Batch = std::vector<Settlement>;

/// The batch without settlements of one reservation given twice.
std::vector<const Settlement*> distinct_reservations(const Batch& batch) {
  std::vector<const Settlement*> distinct;
  std::unordered_set<ReservationId> seen;
  for (const auto& settlement : batch) {
    if (seen.insert(settlement.order.reservation_id).second) distinct.push_back(&settlement);
  }
  return distinct;
}

void add_orders(Parameters& parameters, const std::vector<const Settlement*>& batch) {
  Column<OrderId> order_id;
  Column<ReservationId> reservation_id;
  Column<std::string> generation;
  Column<postgres::Bytes> fingerprint;
  Column<UserId> user_id;
  Column<std::string> currency;
  Column<postgres::Json> lines;
  Column<PlanName> plan;
  Column<std::string> plan_version;
  Column<postgres::Json> attributes;
  Column<std::int64_t> amount;
  Column<std::int64_t> refunded_amount;
  Column<std::string> status;
  Column<std::string> reason;
  Column<StepName> failed_step;
  Column<postgres::Json> steps;
  Column<std::int64_t> points_earned;
  Column<Instant> placed_at;
  Column<Instant> completed_at;
  Column<Instant> next_check_at;
  Column<bool> stock_released;
  Column<RefundId> preempted_by;
  for (const auto* settlement : batch) {
    const auto& order = settlement->order;
    order_id.push(order.id);
    reservation_id.push(order.reservation_id);
    generation.push(settlement->generation);
    fingerprint.push(postgres::fingerprint_bytes(order.fingerprint));
    user_id.push(order.user_id);
    currency.push(order.currency.code);
    lines.push(postgres::json_of(order.lines));
    plan.push(order.plan);
    plan_version.push(order.plan_version);
    if (order.attributes.empty()) {
      attributes.push_null();
    } else {
      attributes.push(postgres::json_of(order.attributes));
    }
    amount.push(order.amount.minor);
    refunded_amount.push(order.refunded_amount.minor);
    status.push(postgres::text_of(order.status));
    reason.push(postgres::text_of(order.reason));
    failed_step.push(order.failed_step);
    steps.push(postgres::json_of(order.steps));
    points_earned.push(order.points_earned);
    placed_at.push(order.placed_at);
    completed_at.push(order.completed_at);
    next_check_at.push(order.next_check_at);
    stock_released.push(order.stock_released);
    preempted_by.push(order.preempted_by);
  }
  parameters.add(order_id).add(reservation_id).add(generation).add(fingerprint).add(user_id);
  parameters.add(currency).add(lines).add(plan).add(plan_version).add(attributes).add(amount);
  parameters.add(refunded_amount).add(status).add(reason).add(failed_step).add(steps);
  parameters.add(points_earned).add(placed_at).add(completed_at).add(next_check_at);
  parameters.add(stock_released).add(preempted_by);
}

void add_stock(Parameters& parameters, const std::vector<const Settlement*>& batch) {
  Column<ReservationId> reservation_id;
  Column<Sku> sku;
  Column<std::int64_t> delta;
  Column<std::int64_t> sold;
  Column<std::int64_t> returned;
  Column<std::string> kind;
  Column<Instant> at;
  for (const auto* settlement : batch) {
    for (const auto& movement : settlement->stock) {
      HF_ASSERT(movement.loaded == 0);  // orders sell and return; only the shop loads
      reservation_id.push(settlement->order.reservation_id);
      sku.push(movement.sku);
      delta.push(movement.delta);
      sold.push(movement.sold);
      returned.push(movement.returned);
      kind.push(postgres::text_of(movement.kind));
      at.push(movement.at);
    }
  }
  parameters.add(reservation_id).add(sku).add(delta).add(sold).add(returned).add(kind).add(at);
}

void add_points(Parameters& parameters, const std::vector<const Settlement*>& batch) {
  Column<ReservationId> reservation_id;
  Column<UserId> user_id;
  Column<std::int64_t> delta;
  Column<std::string> kind;
  Column<Instant> at;
  for (const auto* settlement : batch) {
    for (const auto& movement : settlement->points) {
      reservation_id.push(settlement->order.reservation_id);
      user_id.push(movement.user_id);
      delta.push(movement.delta);
      kind.push(postgres::text_of(movement.kind));
      at.push(movement.at);
    }
  }
  parameters.add(reservation_id).add(user_id).add(delta).add(kind).add(at);
}

struct OutboxMark {
  std::int64_t ms = 0;
  std::int64_t seq = 0;
};

OutboxMark parse_outbox_id(std::string_view id) {
  OutboxMark mark;
  const auto dash = id.find('-');
  if (dash == std::string_view::npos) return mark;
  std::from_chars(id.data(), id.data() + dash, mark.ms);
  std::from_chars(id.data() + dash + 1, id.data() + id.size(), mark.seq);
  return mark;
}

void add_high_water(Parameters& parameters, const std::vector<const Settlement*>& batch) {
  std::map<std::string, std::string> highest;
  for (const auto* settlement : batch) {
    if (settlement->outbox_id.empty()) continue;
    auto& id = highest[settlement->generation];
    if (outbox_id_less(id, settlement->outbox_id)) id = settlement->outbox_id;
  }
  Column<std::string> generation;
  Column<std::int64_t> ms;
  Column<std::int64_t> seq;
  for (const auto& [name, id] : highest) {
    const auto mark = parse_outbox_id(id);
    generation.push(name);
    ms.push(mark.ms);
    seq.push(mark.seq);
  }
  parameters.add(generation).add(ms).add(seq);
  parameters.add(std::int64_t{postgres::limits::kHighWaterSlots});
}

/// Why a reservation was not inserted.
struct NotInserted {
  bool current_generation = false;
  std::optional<ReservationId> standing;       ///< the reservation its order stands under, if known
  OrderStatus status = OrderStatus::accepted;  ///< of that order
};
using NotInsertedById = std::unordered_map<ReservationId, NotInserted>;

NotInsertedById read_not_inserted(const postgres::Result& result) {
  NotInsertedById not_inserted;
  for (int i = 0; i < result.rows(); ++i) {
    postgres::RowReader row(result, i);
    const auto id = row.get<ReservationId>();
    NotInserted why;
    why.current_generation = row.get<bool>();
    why.standing = row.get<std::optional<ReservationId>>();
    if (why.standing) why.status = postgres::read_order_status(row);
    not_inserted.emplace(id, why);
  }
  return not_inserted;
}

/// Orders that somebody else, or another reservation of this batch, inserted while it ran: their
/// rows were not there to be seen.
std::vector<OrderId> orders_to_look_up(const Batch& batch, const NotInsertedById& not_inserted) {
  std::vector<OrderId> orders;
  for (const auto& settlement : batch) {
    const auto found = not_inserted.find(settlement.order.reservation_id);
    if (found == not_inserted.end() || found->second.standing) continue;
    orders.push_back(settlement.order.id);
  }
  return orders;
}

/// The batch is in the book already; only its report failed.
postgres::Failure after_commit(const postgres::Failure& failure) {
  return postgres::Failure(
      PortError{failure.error().kind, Effect::happened, failure.error().detail});
}

SettleOutcome outcome_of(const Settlement& settlement, const NotInserted& why) {
  if (!why.standing) {
    if (!why.current_generation) return SettleOutcome::stale_generation;
    // It was in the way a moment ago: somebody deletes orders by hand.
    throw after_commit(postgres::rejected("an order vanished from the book"));
  }
  return *why.standing == settlement.order.reservation_id ? SettleOutcome::already_settled
                                                          : SettleOutcome::other_reservation;
}

SettleResult report(const Batch& batch, const NotInsertedById& not_inserted) {
  SettleResult result;
  std::unordered_set<ReservationId> reported;
  for (const auto& settlement : batch) {
    SettleReport entry;
    entry.order_id = settlement.order.id;
    const auto found = not_inserted.find(settlement.order.reservation_id);
    if (found != not_inserted.end()) {
      entry.outcome = outcome_of(settlement, found->second);
      entry.standing = found->second.status;
    } else if (!reported.insert(settlement.order.reservation_id).second) {
      entry.outcome = SettleOutcome::already_settled;  // given twice in this batch
      entry.standing = settlement.order.status;
    }
    result.reports.push_back(entry);
  }
  return result;
}

std::vector<WaitingRefund> read_waiting(const postgres::Result& result) {
  return postgres::read_all<WaitingRefund>(result, [](postgres::RowReader& row) {
    WaitingRefund waiting;
    waiting.order_id = row.get<OrderId>();
    waiting.refund_id = row.get<RefundId>();
    return waiting;
  });
}

std::vector<OrderId> ids_of(const Batch& batch) {
  std::vector<OrderId> ids;
  ids.reserve(batch.size());
  for (const auto& settlement : batch) ids.push_back(settlement.order.id);
  return ids;
}

boost::asio::awaitable<void> look_up(postgres::Connection& connection,
                                     const std::vector<OrderId>& orders, const Batch& batch,
                                     NotInsertedById& not_inserted, Deadline deadline) {
  Parameters parameters;
  parameters.add(postgres::column_of(orders));
  postgres::Pipeline pipeline;
  pipeline.add(statements::reservations_of, std::move(parameters));
  pipeline.end_transaction(false);
  std::optional<postgres::Failure> failure;
  postgres::Results results;
  try {
    results = co_await connection.run(pipeline, deadline);
  } catch (const postgres::Failure& thrown) {
    failure = after_commit(thrown);
  }
  if (failure) throw *failure;
  std::unordered_map<OrderId, std::pair<ReservationId, OrderStatus>> standing;
  for (int i = 0; i < results[0].rows(); ++i) {
    postgres::RowReader row(results[0], i);
    const auto id = row.get<OrderId>();
    const auto reservation_id = row.get<ReservationId>();
    standing.emplace(id, std::pair(reservation_id, postgres::read_order_status(row)));
  }
  for (const auto& settlement : batch) {
    const auto found = not_inserted.find(settlement.order.reservation_id);
    const auto stands = standing.find(settlement.order.id);
    if (found == not_inserted.end() || stands == standing.end()) continue;
    found->second.standing = stands->second.first;
    found->second.status = stands->second.second;
  }
}

/// One round trip, two when the batch met orders that were being written by another settlement.
template <class Session>
boost::asio::awaitable<SettleResult> settle_once(Session& session, const Batch& batch,
                                                 Deadline deadline) {
  const auto distinct = distinct_reservations(batch);
  Parameters parameters;
  add_orders(parameters, distinct);
  add_stock(parameters, distinct);
  add_points(parameters, distinct);
  add_high_water(parameters, distinct);
  Parameters ids;
  ids.add(postgres::column_of(ids_of(batch)));

  postgres::Pipeline pipeline;
  pipeline.add(statements::settle, std::move(parameters));
  pipeline.end_transaction(true);
  // Only now can a refund that was inserted before the orders appeared be seen for certain.
  pipeline.add(statements::waiting_refunds, std::move(ids));
  pipeline.end_transaction(false);

  auto lease = co_await session.acquire(deadline);
  const auto results = co_await lease->run(pipeline, deadline);
  auto not_inserted = read_not_inserted(results[0]);
  const auto unclear = orders_to_look_up(batch, not_inserted);
  if (!unclear.empty()) {
    co_await look_up(*lease.operator->(), unclear, batch, not_inserted, deadline);
  }
  auto result = report(batch, not_inserted);
  result.waiting = read_waiting(results[1]);
  co_return result;
}

}  // namespace

PostgresOrderBook::Answer<SettleResult> PostgresOrderBook::settle(SettlementBatch batch) {
  return Session::perform<SettleResult>(
      session_, [batch = std::move(batch)](Session& session, Deadline deadline) {
        return settle_once(session, *batch, deadline);
      });
}

}  // namespace holdfast
