#include "adapters/postgres/postgres_order_book.h"
#include "adapters/postgres/rows.h"
#include "adapters/postgres/session.h"

namespace holdfast {

namespace statements = postgres::statements;
using postgres::Deadline;
using postgres::Parameters;

namespace {

std::vector<Event> read_events(const postgres::Result& result) {
  return postgres::read_all<Event>(result, [](postgres::RowReader& row) {
    Event event;
    event.id = row.get<Uuid>();
    event.type = row.get<std::string>();
    event.body = row.get<std::string>();
    event.at = row.get<Instant>();
    return event;
  });
}

}  // namespace

PostgresOrderBook::Answer<std::vector<Event>> PostgresOrderBook::pending_events(std::size_t limit) {
  return Session::perform<std::vector<Event>>(
      session_, [limit](Session& session, Deadline deadline) {
        postgres::ListQuery query(embedded::pending_events_sql);
        query.put("limit", std::to_string(limit));
        return session.ask(std::move(query), deadline, read_events);
      });
}

PostgresOrderBook::Answer<void> PostgresOrderBook::delete_events(std::vector<Uuid> event_ids) {
  return Session::perform<void>(
      session_, [event_ids = std::move(event_ids)](Session& session, Deadline deadline) {
        Parameters parameters;
        parameters.add(postgres::column_of(event_ids));
        return session.write(statements::delete_events, std::move(parameters), deadline);
      });
}

}  // namespace holdfast
