#include "adapters/postgres/migrate.h"

#include <map>

#include "adapters/postgres/blocking_session.h"
#include "adapters/postgres/failure.h"
#include "domain/digest.h"
#include "embedded/postgres_migrations.h"

namespace holdfast::postgres {
namespace {

struct MigrationFailure {
  std::string what;
};

/// Checksums by name, of the migrations that were applied.
using Applied = std::map<std::string, std::string, std::less<>>;

Applied read_applied(BlockingSession& session) {
  // The lock ends with the session. (The numbers keep it apart from the book's other locks.) An
  // archive of the book is read and written under it too.
  session.query("select pg_advisory_lock(2, 2)", {}, "cannot lock");
  session.execute(
      "create table if not exists schema_migrations ("
      " name text collate \"C\" primary key,"
      " checksum text not null,"
      " applied_at timestamptz not null default now())",
      "cannot create schema_migrations");
  Applied applied;
  for (const auto& row : session.query("select name, checksum from schema_migrations", {},
                                       "cannot read schema_migrations")) {
    applied.emplace(row[0].value(), row[1].value());
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

void apply(BlockingSession& session, const Migration& migration, const std::string& checksum) {
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
  const auto failed = [&report](const std::string& what) {
    return tl::unexpected(what + " (applied before: " + list_of(report.applied) + ")");
  };
  try {
    BlockingSession session(url, "holdfast migrate");
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
    return failed(failure.what);
  } catch (const Failure& failure) {
    return failed(failure.what());
  }
  return report;
}

tl::expected<MigrationReport, std::string> migrate(const std::string& url) {
  return migrate(url, embedded::postgres_migrations_files);
}

}  // namespace holdfast::postgres
