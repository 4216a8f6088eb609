#include "bench/growth.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "bench/book.h"
#include "bench/headline.h"
#include "bench/scratch_database.h"
#include "bench/server.h"
#include "bench/stage.h"

namespace holdfast::bench {
namespace {

constexpr std::uint64_t kTargets[] = {0, 100'000, 500'000, 1'000'000, 2'000'000, 5'000'000};
constexpr std::uint64_t kOrdersAtATime = 50'000;
// Millions of orders take their time to be vacuumed.
constexpr const char* kStatementTimeout = "set statement_timeout = '15min'";

// Orders {0} up to, not including, {1}, each with the rows that the order of a user of his own
// leaves in every table. What an order looks like is taken from one that Holdfast has completed.
// Their times go back from an hour ago, two a second, so that the newest of {2} is the last; ids
// begin with the time, as Holdfast's do. As many units are loaded as are sold: the ledger, which
// knows nothing of all this, and the book still agree.
constexpr const char* kFill = R"(
with template as (
  select * from orders where status = 'completed' order by placed_at limit 1
),
filled as materialized (
  select n, placed_at, 'grown-' || lpad(n::text, 12, '0') as user_id,
         '{3}' || lpad((n * 7919 % {4})::text, 4, '0') as sku,
         (lpad(to_hex((extract(epoch from placed_at) * 1000)::bigint), 12, '0') || '7'
          || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid as order_id
  from generate_series({0}::bigint, {1}::bigint - 1) as n,
       lateral (select date_trunc('hour', now()) - interval '1 hour'
                       - ({2} - n) * interval '500 milliseconds') as at (placed_at)
),
ordered as (
  insert into orders (order_id, reservation_id, fingerprint, user_id, currency, lines, plan,
                      plan_version, attributes, amount, status, steps, points_earned, placed_at,
                      completed_at)
  select filled.order_id, gen_random_uuid(), fingerprint, filled.user_id, currency,
         jsonb_set(lines, '{{0,sku}}', to_jsonb(filled.sku)), plan, plan_version, attributes,
         amount, status, steps, points_earned, filled.placed_at,
         filled.placed_at + (completed_at - template.placed_at)
  from filled cross join template
),
credited as (
  insert into points (user_id, balance)
  select filled.user_id, points_earned from filled cross join template
),
points_journaled as (
  insert into points_journal (user_id, at, kind, cause_id, delta)
  select filled.user_id, filled.placed_at, 'order', order_id, points_earned
  from filled cross join (select points_earned from template) as earned
),
per_sku as (
  select sku, count(*) as units, min(placed_at) as at from filled group by sku
),
stock_journaled as (
  insert into stock_journal (sku, at, kind, cause_id, delta, sold)
  select sku, placed_at, 'order', order_id, -1, 1 from filled
),
loads_journaled as (
  insert into stock_journal (sku, at, kind, delta, loaded)
  select sku, at, (select kind from stock_journal where loaded > 0 limit 1), units, units
  from per_sku
)
update stock set loaded = loaded + units, sold = sold + units
from per_sku where stock.sku = per_sku.sku
)";

// Names that no other installation on the servers has.
std::vector<std::string> environment_of(const std::string& postgres_url,
                                        const ScratchDatabase& database) {
  const std::string name = fmt::format("holdfast-growth-{}", getpid());
  return {"HOLDFAST_NAMESPACE=" + name, "HOLDFAST_REDIS_KEY_PREFIX=" + name,
          "HOLDFAST_POSTGRES_URL=" + with_database(postgres_url, database.name())};
}

// Adds orders until the book has `target`; none when it has more.
Result<void> fill(Stage& stage, Book& book, std::uint64_t target, std::uint64_t most) {
  const auto have = book.count_orders();
  if (!have) {
    return tl::make_unexpected(have.error());
  }
  for (std::uint64_t at = *have; at < target; at += kOrdersAtATime) {
    stage.show("growth", fmt::format("filling the book: {} of {} orders", at, target));
    const auto filled = book.run(fmt::format(kFill, at, std::min(at + kOrdersAtATime, target), most,
                                             stage.sku_prefix("bench"), kSkus));
    if (!filled) {
      return filled;
    }
    if (stage.interrupted()) {
      return fail("interrupted");
    }
  }
  // As the autovacuum would leave it in time, and with nothing left to write of the filling.
  auto vacuumed = book.run("vacuum (analyze)");
  return vacuumed ? book.run("checkpoint") : vacuumed;
}

Result<GrowthPoint> measure(Stage& stage, Book& book, const Processes& processes,
                            const std::string& users) {
  GrowthPoint point;
  const auto orders_in_book = book.count_orders();
  if (!orders_in_book) {
    return tl::make_unexpected(orders_in_book.error());
  }
  Orders orders(stage.endpoint(), stage.shape(users));
  const auto run = stage.bounds("growth", stage.options().part(0.25, 1));
  const auto completed = stage.complete(orders, run, "growth");
  if (!completed) {
    return tl::make_unexpected(completed.error());
  }
  point.orders_in_book = *orders_in_book;
  point.completed_per_s = completed->completed_per_s;
  point.holdfast_mib = memory_of(processes.holdfast);
  point.redis_mib = memory_of_family(processes.redis);  // it forks to rewrite its file
  point.postgres_mib = memory_of_family(processes.postgres);
  return point;
}

Result<void> grow(Stage& stage, Book& book, const Processes& processes, Results& results) {
  auto stocked = bring_stock_in(stage);
  auto warm = stocked ? warm_up(stage) : stocked;
  if (!warm) {
    return warm;
  }
  const auto targets = growth_targets(stage.options().most_orders_in_book());
  for (const std::uint64_t target : targets) {
    const auto filled = fill(stage, book, target, targets.back());
    if (!filled) {
      return filled;
    }
    const auto point = measure(stage, book, processes, fmt::format("g{}", target));
    if (!point) {
      return tl::make_unexpected(point.error());
    }
    results.growth.push_back(*point);
    stage.done("growth", fmt::format("{:.0f} completed/s with {} orders in the book",
                                     point->completed_per_s, point->orders_in_book));
  }
  return {};
}

}  // namespace

std::vector<std::uint64_t> growth_targets(std::uint64_t most) {
  std::vector<std::uint64_t> targets;
  for (const std::uint64_t target : kTargets) {
    if (target < most) {
      targets.push_back(target);
    }
  }
  targets.push_back(most);
  return targets;
}

Result<void> measure_growth(const Options& options, const Target& target, Processes processes,
                            const std::string& log_dir, const Watcher& watcher, Results& results) {
  const auto database = ScratchDatabase::create(target.postgres_url);
  if (!database) {
    return tl::make_unexpected(database.error());
  }
  const Launch launch{options.config, environment_of(target.postgres_url, *database)};
  const auto server =
      start_holdfast(options, launch, target.endpoint, log_dir, watcher.interrupted);
  if (!server) {
    return tl::make_unexpected(server.error());
  }
  processes.holdfast = server->pid();
  auto book = Book::open(target.postgres_url, database->name());
  if (!book) {
    return tl::make_unexpected(book.error());
  }
  const auto limited = book->run(kStatementTimeout);
  if (!limited) {
    return limited;
  }
  Stage stage(options, target.endpoint, watcher, *book);
  return grow(stage, *book, processes, results);
}

}  // namespace holdfast::bench
