#include "adapters/postgres/page.h"
#include "adapters/postgres/postgres_order_book.h"
#include "adapters/postgres/rows.h"
#include "adapters/postgres/session.h"

namespace holdfast {

namespace statements = postgres::statements;
using postgres::Deadline;
using postgres::Parameters;

namespace {

constexpr char kRefundsList = 'r';

std::vector<Refund> read_refunds(const postgres::Result& result) {
  return postgres::read_all<Refund>(result, postgres::read_refund);
}

std::optional<Refund> read_first_refund(const postgres::Result& result) {
  auto refunds = read_refunds(result);
  if (refunds.empty()) return std::nullopt;
  return std::move(refunds.front());
}

std::vector<OrderBook::Unreleased> read_unreleased(const postgres::Result& result) {
  return postgres::read_all<OrderBook::Unreleased>(result, [](postgres::RowReader& row) {
    OrderBook::Unreleased unreleased;
    unreleased.refund = postgres::read_refund(row);
    unreleased.user_id = row.get<UserId>();
    return unreleased;
  });
}

template <class Session>
boost::asio::awaitable<Page<Refund>> list_once(Session& session, const RefundFilter& filter,
                                               const PageRequest& page, Deadline deadline) {
  postgres::ListQuery query(embedded::list_refunds_sql);
  query.filter("order_id", filter.order_id);
  if (filter.status) query.keep("status").put("status", postgres::text_of(*filter.status));
  postgres::continue_after(query, page, kRefundsList);
  const auto rows = co_await session.read(std::move(query), deadline);
  co_return page_of(read_refunds(rows), page, [](const Refund& refund) {
    return codec::encode_cursor({kRefundsList, refund.requested_at, refund.id.to_string()});
  });
}

}  // namespace

PostgresOrderBook::Answer<std::optional<Refund>> PostgresOrderBook::find_refund(
    RefundId refund_id) {
  return Session::perform<std::optional<Refund>>(session_, [refund_id](Session& session,
                                                                       Deadline deadline) {
    Parameters parameters;
    parameters.add(refund_id);
    return session.ask(statements::find_refund, std::move(parameters), deadline, read_first_refund);
  });
}

PostgresOrderBook::Answer<Page<Refund>> PostgresOrderBook::list_refunds(RefundFilter filter,
                                                                        PageRequest page) {
  return Session::perform<Page<Refund>>(
      session_, [filter, page = std::move(page)](Session& session, Deadline deadline) {
        return list_once(session, filter, page, deadline);
      });
}

PostgresOrderBook::Answer<std::vector<Refund>> PostgresOrderBook::due_refunds(Instant now,
                                                                              std::size_t limit) {
  return Session::perform<std::vector<Refund>>(
      session_, [now, limit](Session& session, Deadline deadline) {
        postgres::ListQuery query(embedded::due_refunds_sql);
        query.bind("now", now);
        return session.ask(std::move(postgres::limit_to(query, limit)), deadline, read_refunds);
      });
}

PostgresOrderBook::Answer<std::vector<OrderBook::Unreleased>> PostgresOrderBook::unreleased_refunds(
    Instant reversed_before, std::size_t limit) {
  return Session::perform<std::vector<Unreleased>>(
      session_, [reversed_before, limit](Session& session, Deadline deadline) {
        postgres::ListQuery query(embedded::unreleased_refunds_sql);
        query.bind("reversed_before", reversed_before);
        return session.ask(std::move(postgres::limit_to(query, limit)), deadline, read_unreleased);
      });
}

PostgresOrderBook::Answer<void> PostgresOrderBook::mark_released(std::vector<RefundId> refund_ids) {
  return Session::perform<void>(
      session_, [refund_ids = std::move(refund_ids)](Session& session, Deadline deadline) {
        Parameters parameters;
        parameters.add(postgres::column_of(refund_ids));
        return session.write(statements::mark_released, std::move(parameters), deadline);
      });
}

}  // namespace holdfast
