#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

#include "sim/world.h"

// What an operator does with parked messages, and what anybody looks at.

namespace holdfast::sim {
namespace {

constexpr const char* kOperator = "operator";
constexpr Milliseconds kWaitsFor{10'000};

PageRequest some_page() {
  PageRequest page;
  page.limit = 2;
  return page;
}

/// Looks at what is parked and gives the first of it up. True: there was something.
boost::asio::awaitable<bool> discard_one(flows::ParkedDesk& desk) {
  static_cast<void>(co_await desk.groups());
  ParkedFilter any;
  const auto found = co_await desk.list(std::move(any), some_page());
  if (!found || found->items.empty()) co_return false;
  std::string reason = "simulated";
  std::string actor = kOperator;
  const auto given_up =
      co_await desk.discard(found->items.front().id, std::move(reason), std::move(actor));
  co_return given_up.has_value();
}

/// Reads a page of everything there is.
boost::asio::awaitable<bool> browse(flows::Queries& queries, OrderFilter of_user, Sku sku) {
  const UserId user = *of_user.user_id;
  const auto orders = co_await queries.list_orders(std::move(of_user), some_page());
  RefundFilter any;
  const auto refunds = co_await queries.list_refunds(any, some_page());
  const auto stock = co_await queries.list_stock(some_page());
  const auto journal = co_await queries.stock_journal(std::move(sku), some_page());
  const auto points = co_await queries.points(user);
  co_return orders&& refunds&& stock&& journal&& points;
}

/// How an order or a refund stands, or why it is not shown.
template <class T>
std::string word_of(const flows::Outcome<T>& said, const char* standing) {
  if (said) return standing;
  return said.error().kind == flows::FailureKind::not_found ? "not_found" : said.error().detail;
}

}  // namespace

void World::send_retry(Process& process, std::size_t sending) {
  faults_.operator_asks(process.name());
  boost::asio::co_spawn(
      process.executor(), process.parked.retry(ParkedFilter{}, kOperator),
      [this, sending](std::exception_ptr thrown, const flows::Outcome<std::size_t>& said) {
        if (thrown) std::rethrow_exception(thrown);
        if (said) answer(sending, Knowledge::ok, "sent again", "");
      });
}

void World::send_discard(Process& process, std::size_t sending) {
  faults_.operator_asks(process.name());
  boost::asio::co_spawn(process.executor(), discard_one(process.parked),
                        [this, sending](std::exception_ptr thrown, bool done) {
                          if (thrown) std::rethrow_exception(thrown);
                          answer(sending, Knowledge::ok, done ? "given up" : "nothing", "");
                        });
}

void World::send_look(Process& process, const Operation& operation, std::size_t sending) {
  if (operation.refund_id != RefundId{}) {
    boost::asio::co_spawn(
        process.executor(), process.queries.wait_for_refund(operation.refund_id, kWaitsFor),
        [this, sending](std::exception_ptr thrown, const flows::Outcome<Refund>& said) {
          if (thrown) std::rethrow_exception(thrown);
          const std::string standing = said ? std::string(to_string(said->status)) : "";
          answer(sending, said ? Knowledge::ok : Knowledge::unknown, word_of(said, "seen"),
                 standing);
        });
    return;
  }
  boost::asio::co_spawn(
      process.executor(), process.queries.wait_for_order(operation.order_id, kWaitsFor),
      [this, sending](std::exception_ptr thrown, const flows::Outcome<OrderAggregate>& said) {
        if (thrown) std::rethrow_exception(thrown);
        const std::string standing = said ? std::string(to_string(said->order.status)) : "";
        answer(sending, said ? Knowledge::ok : Knowledge::unknown, word_of(said, "seen"), standing);
      });
}

void World::send_browse(Process& process, const Operation& operation, std::size_t sending) {
  const auto& stock = workload_.stock;
  OrderFilter filter;
  filter.user_id = UserId{"u-1"};
  boost::asio::co_spawn(
      process.executor(),
      browse(process.queries, std::move(filter), Sku{stock[operation.number % stock.size()].sku}),
      [this, sending](std::exception_ptr thrown, bool seen) {
        if (thrown) std::rethrow_exception(thrown);
        answer(sending, seen ? Knowledge::ok : Knowledge::unknown, "seen", "");
      });
}

void World::send_reconcile(Process& process, std::size_t sending) {
  boost::asio::co_spawn(process.executor(), process.reconciliation.report(),
                        [this, sending](std::exception_ptr thrown,
                                        const flows::Outcome<flows::ReconciliationReport>& said) {
                          if (thrown) std::rethrow_exception(thrown);
                          if (said) answer(sending, Knowledge::ok, "reported", "");
                        });
}

}  // namespace holdfast::sim
