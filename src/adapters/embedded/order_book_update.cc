#include <unordered_set>

#include "adapters/embedded/order_book_jobs.h"
#include "adapters/embedded/order_book_movements.h"
#include "adapters/embedded/order_book_rows.h"
#include "adapters/embedded/order_book_sql.h"
#include "domain/defects.h"
#include "ports/order_book_rules.h"

namespace holdfast::embedded::book {
namespace {

/// In the order asked for, each order once.
std::vector<StandingOrder> load(Session& session, const std::vector<OrderRef>& refs) {
  std::vector<StandingOrder> all;
  std::unordered_set<OrderId> seen;
  for (const auto& ref : refs) {
    if (seen.contains(ref.order_id)) continue;
    auto order = read_first<Order>(session.query(sql::kFindOrder, ref.order_id), read_order);
    if (!order && !ref.journaled) continue;
    seen.insert(ref.order_id);
    StandingOrder standing;
    standing.in_book = order.has_value();
    if (order) {
      standing.aggregate.order = std::move(*order);
    } else {
      standing.aggregate.order = *ref.journaled;
    }
    if (!HF_DEFECT(refunds_not_locked)) {
      standing.aggregate.refunds = refunds_of(session, ref.order_id);
    }
    all.push_back(std::move(standing));
  }
  return all;
}

void write(Session& session, const OrderChanges& changes, const BookOptions& options) {
  for (const auto& order : changes.orders) update_order(session, order);
  for (const auto& refund : changes.refunds) write_refund(session, refund);
  StockMoves stock(session, options);
  for (const auto& movement : changes.stock) {
    stock.add(movement, cause_of(movement.kind, movement.cause_id), movement.at);
  }
  stock.apply();
  PointsMoves points(session, options.points_floor_zero);
  for (const auto& movement : changes.points) {
    points.add(movement, cause_of(movement.kind, movement.cause_id));
  }
  points.apply();
  record_events(session, changes.events);
  // What is parked anew stays, also where its subject's earlier trouble is over.
  for (const auto& subject : changes.unparked) session.run(sql::kRemoveParkedSubject, subject);
  record_parked(session, changes.parked);
  for (const auto& entry : changes.audit) record_audit(session, entry);
}

}  // namespace

std::vector<OrderAggregate> update(Session& session, const std::vector<OrderRef>& orders,
                                   const OrderDecision& decide, const BookOptions& options) {
  auto all = load(session, orders);
  const auto changes = decide_all(all, decide);
  write(session, changes, options);
  std::vector<OrderAggregate> aggregates;
  aggregates.reserve(all.size());
  for (auto& one : all) aggregates.push_back(std::move(one.aggregate));
  return aggregates;
}

}  // namespace holdfast::embedded::book
