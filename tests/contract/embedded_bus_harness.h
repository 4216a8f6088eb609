#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/embedded/broker.h"
#include "adapters/embedded/message_bus.h"
#include "adapters/sqlite/database.h"
#include "tests/contract/message_bus_fixture.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/writer_thread.h"

namespace holdfast::testing {

/// The machine's clock.
class EmbeddedBusClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
  }
  boost::asio::awaitable<void> sleep(Milliseconds duration) override {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, duration);
    boost::system::error_code cancelled;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
  }
};

/// Listens through the broker; the events come on the writer's thread.
class EmbeddedListener final : public EventListener {
 public:
  EmbeddedListener(embedded::Broker& broker, const std::string& pattern)
      : listening_(broker.listen(pattern, [this](const OutgoingMessage& event) { hear(event); })) {}

  std::vector<HeardEvent> take() override {
    const std::lock_guard lock(mutex_);
    return std::exchange(heard_, {});
  }

 private:
  void hear(const OutgoingMessage& event) {
    HeardEvent heard;
    heard.topic = *event.topic;
    heard.id = event.id.to_string();
    heard.content_type = event.content_type;
    heard.body = event.body;
    heard.headers = event.headers;
    // The mark by which a broker keeps an event on disk on its way. There is no way here: it is
    // heard before it is confirmed.
    heard.persistent = true;
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::move(heard));
  }

  std::mutex mutex_;
  std::vector<HeardEvent> heard_;
  std::unique_ptr<embedded::Listening> listening_;  // last: ends before what it is told into
};

/// Where the database writes, and into what.
enum class EmbeddedWriter {
  loop_in_memory,  ///< on the loop of the first bus, as a simulator does
  thread_in_file,  ///< on a thread of its own, as a process does
};

/// One database and its broker, made with the first bus.
class EmbeddedBusHarness final : public MessageBusHarness {
 public:
  explicit EmbeddedBusHarness(EmbeddedWriter writer) {
    if (writer == EmbeddedWriter::loop_in_memory) return;
    directory_.emplace();
    path_ = directory_->file("holdfast.db");
    thread_.emplace();
  }
  ~EmbeddedBusHarness() override {
    foreign_.reset();
    broker_.reset();
    if (database_ && thread_) drain();
    thread_.reset();
  }

  std::unique_ptr<MessageBus> open(boost::asio::any_io_executor executor) override {
    if (!broker_) start(thread_ ? thread_->executor() : executor);
    executor_ = executor;
    return std::make_unique<embedded::EmbeddedMessageBus>(std::move(executor), *broker_);
  }

  /// Queued once the loop runs: as the message's decoding would have left it.
  void send_foreign(const QueueName& queue, const ForeignMessage& message) override {
    if (!foreign_) foreign_ = std::make_unique<embedded::EmbeddedMessageBus>(executor_, *broker_);
    boost::asio::co_spawn(executor_, foreign_->publish({decoded(queue, message)}),
                          boost::asio::detached);
  }
  std::unique_ptr<EventListener> listen(const std::string& pattern) override {
    return std::make_unique<EmbeddedListener>(*broker_, pattern);
  }

  /// Until the writer's thread has nothing left for anybody's loop.
  void drain() { database_->drain(); }

  embedded::BrokerOptions options;

 private:
  void start(const boost::asio::any_io_executor& writer) {
    database_ = std::make_unique<sqlite::Database>(writer, path_);
    broker_ = std::make_unique<embedded::Broker>(*database_, writer, clock_, options);
  }

  static std::optional<std::string> text_of(const ForeignMessage::Header& header) {
    if (const auto* text = std::get_if<std::string>(&header)) return *text;
    if (const auto* flag = std::get_if<bool>(&header)) return *flag ? "true" : "false";
    std::ostringstream number;
    if (const auto* whole = std::get_if<std::int64_t>(&header)) {
      number << *whole;
    } else if (const auto* real = std::get_if<double>(&header)) {
      number << *real;
    } else {
      return std::nullopt;
    }
    return number.str();
  }

  static OutgoingMessage decoded(const QueueName& queue, const ForeignMessage& message) {
    OutgoingMessage outgoing;
    outgoing.queue = queue;
    outgoing.body = message.body;
    if (message.id) outgoing.id = MessageId::parse(*message.id).value_or(MessageId{});
    for (const auto& [key, header] : message.headers) {
      const auto text = text_of(header);
      if (text && key != "hf-attempts") outgoing.headers.emplace(key, *text);
    }
    return outgoing;
  }

  EmbeddedBusClock clock_;
  std::optional<TemporaryDirectory> directory_;
  std::string path_ = ":memory:";
  std::optional<WriterThread> thread_;
  boost::asio::any_io_executor executor_;
  std::unique_ptr<sqlite::Database> database_;
  std::unique_ptr<embedded::Broker> broker_;
  std::unique_ptr<embedded::EmbeddedMessageBus> foreign_;
};

}  // namespace holdfast::testing
