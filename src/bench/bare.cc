#include "bench/bare.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <utility>
#include <vector>

#include "app/config.h"
#include "bench/alone.h"
#include "bench/stage.h"
#include "load/histogram.h"
#include "load/pacer.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Calls = std::function<asio::awaitable<std::string>()>;  // each returns its error

// Calls by a timetable, whatever became of those before.
struct Timetable {
  load::Pacer pacer;
  load::Histogram latency;
  std::string error;
  std::uint64_t open = 0;
};

asio::awaitable<void> call(Timetable& table, Calls& calls, Clock::time_point due) {
  auto error = co_await calls();
  table.latency.record(Clock::now() - due);
  --table.open;
  if (!error.empty()) {
    table.error = std::move(error);
  }
}

asio::awaitable<void> follow(Timetable& table, Calls& calls) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  std::uint64_t begun = 0;
  while (table.error.empty() && begun < table.pacer.total()) {
    timer.expires_at(table.pacer.due_at(begun));
    co_await timer.async_wait(asio::use_awaitable);
    for (const auto due = table.pacer.due_by(Clock::now()); begun < due; ++begun) {
      ++table.open;
      asio::co_spawn(timer.get_executor(), call(table, calls, table.pacer.due_at(begun)),
                     asio::detached);
    }
  }
  while (table.open != 0) {
    timer.expires_after(kPollEvery);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

Result<load::Histogram> drive(asio::io_context& loop, double per_second,
                              std::chrono::milliseconds time, Calls calls) {
  Timetable table{
      load::Pacer(Clock::now(), per_second, load::Pacer::fitting(per_second, time)), {}, {}, 0};
  std::vector<asio::awaitable<void>> tasks;
  tasks.push_back(follow(table, calls));
  run_all(loop, std::move(tasks));
  if (!table.error.empty()) {
    return fail(table.error);
  }
  return std::move(table.latency);
}

asio::awaitable<std::string> reserve(OrderMaker& orders, StockLedger& ledger) {
  auto request = reservation_of(orders.next());
  const auto result = co_await ledger.reserve(std::move(request));
  if (!result) {
    co_return result.error().detail;
  }
  co_return result->outcome == ReserveOutcome::reserved ? "" : "Redis refused a reservation";
}

asio::awaitable<std::string> publish(OrderMaker& orders, MessageBus& bus) {
  std::vector<OutgoingMessage> messages(1, message_of(orders, 1));
  const auto result = co_await bus.publish(std::move(messages));
  co_return result ? "" : result.error().detail;
}

}  // namespace

Result<Bare> measure_bare(const Options& options, double per_second,
                          std::chrono::milliseconds time) {
  const auto given = app::load_config(options.config, app::process_environment());
  if (!given) {
    return fail(given.error().text());
  }
  const auto config = under_own_names(*given);
  OrderMaker orders(default_plan(config));
  const auto reserving = on_ledger(config, [&](asio::io_context& loop, StockLedger& ledger) {
    return drive(loop, per_second, time, [&] { return reserve(orders, ledger); });
  });
  if (!reserving) {
    return tl::make_unexpected(reserving.error());
  }
  const auto publishing = on_bus(config, [&](asio::io_context& loop, MessageBus& bus) {
    return drive(loop, per_second, time, [&] { return publish(orders, bus); });
  });
  if (!publishing) {
    return tl::make_unexpected(publishing.error());
  }
  return Bare{ms_of(reserving->percentile(50)), ms_of(reserving->percentile(99)),
              ms_of(publishing->percentile(50)), ms_of(publishing->percentile(99))};
}

}  // namespace holdfast::bench
