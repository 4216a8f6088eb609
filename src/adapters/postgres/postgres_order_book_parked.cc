#include <algorithm>
#include <tuple>

#include "adapters/postgres/page.h"
#include "adapters/postgres/postgres_order_book.h"
#include "adapters/postgres/rows.h"
#include "adapters/postgres/session.h"

namespace holdfast {

namespace statements = postgres::statements;
using postgres::Deadline;
using postgres::Parameters;

namespace {

constexpr char kParkedList = 'p';

std::vector<ParkedMessage> read_messages(const postgres::Result& result) {
  return postgres::read_all<ParkedMessage>(result, postgres::read_parked);
}

std::vector<ParkedGroup> read_groups(const postgres::Result& result) {
  return postgres::read_all<ParkedGroup>(result, [](postgres::RowReader& row) {
    ParkedGroup group;
    group.queue = row.get<QueueName>();
    group.reason = row.get<std::string>();
    group.count = row.get<std::int64_t>();
    group.oldest_at = row.get<Instant>();
    return group;
  });
}

void add_filter(postgres::ListQuery& query, const ParkedFilter& filter) {
  query.filter("id", filter.id).filter("queue", filter.queue).filter("reason", filter.reason);
  query.filter("order_id", filter.order_id);
}

template <class Session>
boost::asio::awaitable<Page<ParkedMessage>> list_once(Session& session, const ParkedFilter& filter,
                                                      const PageRequest& page, Deadline deadline) {
  postgres::ListQuery query(embedded::list_parked_sql);
  add_filter(query, filter);
  postgres::continue_after(query, page, kParkedList);
  const auto rows = co_await session.read(std::move(query), deadline);
  co_return page_of(read_messages(rows), page, [](const ParkedMessage& message) {
    return codec::encode_cursor({kParkedList, message.first_at, message.id.to_string()});
  });
}

template <class Session>
boost::asio::awaitable<std::vector<ParkedMessage>> claim_once(Session& session,
                                                              postgres::ListQuery query,
                                                              Deadline deadline) {
  const auto rows = co_await session.write(std::move(query), deadline);
  auto messages = read_messages(rows);
  std::sort(messages.begin(), messages.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first_at, a.id) < std::tie(b.first_at, b.id);
  });
  co_return messages;
}

template <class Session>
boost::asio::awaitable<void> remove_once(Session& session, const std::vector<Uuid>& ids,
                                         const AuditEntry& audit, Deadline deadline) {
  Parameters removed;
  removed.add(postgres::column_of(ids));
  postgres::Pipeline pipeline;
  pipeline.add(statements::remove_parked, std::move(removed));
  pipeline.add(statements::record_audit, postgres::audit_parameters(audit));
  pipeline.end_transaction(true);
  auto lease = co_await session.acquire(deadline);
  co_await lease->run(pipeline, deadline);
}

}  // namespace

PostgresOrderBook::Answer<void> PostgresOrderBook::record_parked(
    std::vector<ParkedMessage> messages) {
  return Session::perform<void>(
      session_, [messages = std::move(messages)](Session& session, Deadline deadline) {
        return session.write(statements::record_parked, postgres::parked_parameters(messages),
                             deadline);
      });
}

PostgresOrderBook::Answer<Page<ParkedMessage>> PostgresOrderBook::list_parked(ParkedFilter filter,
                                                                              PageRequest page) {
  return Session::perform<Page<ParkedMessage>>(
      session_,
      [filter = std::move(filter), page = std::move(page)](Session& session, Deadline deadline) {
        return list_once(session, filter, page, deadline);
      });
}

PostgresOrderBook::Answer<std::vector<ParkedGroup>> PostgresOrderBook::parked_groups() {
  return Session::perform<std::vector<ParkedGroup>>(
      session_, [](Session& session, Deadline deadline) {
        return session.ask(statements::parked_groups, {}, deadline, read_groups);
      });
}

PostgresOrderBook::Answer<std::vector<ParkedMessage>> PostgresOrderBook::claim_parked(
    ParkedFilter filter, std::size_t limit, Instant now, Milliseconds lease) {
  return Session::perform<std::vector<ParkedMessage>>(
      session_,
      [filter = std::move(filter), limit, now, lease](Session& session, Deadline deadline) {
        postgres::ListQuery query(embedded::claim_parked_sql);
        add_filter(query, filter);
        query.filter("last_before", filter.last_before);
        query.bind("now", now).bind("claimed_until", now + lease);
        query.put("limit", std::to_string(limit));
        return claim_once(session, std::move(query), deadline);
      });
}

PostgresOrderBook::Answer<void> PostgresOrderBook::remove_parked(std::vector<Uuid> ids,
                                                                 AuditEntry audit) {
  return Session::perform<void>(session_, [ids = std::move(ids), audit = std::move(audit)](
                                              Session& session, Deadline deadline) {
    return remove_once(session, ids, audit, deadline);
  });
}

}  // namespace holdfast
