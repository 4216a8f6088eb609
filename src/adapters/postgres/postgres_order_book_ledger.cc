#include "adapters/postgres/postgres_order_book.h"
#include "adapters/postgres/rows.h"
#include "adapters/postgres/session.h"
#include "domain/change_ids.h"

namespace holdfast {

namespace statements = postgres::statements;
using postgres::Deadline;
using postgres::Parameters;

namespace {

std::optional<LedgerRecord> read_record(const postgres::Result& result) {
  if (result.rows() == 0) return std::nullopt;
  postgres::RowReader row(result, 0);
  LedgerRecord record;
  record.generation = row.get<std::string>();
  const auto ms = row.get<std::optional<std::int64_t>>();
  const auto seq = row.get<std::optional<std::int64_t>>();
  if (ms && seq) record.high_water = std::to_string(*ms) + "-" + std::to_string(*seq);
  return record;
}

std::vector<BookSnapshot::SkuSnapshot> read_skus(const postgres::Result& stock,
                                                 const postgres::Result& bought) {
  std::vector<BookSnapshot::SkuSnapshot> skus;
  for (auto& row : postgres::read_all<StockRow>(stock, postgres::read_stock)) {
    skus.push_back(BookSnapshot::SkuSnapshot{std::move(row), {}});
  }
  // Both are sorted by SKU.
  auto sku = skus.begin();
  for (int i = 0; i < bought.rows(); ++i) {
    postgres::RowReader row(bought, i);
    const auto name = row.get<Sku>();
    while (sku != skus.end() && sku->stock.sku < name) ++sku;
    if (sku == skus.end()) break;
    UnitsBought units;
    units.user_id = row.get<UserId>();
    units.units = Quantity{row.get<std::int64_t>()};
    sku->bought.push_back(std::move(units));
  }
  return skus;
}

/// What the snapshot's stock counts as back on sale.
void read_given_back(const postgres::Result& refunds, const postgres::Result& orders,
                     BookSnapshot& snapshot) {
  for (int i = 0; i < refunds.rows(); ++i) {
    postgres::RowReader row(refunds, i);
    snapshot.counted.push_back(refund_change(row.get<RefundId>()));
  }
  for (int i = 0; i < orders.rows(); ++i) {
    postgres::RowReader row(orders, i);
    snapshot.counted.push_back(reservation_change(row.get<ReservationId>()));
  }
}

void read_changes(const postgres::Result& changes, BookSnapshot& snapshot) {
  for (int i = 0; i < changes.rows(); ++i) {
    postgres::RowReader row(changes, i);
    auto id = adjustment_change(row.get<std::string>());
    auto& list = row.get<std::int64_t>() > 0 ? snapshot.counted : snapshot.not_counted;
    list.push_back(std::move(id));
  }
}

std::vector<JournalEntry> read_recent(const postgres::Result& result) {
  return postgres::read_all<JournalEntry>(result, [](postgres::RowReader& row) {
    JournalEntry entry;
    entry.order_id = row.get<OrderId>();
    entry.reservation_id = row.get<ReservationId>();
    entry.fingerprint = postgres::fingerprint_text(row.get<postgres::Bytes>());
    entry.settled = true;
    return entry;
  });
}

struct Generation {
  std::string name;
  Instant recent_since;
  std::size_t recent_limit = 0;
};

template <class Session>
boost::asio::awaitable<BookSnapshot> begin_once(Session& session, const Generation& generation,
                                                Deadline deadline) {
  postgres::ListQuery recent_query(embedded::snapshot_recent_sql);
  recent_query.bind("since", generation.recent_since);
  recent_query.put("limit", std::to_string(generation.recent_limit));
  const auto recent = recent_query.statement();
  Parameters name;
  name.add(generation.name);
  const postgres::Statement patience{
      "", "set local statement_timeout = " + std::to_string(session.snapshot_timeout().count())};

  postgres::Pipeline pipeline;
  pipeline.add(statements::begin_snapshot);
  pipeline.add(patience);
  // The server starts a statement's clock anew only after a Sync.
  pipeline.end_transaction(false);
  // None of these takes the snapshot that the transaction keeps; the one after the lock does.
  pipeline.add(statements::begin_generation_lock);
  pipeline.add(statements::begin_generation, std::move(name));
  pipeline.add(statements::all_stock);
  pipeline.add(statements::snapshot_bought);
  pipeline.add(statements::snapshot_unreleased);
  pipeline.add(statements::snapshot_unreleased_orders);
  pipeline.add(statements::snapshot_changes);
  pipeline.add(recent, recent_query.parameters());
  pipeline.add(statements::commit);
  pipeline.end_transaction(true);

  auto lease = co_await session.acquire(deadline);
  const auto results = co_await lease->run(pipeline, deadline);
  BookSnapshot snapshot;
  snapshot.skus = read_skus(results[4], results[5]);
  read_given_back(results[6], results[7], snapshot);
  read_changes(results[8], snapshot);
  snapshot.recent = read_recent(results[9]);
  co_return snapshot;
}

}  // namespace

PostgresOrderBook::Answer<std::optional<LedgerRecord>> PostgresOrderBook::ledger_record() {
  return Session::perform<std::optional<LedgerRecord>>(
      session_, [](Session& session, Deadline deadline) {
        return session.ask(statements::ledger_record, {}, deadline, read_record);
      });
}

PostgresOrderBook::Answer<BookSnapshot> PostgresOrderBook::begin_generation(
    std::string generation, Instant recent_since, std::size_t recent_limit) {
  Generation wanted{std::move(generation), recent_since, recent_limit};
  return Session::perform<BookSnapshot>(
      session_,
      [wanted = std::move(wanted)](Session& session, Deadline deadline) {
        return begin_once(session, wanted, deadline);
      },
      postgres::limits::kSnapshotPatience);
}

PostgresOrderBook::Answer<bool> PostgresOrderBook::try_leadership() {
  return Session::perform<bool>(
      session_, [](Session& session, Deadline deadline) { return session.lead(deadline); });
}

PostgresOrderBook::Answer<void> PostgresOrderBook::end_leadership() {
  return Session::perform<void>(
      session_, [](Session& session, Deadline deadline) { return session.stop_leading(deadline); });
}

boost::asio::awaitable<bool> PostgresOrderBook::Session::lead(Deadline deadline) {
  if (stopped_) throw postgres::unavailable("PostgreSQL: stopped");
  if (leading_is_busy_) co_return is_leader_;
  const Busy busy(leading_is_busy_);
  // Of its own: the lock lasts as long as the connection, and pooled ones come and go.
  if (!leading_ || !leading_->is_usable()) {
    is_leader_ = false;
    leading_ = std::make_shared<postgres::Connection>(executor_, options_.url, session_settings());
    co_await leading_->connect(deadline);
  }
  Pipeline pipeline;
  pipeline.add(is_leader_ ? statements::ping : statements::try_leadership);
  pipeline.end_transaction(true);
  const auto connection = leading_;
  const auto results = co_await connection->run(pipeline, deadline);
  if (!is_leader_) {
    postgres::RowReader row(results[0], 0);
    is_leader_ = row.get<bool>();
  }
  co_return is_leader_;
}

boost::asio::awaitable<void> PostgresOrderBook::Session::stop_leading(Deadline deadline) {
  if (!is_leader_) co_return;
  is_leader_ = false;
  if (leading_is_busy_ || !leading_->is_usable()) {
    leading_->close();  // and the lock ends with it
    co_return;
  }
  const Busy busy(leading_is_busy_);
  Pipeline pipeline;
  pipeline.add(statements::end_leadership);
  pipeline.end_transaction(true);
  const auto connection = leading_;
  co_await connection->run(pipeline, deadline);
}

}  // namespace holdfast
