#include "adapters/postgres/book_archive.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <thread>
#include <utility>

#include "adapters/postgres/blocking_session.h"
#include "adapters/postgres/book_archive_sql.h"
#include "adapters/postgres/failure.h"
#include "adapters/postgres/limits.h"
#include "embedded/postgres_queries.h"

namespace holdfast::postgres {
namespace {

namespace json = boost::json;
using codec::ArchiveKind;
using codec::ArchiveRecord;

bool query_flag(BlockingSession& session, std::string_view sql, const std::string& what) {
  return session.query(std::string(sql), {}, what).at(0).at(0) == "t";
}

/// Whether `condition` comes true while the connections of a process that has ended still go.
template <class Condition>
bool comes_true(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + limits::kArchivePatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(limits::kArchivePoll);
  }
  return true;
}

/// A session that has the book alone until its end, and has begun a transaction.
BlockingSession begin_alone(const std::string& url, const std::string& name,
                            std::string_view mode) {
  BlockingSession session(url, name);
  // The lock of migrate.cc: who starts now waits at its own migration. Not within the transaction,
  // which sees those that are connected as they were at first.
  const bool locked = comes_true([&session] {
    return query_flag(session, "select pg_try_advisory_lock(2, 2)", "cannot lock");
  });
  if (!locked) {
    throw rejected("another process of Holdfast is starting on this book: stop all of them first");
  }
  const bool alone = comes_true([&session] {
    return query_flag(session, embedded::archive_is_alone_sql, "cannot see who is connected");
  });
  if (!alone) {
    throw rejected("another process of Holdfast is connected to this book: stop all of them first");
  }
  session.execute("begin transaction isolation level repeatable read " + std::string(mode),
                  "cannot begin");
  return session;
}

ArchiveRecord record_of(ArchiveKind kind, const std::string& text) {
  ArchiveRecord record;
  record.kind = kind;
  auto row = json::parse(text);
  for (auto& member : row.as_object()) {
    if (!member.value().is_null()) record.fields.emplace(member.key(), std::move(member.value()));
  }
  return record;
}

/// False: `take` ended it.
bool read_kind(BlockingSession& session, ArchiveKind kind, const BookArchive::Take& take) {
  const std::string what = "cannot read " + std::string(codec::to_string(kind)) + " records";
  session.execute("declare rows no scroll cursor for " + archive::select_of(kind), what);
  const auto fetch = "fetch " + std::to_string(limits::kArchiveBatch) + " from rows";
  for (;;) {
    const auto rows = session.query(fetch, {}, what);
    if (rows.empty()) break;
    for (const auto& row : rows) {
      if (!take(record_of(kind, row.at(0).value()))) return false;
    }
  }
  session.execute("close rows", what);
  return true;
}

/// Records on their way into the book, those of one kind together.
class Writer {
 public:
  explicit Writer(BlockingSession& session) : session_(session) {}

  void add(ArchiveRecord record) {
    if (record.kind != kind_ || rows_.size() == limits::kArchiveBatch) write();
    kind_ = record.kind;
    rows_.push_back(std::move(record.fields));
  }
  void write() {
    if (rows_.empty()) return;
    session_.query(archive::insert_of(kind_), {json::serialize(rows_)},
                   "cannot write " + std::string(codec::to_string(kind_)) + " records");
    rows_.clear();
  }

 private:
  BlockingSession& session_;  // HELD NOT OWNED
  ArchiveKind kind_ = ArchiveKind::plan;
  json::array rows_;
};

void commit(BlockingSession& session) {
  try {
    session.execute("commit", "cannot commit");
  } catch (const Failure& failure) {
    if (!session.is_lost()) throw;
    auto error = failure.error();
    error.effect = Effect::unknown;
    throw Failure(std::move(error));
  }
}

/// Why the writing ended early; unset when all is written.
std::optional<PortError> write_all(BlockingSession& session, const BookArchive::Next& next) {
  if (!query_flag(session, embedded::archive_is_empty_sql, "cannot look into the book")) {
    throw rejected(
        "the book is not empty: an import needs a database without orders, refunds, stock, points, "
        "parked messages and events");
  }
  Writer writer(session);
  for (;;) {
    auto record = next();
    if (!record) return record.error();
    if (!*record) break;
    writer.add(std::move(**record));
  }
  writer.write();
  session.execute(embedded::archive_finish_sql, "cannot finish");
  commit(session);
  return std::nullopt;
}

}  // namespace

PortResult<bool> PostgresBookArchive::read(const Take& take) {
  try {
    auto session = begin_alone(url_, "holdfast export", "read only");
    for (std::size_t i = 0; i < codec::kArchiveKinds; ++i) {
      const auto kind = static_cast<ArchiveKind>(i);
      if (kind != ArchiveKind::unsettled && !read_kind(session, kind, take)) return false;
    }
    return true;
  } catch (const Failure& failure) {
    return tl::unexpected(failure.error());
  }
}

PortResult<void> PostgresBookArchive::write(const Next& next) {
  try {
    auto session = begin_alone(url_, "holdfast import", "read write");
    if (auto error = write_all(session, next)) return tl::unexpected(std::move(*error));
    return {};
  } catch (const Failure& failure) {
    return tl::unexpected(failure.error());
  }
}

}  // namespace holdfast::postgres
