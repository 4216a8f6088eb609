#include "bench/limit.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "adapters/postgres/migrate.h"
#include "app/config.h"
#include "app/server_backend.h"
#include "bench/alone.h"
#include "bench/book.h"
#include "bench/scratch_database.h"
#include "codec/messages.h"
#include "domain/decide_settlement.h"
#include "flows/settlement.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBuyers = 256;  // reservations at a time
constexpr std::size_t kMessagesAtATime = 8;
constexpr std::size_t kSettlementsAtATime = 2;

// One server under load: how many orders it was driven with until `until`, and what went wrong.
struct Drive {
  OrderMaker& orders;
  Clock::time_point until;
  std::uint64_t count = 0;
  std::string error;

  [[nodiscard]] bool goes_on() const { return error.empty() && Clock::now() < until; }
  template <class T>
  bool check(const PortResult<T>& result) {
    if (!result && error.empty()) {
      error = result.error().detail;
    }
    return result.has_value();
  }
};

// What was reserved and has still to be deleted from the outbox and marked as settled.
struct Reserved {
  std::vector<std::string> outbox_ids;
  std::vector<SettleMark> marks;
};

asio::awaitable<void> buy(Drive& drive, StockLedger& ledger, Reserved& reserved) {
  while (drive.goes_on()) {
    const Order order = drive.orders.next();
    auto request = reservation_of(order);
    const auto result = co_await ledger.reserve(std::move(request));
    if (!drive.check(result)) {
      co_return;
    }
    if (result->outcome != ReserveOutcome::reserved) {
      drive.error = "Redis refused a reservation";
      co_return;
    }
    ++drive.count;
    reserved.outbox_ids.push_back(result->outbox_id);
    reserved.marks.push_back(mark_of(order));
    if (reserved.outbox_ids.size() >= kOrdersInMessage) {
      drive.check(co_await ledger.delete_outbox(std::exchange(reserved.outbox_ids, {})));
    }
    if (reserved.marks.size() >= kOrdersInBatch) {
      drive.check(co_await ledger.settle(std::exchange(reserved.marks, {})));
    }
  }
}

asio::awaitable<void> publish(Drive& drive, MessageBus& bus) {
  while (drive.goes_on()) {
    std::vector<OutgoingMessage> messages(1, message_of(drive.orders, kOrdersInMessage));
    if (!drive.check(co_await bus.publish(std::move(messages)))) {
      co_return;
    }
    drive.count += kOrdersInMessage;
  }
}

asio::awaitable<void> settle(Drive& drive, OrderBook& book) {
  while (drive.goes_on()) {
    std::vector<Settlement> batch;
    for (std::size_t i = 0; i < kOrdersInBatch; ++i) {
      codec::IncomingOrder incoming{"1700000000000-0", {drive.orders.next(), kGeneration}};
      const auto now = drive.orders.now();
      auto decided = decide_settlement(incoming.placed.order, StepPolicy{}, now);
      batch.push_back(flows::settlement_of(incoming, std::move(decided), now));
    }
    if (!drive.check(co_await book.settle(std::move(batch)))) {
      co_return;
    }
    drive.count += kOrdersInBatch;
  }
}

asio::awaitable<void> open_book(Drive& drive, OrderBook& book) {
  drive.check(co_await book.begin_generation(kGeneration, drive.orders.now(), 1));
}

// One measurement: drives a server and says what an order cost it.
class Measurement {
 public:
  Measurement(const app::Config& config, const Processes& processes, std::chrono::milliseconds time)
      : config_(under_own_names(config)),
        processes_(processes),
        time_(time),
        orders_(default_plan(config)) {}

  Result<double> redis() {
    return on_ledger(config_, [this](asio::io_context& loop, StockLedger& ledger) {
      Reserved reserved;
      return drive(loop, "redis", kBuyers,
                   [&](Drive& drive) { return buy(drive, ledger, reserved); });
    });
  }

  Result<double> rabbitmq() {
    return on_bus(config_, [this](asio::io_context& loop, MessageBus& bus) {
      return drive(loop, "rabbitmq", kMessagesAtATime,
                   [&](Drive& drive) { return publish(drive, bus); });
    });
  }

  Result<double> postgres() {
    const auto scratch = ScratchDatabase::create(config_.postgres.url);
    if (!scratch) {
      return tl::make_unexpected(scratch.error());
    }
    auto prepared = prepare_book(scratch->name());
    if (!prepared) {
      return tl::make_unexpected(prepared.error());
    }
    asio::io_context loop{1};
    auto options = app::postgres_options(config_, kSettlementsAtATime);
    options.url = *prepared;
    PostgresOrderBook book(loop.get_executor(), options);
    if (!connect(loop, book)) {
      return unreachable("PostgreSQL could not be reached");
    }
    Drive opening{orders_, {}, 0, {}};
    run_all(loop, one(open_book(opening, book)));
    auto cost = drive(loop, "postgres", kSettlementsAtATime,
                      [&](Drive& drive) { return settle(drive, book); });
    book.stop();
    loop.run_for(kPollEvery);
    return cost;
  }

 private:
  static std::vector<asio::awaitable<void>> one(asio::awaitable<void> task) {
    std::vector<asio::awaitable<void>> tasks;
    tasks.push_back(std::move(task));
    return tasks;
  }

  // `task` so many times at once.
  template <class Task>
  Result<double> drive(asio::io_context& loop, const std::string& process, std::size_t at_a_time,
                       const Task& task) {
    Drive drive{orders_, Clock::now() + time_, 0, {}};
    std::vector<asio::awaitable<void>> tasks;
    for (std::size_t i = 0; i < at_a_time; ++i) {
      tasks.push_back(task(drive));
    }
    const double before = read_cpu(processes_).at(process);
    run_all(loop, std::move(tasks));
    const double used = read_cpu(processes_).at(process) - before;
    if (!drive.error.empty()) {
      return fail(process + ", driven alone: " + drive.error);
    }
    return used / static_cast<double>(drive.count) * 1e6;
  }

  // The scratch database with the book's tables and stock in it; returns its address.
  Result<std::string> prepare_book(const std::string& name) {
    auto book = Book::open(config_.postgres.url, name);
    if (!book) {
      return tl::make_unexpected(book.error());
    }
    const PGconn* connection = book->connection();
    std::string url = fmt::format("host='{}' port='{}' user='{}' dbname='{}'", PQhost(connection),
                                  PQport(connection), PQuser(connection), name);
    if (const char* password = PQpass(connection); password != nullptr && *password != '\0') {
      url += fmt::format(" password='{}'", password);
    }
    const auto migrated = holdfast::postgres::migrate(url);
    if (!migrated) {
      return fail("PostgreSQL: " + migrated.error());
    }
    auto filled = book->run(
        fmt::format("insert into stock (sku, loaded) select 'limit-' || lpad(n::text, 4, '0'), {} "
                    "from generate_series(0, {}) n; analyze;",
                    kUnitsPerSku, kSkus - 1));
    if (!filled) {
      return tl::make_unexpected(filled.error());
    }
    return url;
  }

  app::Config config_;
  const Processes& processes_;
  std::chrono::milliseconds time_;
  OrderMaker orders_;
};

}  // namespace

Result<Limit> measure_limit(const Options& options, const Processes& processes,
                            std::chrono::milliseconds time,
                            const std::function<void(const std::string&)>& on_server) {
  const auto config = app::load_config(options.config, app::process_environment());
  if (!config) {
    return fail(config.error().text());
  }
  Measurement measurement(*config, processes, time);
  Limit limit;
  double sum_us = 0;
  using Server = std::pair<const char*, Result<double> (Measurement::*)()>;
  for (const auto& [name, measure] :
       {Server{"redis", &Measurement::redis}, Server{"rabbitmq", &Measurement::rabbitmq},
        Server{"postgres", &Measurement::postgres}}) {
    on_server(name);
    const auto cost = (measurement.*measure)();
    if (!cost) {
      return tl::make_unexpected(cost.error());
    }
    limit.cpu_us_per_order[name] = *cost;
    sum_us += *cost;
  }
  limit.per_s = read_machine().cores * 1e6 / sum_us;
  return limit;
}

}  // namespace holdfast::bench
