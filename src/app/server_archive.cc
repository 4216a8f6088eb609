#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <map>
#include <utility>

#include "adapters/postgres/book_archive.h"
#include "app/book_archives.h"
#include "app/server_backend.h"
#include "async/spawn.h"
#include "codec/order_json.h"

namespace holdfast::app {
namespace {

using boost::asio::awaitable;
using codec::ArchiveKind;
using codec::ArchiveRecord;

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kPoll{100};
constexpr std::size_t kOutboxPage = 1'000;
constexpr Instant kAnyTime{Milliseconds{253'402'300'799'999}};  // the last that RFC 3339 can say

/// What is under way to the book: orders by id, each as its payload.
struct UnderWay {
  std::map<std::string, std::string> orders;
  std::uint64_t queued = 0;      ///< messages in the queue of orders
  std::uint64_t unrecorded = 0;  ///< messages on their way to be recorded as parked
};

PortError refused(std::string detail) {
  return PortError{PortErrorKind::rejected, Effect::none, std::move(detail)};
}

/// Looks once into Redis and RabbitMQ, on a loop of its own.
class Look {
 public:
  explicit Look(const Config& config)
      : ledger_(loop_.get_executor(), redis_options(config)),
        bus_(loop_.get_executor(), rabbit_options(config)) {}

  PortResult<UnderWay> take() {
    ledger_.start();
    bus_.start();
    PortResult<UnderWay> found;
    async::spawn(loop_.get_executor(), look(found), "the look at Redis and RabbitMQ");
    loop_.run();
    return found;
  }

 private:
  awaitable<void> look(PortResult<UnderWay>& found) {
    const bool there = co_await wait_until_connected();
    if (there) {
      found = co_await read();
    } else {
      found = tl::unexpected(PortError{PortErrorKind::unavailable, Effect::none, why_away()});
    }
    bus_.stop();
    ledger_.stop();
  }

  awaitable<bool> wait_until_connected() {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    boost::asio::steady_timer timer(loop_);
    while (!ledger_.connected() || !bus_.connected()) {
      if (std::chrono::steady_clock::now() >= until) co_return false;
      timer.expires_after(kPoll);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    co_return true;
  }

  [[nodiscard]] std::string why_away() const {
    return !ledger_.connected() ? "Redis cannot be reached: " + ledger_.last_error()
                                : "RabbitMQ cannot be reached: " + bus_.last_error();
  }

  awaitable<PortResult<UnderWay>> read() {
    UnderWay found;
    const auto orders = co_await bus_.depth(queues::orders);
    if (!orders) co_return tl::unexpected(orders.error());
    found.queued = orders->ready;
    const auto parked = co_await bus_.depth(queues::parked);
    if (!parked) co_return tl::unexpected(parked.error());
    found.unrecorded = parked->ready;
    const auto state = co_await ledger_.state();
    if (!state) co_return tl::unexpected(state.error());
    const auto entries =
        co_await ledger_.read_unsettled(kAnyTime, static_cast<std::size_t>(state->unsettled));
    if (!entries) co_return tl::unexpected(entries.error());
    for (const auto& entry : *entries) found.orders[entry.order_id.to_string()] = entry.payload;
    const auto outbox = co_await read_outbox(found);
    if (!outbox) co_return tl::unexpected(outbox.error());
    co_return found;
  }

  awaitable<PortResult<void>> read_outbox(UnderWay& found) {
    for (std::string after;;) {
      const auto entries = co_await ledger_.read_outbox(after, kAnyTime, kOutboxPage);
      if (!entries) co_return tl::unexpected(entries.error());
      if (entries->empty()) co_return PortResult<void>{};
      for (const auto& entry : *entries) {
        const auto placed = codec::placed_order_from_payload(entry.payload);
        if (!placed) co_return tl::unexpected(refused("Redis holds an order that is not readable"));
        found.orders[placed->order.id.to_string()] = entry.payload;
      }
      after = entries->back().outbox_id;
    }
  }

  boost::asio::io_context loop_{1};
  redis::RedisStockLedger ledger_;
  rabbitmq::RabbitMessageBus bus_;
};

class ServerArchive final : public BookArchive {
 public:
  explicit ServerArchive(const Config& config) : config_(config), book_(config.postgres.url) {}

  PortResult<bool> read(const Take& take) override {
    // Before the book: what is settled in between is found there.
    auto under_way = Look(config_).take();
    if (!under_way) return tl::unexpected(under_way.error());
    if (under_way->queued + under_way->unrecorded != 0) {
      return tl::unexpected(refused(
          "orders or parked messages wait in RabbitMQ: let a worker handle them, then stop it and "
          "export"));
    }
    auto& orders = under_way->orders;
    const auto whole = book_.read([&](const ArchiveRecord& record) {
      if (record.kind == ArchiveKind::order) orders.erase(codec::text_of(record, "order_id"));
      // What is parked is the operator's, and goes along as such.
      if (record.kind == ArchiveKind::parked &&
          codec::text_of(record, "queue") == queues::orders.value) {
        orders.erase(codec::text_of(record, "order_id"));
      }
      return take(record);
    });
    if (!whole || !*whole) return whole;
    for (const auto& [order_id, payload] : orders) {
      ArchiveRecord record;
      record.kind = ArchiveKind::unsettled;
      record.fields.emplace("order", boost::json::parse(payload));
      if (!take(record)) return false;
    }
    return true;
  }

  PortResult<void> write(const Next& next) override {
    const auto under_way = Look(config_).take();
    if (!under_way) return tl::unexpected(under_way.error());
    if (under_way->queued != 0 || !under_way->orders.empty()) {
      return tl::unexpected(
          refused("Redis or RabbitMQ hold orders of another book: empty them, or set another "
                  "namespace and [redis] key_prefix"));
    }
    return book_.write(next);
  }

 private:
  const Config& config_;  // HELD NOT OWNED
  postgres::PostgresBookArchive book_;
};

}  // namespace

std::unique_ptr<BookArchive> open_server_archive(const Config& config) {
  return std::make_unique<ServerArchive>(config);
}

}  // namespace holdfast::app
