#include "adapters/sqlite/session.h"

#include <algorithm>

#include "domain/assert.h"

namespace holdfast::sqlite {

namespace {

// One process writes and reads: no other may look. Each commit waits for the disk (FULL), and the
// log is folded into the database every 4,000 pages, about 16 MiB.
constexpr const char* kFilePragmas = R"(
pragma locking_mode = exclusive;
pragma journal_mode = wal;
pragma synchronous = full;
pragma wal_autocheckpoint = 4000;
)";
constexpr const char* kPragmas = R"(
pragma foreign_keys = on;
pragma temp_store = memory;
pragma cache_size = -65536;
pragma secure_delete = off;
)";

/// SQLite need not count what it allocates: each count takes a lock. Has no effect where something
/// else in this process has opened a database before.
void count_no_memory() {
  static const int ignored = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(ignored);
}

}  // namespace

Rows::~Rows() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Rows::next() {
  column_ = 0;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  throw failure_of(connection_, code, sqlite3_sql(statement_));
}

Session::Session(const std::string& path) {
  count_no_memory();
  sqlite3* opened = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  connection_.reset(opened);
  if (code != SQLITE_OK) throw failure_of(opened, code, path.c_str());
  if (path != ":memory:") open_alone(path);
  script(kPragmas);
}

void Session::open_alone(const std::string& path) {
  const int code = sqlite3_exec(connection_.get(), kFilePragmas, nullptr, nullptr, nullptr);
  if ((code & 0xff) == SQLITE_BUSY) {
    throw Failure{PortErrorKind::unavailable,
                  "SQLite: " + path + " is in use: only one process at a time may open it"};
  }
  if (code != SQLITE_OK) throw failure_of(connection_.get(), code, path.c_str());
}

void Session::script(const std::string& sql) {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw failure_of(connection_.get(), code, "script");
}

std::string Session::image() const {
  sqlite3_int64 size = 0;
  const std::unique_ptr<unsigned char, void (*)(void*)> bytes(
      sqlite3_serialize(connection_.get(), "main", &size, 0), sqlite3_free);
  if (!bytes) throw failure_of(connection_.get(), SQLITE_NOMEM, "serialize");
  return {reinterpret_cast<const char*>(bytes.get()), static_cast<std::size_t>(size)};
}

void Session::restore(const std::string& image) {
  auto* bytes = static_cast<unsigned char*>(sqlite3_malloc64(image.size()));
  if (bytes == nullptr) throw failure_of(connection_.get(), SQLITE_NOMEM, "restore");
  std::copy(image.begin(), image.end(), bytes);
  // SQLite owns the bytes from here on, also when it fails.
  const auto size = static_cast<sqlite3_int64>(image.size());
  const int code =
      sqlite3_deserialize(connection_.get(), "main", bytes, size, size,
                          SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
  if (code != SQLITE_OK) throw failure_of(connection_.get(), code, "restore");
}

sqlite3_stmt* Session::prepared(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    Prepared statement(made);
    if (code != SQLITE_OK) throw failure_of(connection_.get(), code, std::string(sql).c_str());
    const std::string_view key = sqlite3_sql(made);
    found = statements_.emplace(key, std::move(statement)).first;
  }
  HF_ASSERT(sqlite3_stmt_busy(found->second.get()) == 0);
  return found->second.get();
}

}  // namespace holdfast::sqlite
