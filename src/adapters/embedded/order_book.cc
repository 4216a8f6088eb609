#include "adapters/embedded/order_book.h"

#include <utility>

#include "adapters/embedded/order_book_jobs.h"
#include "adapters/embedded/order_book_leadership.h"

namespace holdfast::embedded {

using sqlite::Session;

EmbeddedOrderBook::EmbeddedOrderBook(sqlite::Database& database, Clock& clock, BookOptions options)
    : database_(database),
      clock_(clock),
      options_(std::make_shared<const BookOptions>(std::move(options))),
      leadership_(database.shared<Leadership>()) {}

EmbeddedOrderBook::~EmbeddedOrderBook() {
  leadership_->leave(this);
}

EmbeddedOrderBook::Answer<SettleResult> EmbeddedOrderBook::settle(SettlementBatch batch) {
  return database_.perform<SettleResult>(
      [options = options_, batch = std::move(batch)](Session& session) {
        return book::settle(session, *batch, *options);
      });
}

EmbeddedOrderBook::Answer<std::vector<OrderAggregate>> EmbeddedOrderBook::update(
    std::vector<OrderRef> orders, OrderDecision decide) {
  return database_.perform<std::vector<OrderAggregate>>(
      [options = options_, orders = std::move(orders), decide = std::move(decide)](
          Session& session) { return book::update(session, orders, decide, *options); });
}

EmbeddedOrderBook::Answer<std::optional<OrderAggregate>> EmbeddedOrderBook::find_order(
    OrderId order_id) {
  return database_.perform<std::optional<OrderAggregate>>(
      [order_id](Session& session) { return book::find_order(session, order_id); });
}

EmbeddedOrderBook::Answer<std::vector<OrderId>> EmbeddedOrderBook::known_orders(
    std::vector<OrderId> order_ids) {
  return database_.perform<std::vector<OrderId>>(
      [order_ids = std::move(order_ids)](Session& session) {
        return book::known_orders(session, order_ids);
      });
}

EmbeddedOrderBook::Answer<std::vector<OrderId>> EmbeddedOrderBook::parked_orders(
    std::vector<OrderId> order_ids) {
  return database_.perform<std::vector<OrderId>>(
      [order_ids = std::move(order_ids)](Session& session) {
        return book::parked_orders(session, order_ids);
      });
}

EmbeddedOrderBook::Answer<Page<OrderAggregate>> EmbeddedOrderBook::list_orders(OrderFilter filter,
                                                                               PageRequest page) {
  return database_.perform<Page<OrderAggregate>>(
      [filter = std::move(filter), page = std::move(page)](Session& session) {
        return book::list_orders(session, filter, page);
      });
}

EmbeddedOrderBook::Answer<std::optional<Refund>> EmbeddedOrderBook::find_refund(
    RefundId refund_id) {
  return database_.perform<std::optional<Refund>>(
      [refund_id](Session& session) { return book::find_refund(session, refund_id); });
}

EmbeddedOrderBook::Answer<Page<Refund>> EmbeddedOrderBook::list_refunds(RefundFilter filter,
                                                                        PageRequest page) {
  return database_.perform<Page<Refund>>([filter, page = std::move(page)](Session& session) {
    return book::list_refunds(session, filter, page);
  });
}

EmbeddedOrderBook::Answer<std::vector<Refund>> EmbeddedOrderBook::due_refunds(Instant now,
                                                                              std::size_t limit) {
  return database_.perform<std::vector<Refund>>(
      [now, limit](Session& session) { return book::due_refunds(session, now, limit); });
}

EmbeddedOrderBook::Answer<std::vector<OrderBook::Unreleased>> EmbeddedOrderBook::unreleased_refunds(
    Instant reversed_before, std::size_t limit) {
  return database_.perform<std::vector<Unreleased>>([reversed_before, limit](Session& session) {
    return book::unreleased_refunds(session, reversed_before, limit);
  });
}

EmbeddedOrderBook::Answer<void> EmbeddedOrderBook::mark_released(std::vector<RefundId> refund_ids) {
  return database_.perform<void>([refund_ids = std::move(refund_ids)](Session& session) {
    book::mark_released(session, refund_ids);
  });
}

EmbeddedOrderBook::Answer<std::vector<OrderId>> EmbeddedOrderBook::due_orders(Instant now,
                                                                              std::size_t limit) {
  return database_.perform<std::vector<OrderId>>(
      [now, limit](Session& session) { return book::due_orders(session, now, limit); });
}

EmbeddedOrderBook::Answer<std::vector<Order>> EmbeddedOrderBook::unreleased_orders(
    Instant placed_before, std::size_t limit) {
  return database_.perform<std::vector<Order>>([placed_before, limit](Session& session) {
    return book::unreleased_orders(session, placed_before, limit);
  });
}

EmbeddedOrderBook::Answer<void> EmbeddedOrderBook::mark_orders_released(
    std::vector<OrderId> order_ids) {
  return database_.perform<void>([order_ids = std::move(order_ids)](Session& session) {
    book::mark_orders_released(session, order_ids);
  });
}

EmbeddedOrderBook::Answer<void> EmbeddedOrderBook::store_plans(std::vector<Plan> plans) {
  return database_.perform<void>(
      [plans = std::move(plans)](Session& session) { book::store_plans(session, plans); });
}

EmbeddedOrderBook::Answer<std::vector<Plan>> EmbeddedOrderBook::stored_plans() {
  return database_.perform<std::vector<Plan>>(book::stored_plans);
}

EmbeddedOrderBook::Answer<std::vector<Event>> EmbeddedOrderBook::pending_events(std::size_t limit) {
  return database_.perform<std::vector<Event>>(
      [limit](Session& session) { return book::pending_events(session, limit); });
}

EmbeddedOrderBook::Answer<void> EmbeddedOrderBook::delete_events(std::vector<Uuid> event_ids) {
  return database_.perform<void>([event_ids = std::move(event_ids)](Session& session) {
    book::delete_events(session, event_ids);
  });
}

EmbeddedOrderBook::Answer<BeginStockChangeResult> EmbeddedOrderBook::begin_stock_change(
    BeginStockChange request) {
  return database_.perform<BeginStockChangeResult>(
      [options = options_, request = std::move(request)](Session& session) {
        return book::begin_stock_change(session, request, *options);
      });
}

EmbeddedOrderBook::Answer<void> EmbeddedOrderBook::finish_stock_change(ChangeId change_id,
                                                                       bool applied) {
  return database_.perform<void>(
      [options = options_, change_id = std::move(change_id), applied](Session& session) {
        book::finish_stock_change(session, change_id, applied, *options);
      });
}

EmbeddedOrderBook::Answer<std::vector<StockChange>> EmbeddedOrderBook::pending_stock_changes(
    Instant begun_before, std::size_t limit) {
  return database_.perform<std::vector<StockChange>>([begun_before, limit](Session& session) {
    return book::pending_stock_changes(session, begun_before, limit);
  });
}

EmbeddedOrderBook::Answer<std::optional<std::int64_t>> EmbeddedOrderBook::begin_limit_change(
    Sku sku, std::optional<std::int64_t> limit) {
  return database_.perform<std::optional<std::int64_t>>(
      [sku = std::move(sku), limit, now = clock_.now()](Session& session) {
        return book::begin_limit_change(session, sku, limit, now);
      });
}

EmbeddedOrderBook::Answer<std::optional<std::int64_t>> EmbeddedOrderBook::retry_limit_change(
    LimitAttempt last) {
  return database_.perform<std::optional<std::int64_t>>(
      [last = std::move(last), now = clock_.now()](Session& session) {
        return book::retry_limit_change(session, last, now);
      });
}

EmbeddedOrderBook::Answer<void> EmbeddedOrderBook::finish_limit_change(LimitAttempt attempt) {
  return database_.perform<void>([attempt = std::move(attempt)](Session& session) {
    book::finish_limit_change(session, attempt);
  });
}

EmbeddedOrderBook::Answer<std::vector<StockRow>> EmbeddedOrderBook::pending_limit_changes(
    Instant begun_before) {
  return database_.perform<std::vector<StockRow>>([begun_before](Session& session) {
    return book::pending_limit_changes(session, begun_before);
  });
}

EmbeddedOrderBook::Answer<std::vector<UnitsBought>> EmbeddedOrderBook::units_bought(
    Sku sku, std::vector<OrderId> except, std::vector<RefundId> given_back) {
  return database_.perform<std::vector<UnitsBought>>(
      [sku = std::move(sku), except = std::move(except), given_back = std::move(given_back)](
          Session& session) { return book::units_bought(session, sku, except, given_back); });
}

EmbeddedOrderBook::Answer<std::optional<StockRow>> EmbeddedOrderBook::find_stock(Sku sku) {
  return database_.perform<std::optional<StockRow>>(
      [sku = std::move(sku)](Session& session) { return book::find_stock(session, sku); });
}

EmbeddedOrderBook::Answer<Page<StockRow>> EmbeddedOrderBook::list_stock(PageRequest page) {
  return database_.perform<Page<StockRow>>(
      [page = std::move(page)](Session& session) { return book::list_stock(session, page); });
}

EmbeddedOrderBook::Answer<std::vector<StockRow>> EmbeddedOrderBook::all_stock() {
  return database_.perform<std::vector<StockRow>>(book::all_stock);
}

EmbeddedOrderBook::Answer<Page<JournalRow>> EmbeddedOrderBook::list_stock_journal(
    Sku sku, PageRequest page) {
  return database_.perform<Page<JournalRow>>(
      [sku = std::move(sku), page = std::move(page)](Session& session) {
        return book::list_stock_journal(session, sku, page);
      });
}

EmbeddedOrderBook::Answer<PointsRow> EmbeddedOrderBook::find_points(UserId user_id,
                                                                    std::size_t movements) {
  return database_.perform<PointsRow>([user_id = std::move(user_id), movements](Session& session) {
    return book::find_points(session, user_id, movements);
  });
}

EmbeddedOrderBook::Answer<void> EmbeddedOrderBook::record_parked(
    std::vector<ParkedMessage> messages) {
  return database_.perform<void>([messages = std::move(messages)](Session& session) {
    book::record_parked(session, messages);
  });
}

EmbeddedOrderBook::Answer<Page<ParkedMessage>> EmbeddedOrderBook::list_parked(ParkedFilter filter,
                                                                              PageRequest page) {
  return database_.perform<Page<ParkedMessage>>(
      [filter = std::move(filter), page = std::move(page)](Session& session) {
        return book::list_parked(session, filter, page);
      });
}

EmbeddedOrderBook::Answer<std::vector<ParkedGroup>> EmbeddedOrderBook::parked_groups() {
  return database_.perform<std::vector<ParkedGroup>>(book::parked_groups);
}

EmbeddedOrderBook::Answer<std::vector<ParkedMessage>> EmbeddedOrderBook::claim_parked(
    ParkedFilter filter, std::size_t limit, Instant now, Milliseconds lease) {
  return database_.perform<std::vector<ParkedMessage>>(
      [filter = std::move(filter), limit, now, lease](Session& session) {
        return book::claim_parked(session, filter, limit, now, lease);
      });
}

EmbeddedOrderBook::Answer<void> EmbeddedOrderBook::remove_parked(std::vector<Uuid> ids,
                                                                 AuditEntry audit) {
  return database_.perform<void>(
      [ids = std::move(ids), audit = std::move(audit)](Session& session) {
        book::remove_parked(session, ids, audit);
      });
}

EmbeddedOrderBook::Answer<std::optional<LedgerRecord>> EmbeddedOrderBook::ledger_record() {
  return database_.perform<std::optional<LedgerRecord>>(book::ledger_record);
}

EmbeddedOrderBook::Answer<BookSnapshot> EmbeddedOrderBook::begin_generation(
    std::string generation, Instant recent_since, std::size_t recent_limit) {
  return database_.perform<BookSnapshot>(
      [generation = std::move(generation), recent_since, recent_limit](Session& session) {
        return book::begin_generation(session, generation, recent_since, recent_limit);
      });
}

EmbeddedOrderBook::Answer<bool> EmbeddedOrderBook::try_leadership() {
  co_return leadership_->take(this);
}

EmbeddedOrderBook::Answer<void> EmbeddedOrderBook::end_leadership() {
  leadership_->leave(this);
  co_return PortResult<void>{};
}

EmbeddedOrderBook::Answer<void> EmbeddedOrderBook::record_audit(AuditEntry entry) {
  return database_.perform<void>(
      [entry = std::move(entry)](Session& session) { book::record_audit(session, entry); });
}

EmbeddedOrderBook::Answer<BookBacklog> EmbeddedOrderBook::backlog() {
  return database_.perform<BookBacklog>(book::backlog);
}

EmbeddedOrderBook::Answer<void> EmbeddedOrderBook::ping() {
  return database_.perform<void>([](Session& session) { book::ledger_record(session); });
}

}  // namespace holdfast::embedded
