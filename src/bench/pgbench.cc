#include "bench/pgbench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <utility>

#include "bench/book.h"
#include "bench/options.h"
#include "bench/process.h"
#include "bench/scratch_database.h"

namespace holdfast::bench {
namespace {

constexpr const char* kClients = "8";

// What one order leaves in Holdfast's book, with the same keys and indexes.
constexpr const char* kSchema = R"(
create table stock (
  sku text primary key, loaded bigint not null, sold bigint not null default 0,
  returned bigint not null default 0,
  check (loaded - sold + returned >= 0)) with (fillfactor = 50);
create table orders (
  order_id uuid primary key, user_id text not null, currency text not null, lines jsonb not null,
  steps jsonb not null, amount bigint not null check (amount >= 0), status text not null,
  placed_at timestamptz not null, completed_at timestamptz);
create index on orders (user_id, placed_at desc, order_id);
create index on orders (placed_at desc, order_id);
create table stock_journal (
  sku text not null, id bigint generated always as identity, order_id uuid not null,
  delta bigint not null, at timestamptz not null, primary key (sku, id));
create table points (user_id text primary key, balance bigint not null);
create table points_journal (
  user_id text not null, id bigint generated always as identity, order_id uuid not null,
  delta bigint not null, at timestamptz not null, primary key (user_id, id));
)";

constexpr const char* kScript = R"(\set sku random(1, :skus)
\set user random(1, 1000000000000)
begin;
update stock set sold = sold + 1
 where sku = 'sku-' || :sku and loaded - sold + returned >= 1;
insert into orders values (gen_random_uuid(), 'user-' || :user, 'CNY',
 '[{"sku": "sku-0000", "quantity": 1, "unit_price": 1999}]',
 '[{"name": "stock", "status": "done"}, {"name": "points", "status": "done"}]',
 1999, 'completed', now(), now())
 returning order_id
\gset
insert into stock_journal (sku, order_id, delta, at)
 values ('sku-' || :sku, :order_id, -1, now());
insert into points values ('user-' || :user, 19)
 on conflict (user_id) do update set balance = points.balance + 19;
insert into points_journal (user_id, order_id, delta, at)
 values ('user-' || :user, :order_id, 19, now());
commit;
)";

// The program itself where it is known: Debian's wrapper in the PATH needs Perl and its own files.
std::string pgbench_program() {
  const char* installed = "/usr/lib/postgresql/15/bin/pgbench";
  return access(installed, X_OK) == 0 ? installed : "pgbench";
}

Result<void> fill(const std::string& url, const std::string& database) {
  auto book = Book::open(url, database);
  if (!book) {
    return tl::make_unexpected(book.error());
  }
  return book->run(std::string(kSchema) +
                   fmt::format("insert into stock select 'sku-' || n, {} from "
                               "generate_series(1, {}) n;",
                               kUnitsPerSku, kSkus) +
                   "analyze;");
}

}  // namespace

Result<double> run_pgbench(const std::string& postgres_url, const std::string& work_dir,
                           std::chrono::milliseconds time, const std::atomic<bool>& interrupted) {
  const auto scratch = ScratchDatabase::create(postgres_url);
  if (!scratch) {
    return tl::make_unexpected(scratch.error());
  }
  const auto filled = fill(postgres_url, scratch->name());
  if (!filled) {
    return tl::make_unexpected(filled.error());
  }
  const auto where = Book::open(postgres_url, scratch->name());
  if (!where) {
    return tl::make_unexpected(where.error());
  }
  const std::string script = work_dir + "/bench-pgbench.sql";
  std::ofstream(script) << kScript;
  const PGconn* connection = where->connection();
  const auto seconds = std::max<std::int64_t>(1, (time.count() + 999) / 1000);
  const std::vector<std::string> command{pgbench_program(),
                                         "--no-vacuum",
                                         "--protocol=prepared",
                                         "--client",
                                         kClients,
                                         "--jobs",
                                         "1",
                                         "--time",
                                         std::to_string(seconds),
                                         "--define",
                                         fmt::format("skus={}", kSkus),
                                         "--file",
                                         script,
                                         "--host",
                                         PQhost(connection),
                                         "--port",
                                         PQport(connection),
                                         "--username",
                                         PQuser(connection),
                                         scratch->name()};
  std::vector<std::string> environment;
  if (const char* password = PQpass(connection); password != nullptr && *password != '\0') {
    environment.push_back(std::string("PGPASSWORD=") + password);
  }
  auto child = ChildProcess::start(command, work_dir + "/bench-pgbench.log", environment);
  if (!child) {
    return tl::make_unexpected(child.error());
  }
  const bool did_end = child->wait_for_success(time + kStartDeadline, interrupted);
  const auto rate = parse_pgbench(text_of(child->log()));
  if (!did_end || !rate) {
    return fail("pgbench failed: " + tail_of(child->log(), 5));
  }
  return *rate;
}

std::optional<double> parse_pgbench(std::string_view report) {
  constexpr std::string_view kKey = "\ntps = ";
  const std::size_t at = report.find(kKey);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string number(report.substr(at + kKey.size(), 32));
  const double rate = std::strtod(number.c_str(), nullptr);
  return rate > 0 ? std::optional(rate) : std::nullopt;
}

}  // namespace holdfast::bench
