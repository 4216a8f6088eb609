#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "ports/order_book.h"
#include "sim/links.h"
#include "sim/wire.h"

namespace holdfast::sim {

/// The book as one process meets it: over its wire.
class WiredBook final : public OrderBook {
 public:
  template <class T>
  using Answer = boost::asio::awaitable<PortResult<T>>;

  WiredBook(Wire& wire, Server& server, Links& links)
      : wire_(wire), server_(server), links_(links) {}

  Answer<SettleResult> settle(SettlementBatch batch) override {
    return call<SettleResult>(HF_SITE("book.settle"), [&network = wire_.network(), to = links_.book,
                                                       batch = std::move(batch)] {
      return settle_unless_refused(network, to, batch);
    });
  }
  Answer<std::optional<OrderAggregate>> find_order(OrderId order_id) override {
    return call<std::optional<OrderAggregate>>(
        HF_SITE("book.find_order"),
        [to = links_.book, order_id] { return to->find_order(order_id); });
  }
  Answer<std::vector<OrderId>> known_orders(std::vector<OrderId> order_ids) override {
    return call<std::vector<OrderId>>(HF_SITE("book.known_orders"),
                                      [to = links_.book, order_ids = std::move(order_ids)] {
                                        return to->known_orders(order_ids);
                                      });
  }
  Answer<std::vector<OrderId>> parked_orders(std::vector<OrderId> order_ids) override {
    return call<std::vector<OrderId>>(HF_SITE("book.parked_orders"),
                                      [to = links_.book, order_ids = std::move(order_ids)] {
                                        return to->parked_orders(order_ids);
                                      });
  }
  Answer<Page<OrderAggregate>> list_orders(OrderFilter filter, PageRequest page) override {
    return call<Page<OrderAggregate>>(
        HF_SITE("book.list_orders"),
        [to = links_.book, filter = std::move(filter), page = std::move(page)] {
          return to->list_orders(filter, page);
        });
  }
  Answer<std::optional<Refund>> find_refund(RefundId refund_id) override {
    return call<std::optional<Refund>>(HF_SITE("book.find_refund"), [to = links_.book, refund_id] {
      return to->find_refund(refund_id);
    });
  }
  Answer<Page<Refund>> list_refunds(RefundFilter filter, PageRequest page) override {
    return call<Page<Refund>>(HF_SITE("book.list_refunds"),
                              [to = links_.book, filter, page = std::move(page)] {
                                return to->list_refunds(filter, page);
                              });
  }
  Answer<std::vector<Refund>> due_refunds(Instant now, std::size_t limit) override {
    return call<std::vector<Refund>>(HF_SITE("book.due_refunds"), [to = links_.book, now, limit] {
      return to->due_refunds(now, limit);
    });
  }
  Answer<std::vector<Unreleased>> unreleased_refunds(Instant reversed_before,
                                                     std::size_t limit) override {
    return call<std::vector<Unreleased>>(HF_SITE("book.unreleased_refunds"),
                                         [to = links_.book, reversed_before, limit] {
                                           return to->unreleased_refunds(reversed_before, limit);
                                         });
  }
  Answer<void> mark_released(std::vector<RefundId> refund_ids) override {
    return call<void>(HF_SITE("book.mark_released"),
                      [to = links_.book, refund_ids = std::move(refund_ids)] {
                        return to->mark_released(refund_ids);
                      });
  }
  Answer<std::vector<OrderId>> due_orders(Instant now, std::size_t limit) override {
    return call<std::vector<OrderId>>(HF_SITE("book.due_orders"), [to = links_.book, now, limit] {
      return to->due_orders(now, limit);
    });
  }
  Answer<std::vector<Order>> unreleased_orders(Instant placed_before, std::size_t limit) override {
    return call<std::vector<Order>>(HF_SITE("book.unreleased_orders"),
                                    [to = links_.book, placed_before, limit] {
                                      return to->unreleased_orders(placed_before, limit);
                                    });
  }
  Answer<void> mark_orders_released(std::vector<OrderId> order_ids) override {
    return call<void>(HF_SITE("book.mark_orders_released"),
                      [to = links_.book, order_ids = std::move(order_ids)] {
                        return to->mark_orders_released(order_ids);
                      });
  }
  Answer<void> store_plans(std::vector<Plan> plans) override {
    return call<void>(HF_SITE("book.store_plans"), [to = links_.book, plans = std::move(plans)] {
      return to->store_plans(plans);
    });
  }
  Answer<std::vector<Plan>> stored_plans() override {
    return call<std::vector<Plan>>(HF_SITE("book.stored_plans"),
                                   [to = links_.book] { return to->stored_plans(); });
  }
  Answer<std::vector<Event>> pending_events(std::size_t limit) override {
    return call<std::vector<Event>>(HF_SITE("book.pending_events"), [to = links_.book, limit] {
      return to->pending_events(limit);
    });
  }
  Answer<void> delete_events(std::vector<Uuid> event_ids) override {
    return call<void>(HF_SITE("book.delete_events"),
                      [to = links_.book, event_ids = std::move(event_ids)] {
                        return to->delete_events(event_ids);
                      });
  }
  Answer<BeginStockChangeResult> begin_stock_change(BeginStockChange request) override {
    return call<BeginStockChangeResult>(HF_SITE("book.begin_stock_change"),
                                        [to = links_.book, request = std::move(request)] {
                                          return to->begin_stock_change(request);
                                        });
  }
  Answer<void> finish_stock_change(ChangeId change_id, bool applied) override {
    return call<void>(HF_SITE("book.finish_stock_change"),
                      [to = links_.book, change_id = std::move(change_id), applied] {
                        return to->finish_stock_change(change_id, applied);
                      });
  }
  Answer<std::vector<StockChange>> pending_stock_changes(Instant begun_before,
                                                         std::size_t limit) override {
    return call<std::vector<StockChange>>(HF_SITE("book.pending_stock_changes"),
                                          [to = links_.book, begun_before, limit] {
                                            return to->pending_stock_changes(begun_before, limit);
                                          });
  }
  Answer<std::optional<std::int64_t>> begin_limit_change(
      Sku sku, std::optional<std::int64_t> limit) override {
    return call<std::optional<std::int64_t>>(HF_SITE("book.begin_limit_change"),
                                             [to = links_.book, sku = std::move(sku), limit] {
                                               return to->begin_limit_change(sku, limit);
                                             });
  }
  Answer<std::optional<std::int64_t>> retry_limit_change(LimitAttempt last) override {
    return call<std::optional<std::int64_t>>(
        HF_SITE("book.retry_limit_change"),
        [to = links_.book, last = std::move(last)] { return to->retry_limit_change(last); });
  }
  Answer<void> finish_limit_change(LimitAttempt attempt) override {
    return call<void>(HF_SITE("book.finish_limit_change"),
                      [to = links_.book, attempt = std::move(attempt)] {
                        return to->finish_limit_change(attempt);
                      });
  }
  Answer<std::vector<StockRow>> pending_limit_changes(Instant begun_before) override {
    return call<std::vector<StockRow>>(
        HF_SITE("book.pending_limit_changes"),
        [to = links_.book, begun_before] { return to->pending_limit_changes(begun_before); });
  }
  Answer<std::vector<UnitsBought>> units_bought(Sku sku, std::vector<OrderId> except,
                                                std::vector<RefundId> given_back) override {
    return call<std::vector<UnitsBought>>(
        HF_SITE("book.units_bought"),
        [to = links_.book, sku = std::move(sku), except = std::move(except),
         given_back = std::move(given_back)] { return to->units_bought(sku, except, given_back); });
  }
  Answer<std::optional<StockRow>> find_stock(Sku sku) override {
    return call<std::optional<StockRow>>(
        HF_SITE("book.find_stock"),
        [to = links_.book, sku = std::move(sku)] { return to->find_stock(sku); });
  }
  Answer<Page<StockRow>> list_stock(PageRequest page) override {
    return call<Page<StockRow>>(
        HF_SITE("book.list_stock"),
        [to = links_.book, page = std::move(page)] { return to->list_stock(page); });
  }
  Answer<std::vector<StockRow>> all_stock() override {
    return call<std::vector<StockRow>>(HF_SITE("book.all_stock"),
                                       [to = links_.book] { return to->all_stock(); });
  }
  Answer<Page<JournalRow>> list_stock_journal(Sku sku, PageRequest page) override {
    return call<Page<JournalRow>>(HF_SITE("book.list_stock_journal"),
                                  [to = links_.book, sku = std::move(sku), page = std::move(page)] {
                                    return to->list_stock_journal(sku, page);
                                  });
  }
  Answer<PointsRow> find_points(UserId user_id, std::size_t movements) override {
    return call<PointsRow>(HF_SITE("book.find_points"),
                           [to = links_.book, user_id = std::move(user_id), movements] {
                             return to->find_points(user_id, movements);
                           });
  }
  Answer<void> record_parked(std::vector<ParkedMessage> messages) override {
    return call<void>(
        HF_SITE("book.record_parked"),
        [to = links_.book, messages = std::move(messages)] { return to->record_parked(messages); });
  }
  Answer<Page<ParkedMessage>> list_parked(ParkedFilter filter, PageRequest page) override {
    return call<Page<ParkedMessage>>(
        HF_SITE("book.list_parked"),
        [to = links_.book, filter = std::move(filter), page = std::move(page)] {
          return to->list_parked(filter, page);
        });
  }
  Answer<std::vector<ParkedGroup>> parked_groups() override {
    return call<std::vector<ParkedGroup>>(HF_SITE("book.parked_groups"),
                                          [to = links_.book] { return to->parked_groups(); });
  }
  Answer<std::vector<ParkedMessage>> claim_parked(ParkedFilter filter, std::size_t limit,
                                                  Instant now, Milliseconds lease) override {
    return call<std::vector<ParkedMessage>>(
        HF_SITE("book.claim_parked"),
        [to = links_.book, filter = std::move(filter), limit, now, lease] {
          return to->claim_parked(filter, limit, now, lease);
        });
  }
  Answer<void> remove_parked(std::vector<Uuid> ids, AuditEntry audit) override {
    return call<void>(HF_SITE("book.remove_parked"),
                      [to = links_.book, ids = std::move(ids), audit = std::move(audit)] {
                        return to->remove_parked(ids, audit);
                      });
  }
  Answer<std::optional<LedgerRecord>> ledger_record() override {
    return call<std::optional<LedgerRecord>>(HF_SITE("book.ledger_record"),
                                             [to = links_.book] { return to->ledger_record(); });
  }
  Answer<BookSnapshot> begin_generation(std::string generation, Instant recent_since,
                                        std::size_t recent_limit) override {
    return call<BookSnapshot>(
        HF_SITE("book.begin_generation"),
        [to = links_.book, generation = std::move(generation), recent_since, recent_limit] {
          return to->begin_generation(generation, recent_since, recent_limit);
        });
  }
  Answer<bool> try_leadership() override {
    return call<bool>(HF_SITE("book.try_leadership"),
                      [to = links_.book] { return to->try_leadership(); });
  }
  Answer<void> end_leadership() override {
    return call<void>(HF_SITE("book.end_leadership"),
                      [to = links_.book] { return to->end_leadership(); });
  }
  Answer<void> record_audit(AuditEntry entry) override {
    return call<void>(HF_SITE("book.record_audit"), [to = links_.book, entry = std::move(entry)] {
      return to->record_audit(entry);
    });
  }
  Answer<BookBacklog> backlog() override {
    return call<BookBacklog>(HF_SITE("book.backlog"), [to = links_.book] { return to->backlog(); });
  }
  Answer<void> ping() override {
    return call<void>(HF_SITE("book.ping"), [to = links_.book] { return to->ping(); });
  }
  Answer<std::vector<OrderAggregate>> update(std::vector<OrderRef> orders,
                                             OrderDecision decide) override {
    return update_while_waited_for(HF_SITE("book.update"), std::move(orders), std::move(decide));
  }
  [[nodiscard]] bool connected() const override { return server_.up; }

 private:
  template <class T, class F>
  Answer<T> call(Site site, F carry_out) {
    return wire_.call<T>(site, server_, std::move(carry_out));
  }
  static Answer<SettleResult> settle_unless_refused(
      Network& network, std::shared_ptr<embedded::EmbeddedOrderBook> book, SettlementBatch batch);
  /// A decision is the caller's own code: it runs while the caller lives and waits, else the
  /// transaction comes to nothing.
  Answer<std::vector<OrderAggregate>> update_while_waited_for(Site site,
                                                              std::vector<OrderRef> orders,
                                                              OrderDecision decide);

  Wire& wire_;      // HELD NOT OWNED
  Server& server_;  // HELD NOT OWNED
  Links& links_;    // HELD NOT OWNED
};

}  // namespace holdfast::sim
