#include "adapters/postgres/migrate.h"

#include <libpq-fe.h>

#include <array>
#include <map>
#include <memory>

#include "domain/digest.h"
#include "embedded/postgres_migrations.h"

namespace holdfast::postgres {
namespace {

struct MigrationFailure {
  std::string what;
};

/// A blocking connection, for the one who starts the program and waits.
class Session {
 public:
  explicit Session(const std::string& url) {
    const std::array<const char*, 5> keywords{"dbname", "fallback_application_name",
                                              "client_encoding", "connect_timeout", nullptr};
    const std::array<const char*, 5> values{url.c_str(), "holdfast migrate", "UTF8", "5", nullptr};
    connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
    if (!connection_ || PQstatus(connection_.get()) != CONNECTION_OK) fail("cannot connect");
    PQsetNoticeReceiver(
        connection_.get(), [](void*, const PGresult*) {}, nullptr);
  }

  /// One or several statements without parameters.
  void execute(std::string_view sql, const std::string& what) {
    const Answer answer(PQexec(connection_.get(), std::string(sql).c_str()));
    check(answer, what);
  }

  using Rows = std::vector<std::vector<std::string>>;
  Rows query(const char* sql, const std::vector<std::string>& parameters, const std::string& what) {
    std::vector<const char*> values;
    for (const auto& parameter : parameters) values.push_back(parameter.c_str());
    const Answer answer(PQexecParams(connection_.get(), sql, static_cast<int>(values.size()),
                                     nullptr, values.data(), nullptr, nullptr, 0));
    check(answer, what);
    Rows rows;
    for (int i = 0; i < PQntuples(answer.get()); ++i) {
      auto& row = rows.emplace_back();
      for (int column = 0; column < PQnfields(answer.get()); ++column) {
        row.emplace_back(PQgetvalue(answer.get(), i, column));
      }
    }
    return rows;
  }

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  using Answer = std::unique_ptr<PGresult, Clear>;

  void check(const Answer& answer, const std::string& what) {
    const auto status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(what);
  }
  [[noreturn]] void fail(const std::string& what) {
    std::string message = connection_ ? PQerrorMessage(connection_.get()) : "out of memory";
    while (!message.empty() && message.back() == '\n') message.pop_back();
    throw MigrationFailure{what + ": " + message};
  }

  std::unique_ptr<PGconn, Finish> connection_;
};

/// Checksums by name, of the migrations that were applied.
using Applied = std::map<std::string, std::string, std::less<>>;

Applied read_applied(Session& session) {
  // The lock ends with the session. (The numbers keep it apart from the book's other locks.)
  session.query("select pg_advisory_lock(2, 2)", {}, "cannot lock");
  session.execute(
      "create table if not exists schema_migrations ("
      " name text collate \"C\" primary key,"
      " checksum text not null,"
      " applied_at timestamptz not null default now())",
      "cannot create schema_migrations");
  Applied applied;
  for (auto& row : session.query("select name, checksum from schema_migrations", {},
                                 "cannot read schema_migrations")) {
    applied.emplace(std::move(row[0]), std::move(row[1]));
  }
  return applied;
}

void check_known(const Applied& applied, std::span<const Migration> migrations) {
  for (const auto& [name, checksum] : applied) {
    bool known = false;
    for (const auto& migration : migrations) known = known || migration.first == name;
    if (!known) {
      throw MigrationFailure{"migration " + name +
                             " was applied by another version of this program that is newer"};
    }
  }
}

void apply(Session& session, const Migration& migration, const std::string& checksum) {
  const std::string name(migration.first);
  session.execute("begin", "cannot begin");
  session.execute(migration.second, "migration " + name + " failed and was rolled back");
  session.query("insert into schema_migrations (name, checksum) values ($1, $2)", {name, checksum},
                "cannot record migration " + name);
  session.execute("commit", "cannot commit migration " + name);
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "none" : list;
}

}  // namespace

tl::expected<MigrationReport, std::string> migrate(const std::string& url,
                                                   std::span<const Migration> migrations) {
  MigrationReport report;
  try {
    Session session(url);
    const auto applied = read_applied(session);
    check_known(applied, migrations);
    for (const auto& migration : migrations) {
      const auto checksum = sha256_hex(migration.second);
      const auto found = applied.find(migration.first);
      if (found == applied.end()) {
        apply(session, migration, checksum);
        report.applied.emplace_back(migration.first);
      } else if (found->second == checksum) {
        ++report.already_applied;
      } else {
        throw MigrationFailure{"migration " + found->first +
                               " was altered after it had been applied; write a new one instead"};
      }
    }
  } catch (const MigrationFailure& failure) {
    return tl::unexpected(failure.what + " (applied before: " + list_of(report.applied) + ")");
  }
  return report;
}

tl::expected<MigrationReport, std::string> migrate(const std::string& url) {
  return migrate(url, embedded::postgres_migrations_files);
}

}  // namespace holdfast::postgres
