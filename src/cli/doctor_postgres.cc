#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "app/config_url.h"
#include "cli/doctor.h"

namespace holdfast::cli {
namespace {

constexpr int kOldest = 150'000;  // PQserverVersion of 15.0

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Database = std::unique_ptr<PGconn, Finish>;

// The first value of the first row; nothing on an error or for NULL.
std::optional<std::string> ask(const Database& connection, const char* sql) {
  const std::unique_ptr<PGresult, Clear> result(PQexec(connection.get(), sql));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK || PQntuples(result.get()) != 1 ||
      PQgetisnull(result.get(), 0, 0)) {
    return std::nullopt;
  }
  return std::string(PQgetvalue(result.get(), 0, 0));
}

std::string first_line(std::string text) {
  text.erase(std::min(text.find('\n'), text.size()));
  return text;
}

Finding durability(const Database& connection) {
  const auto sync = ask(connection, "show fsync").value_or("unknown");
  const auto commit = ask(connection, "show synchronous_commit").value_or("unknown");
  const auto found = "fsync " + sync + ", synchronous_commit " + commit;
  // on, local, remote_write and remote_apply all write to the local disk before they answer.
  if (sync == "on" && commit != "off" && commit != "unknown") {
    return {Verdict::ok, found};
  }
  return {Verdict::fail, found + ": a settled order may be lost when the machine stops",
          "set both to on"};
}

Finding schema(const Database& connection, bool auto_migrate) {
  const auto table = ask(connection, "select to_regclass('schema_migrations')");
  if (!table) {
    return {auto_migrate ? Verdict::ok : Verdict::fail,
            auto_migrate ? "no schema yet: `holdfast serve` makes it" : "no schema yet",
            auto_migrate ? "" : "run `holdfast migrate`, since auto_migrate = false"};
  }
  const auto count = ask(connection, "select count(*) from schema_migrations");
  if (!count) {
    return {Verdict::fail,
            "schema_migrations cannot be read: " + first_line(PQerrorMessage(connection.get())),
            "use the role that owns the schema"};
  }
  return {Verdict::ok, "schema with " + *count + (*count == "1" ? " migration" : " migrations")};
}

}  // namespace

Findings probe_postgres(const app::Config& config) {
  const auto shown = app::redact_url(config.postgres.url);
  const auto seconds = std::to_string(std::max<long>(2, config.postgres.timeout.count() / 1000));
  const char* names[] = {"dbname", "connect_timeout", "application_name", nullptr};
  const char* values[] = {config.postgres.url.c_str(), seconds.c_str(), "holdfast doctor", nullptr};
  const Database connection(PQconnectdbParams(names, values, 1));
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    const bool away = PQpingParams(names, values, 1) == PQPING_NO_RESPONSE;
    return {{away ? Verdict::unreachable : Verdict::fail,
             shown + ": " + first_line(PQerrorMessage(connection.get())),
             away ? "start it, or mend postgres.url"
                  : "mend postgres.url, or make the role and the database"}};
  }
  Findings findings;
  const auto version = ask(connection, "show server_version").value_or("of unknown version");
  const auto found = shown + ", PostgreSQL " + version;
  if (PQserverVersion(connection.get()) < kOldest) {
    findings.push_back({Verdict::fail, found, "use PostgreSQL 15 or later"});
  } else {
    findings.push_back({Verdict::ok, found});
  }
  findings.push_back(durability(connection));
  findings.push_back(schema(connection, config.postgres.auto_migrate));
  return findings;
}

}  // namespace holdfast::cli
