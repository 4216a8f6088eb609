#include "adapters/postgres/postgres_order_book.h"
#include "adapters/postgres/rows.h"
#include "adapters/postgres/session.h"

namespace holdfast {

namespace statements = postgres::statements;
using postgres::Deadline;
using postgres::Parameters;

namespace {

PointsMovement read_movement(postgres::RowReader& row) {
  PointsMovement movement;
  movement.user_id = row.get<UserId>();
  movement.delta = row.get<std::int64_t>();
  movement.kind = postgres::read_movement_kind(row);
  movement.cause_id = postgres::read_cause(row);
  movement.at = row.get<Instant>();
  return movement;
}

template <class Session>
boost::asio::awaitable<PointsRow> find_once(Session& session, const UserId& user_id,
                                            std::size_t movements, Deadline deadline) {
  postgres::ListQuery query(embedded::list_points_journal_sql);
  query.bind("user_id", user_id).put("limit", std::to_string(movements));
  const auto journal = query.statement();
  Parameters parameters;
  parameters.add(user_id);
  postgres::Pipeline pipeline;
  pipeline.add(statements::find_points, std::move(parameters));
  pipeline.add(journal, query.parameters());
  pipeline.end_transaction(false);

  auto lease = co_await session.acquire(deadline);
  const auto results = co_await lease->run(pipeline, deadline);
  PointsRow points;
  points.user_id = user_id;
  if (results[0].rows() > 0) {
    postgres::RowReader row(results[0], 0);
    points.balance = row.get<std::int64_t>();
  }
  points.movements = postgres::read_all<PointsMovement>(results[1], read_movement);
  co_return points;
}

}  // namespace

PostgresOrderBook::Answer<PointsRow> PostgresOrderBook::find_points(UserId user_id,
                                                                    std::size_t movements) {
  return Session::perform<PointsRow>(
      session_, [user_id = std::move(user_id), movements](Session& session, Deadline deadline) {
        return find_once(session, user_id, movements, deadline);
      });
}

}  // namespace holdfast
