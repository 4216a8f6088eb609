#pragma once

#include <array>
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "adapters/redis/commands.h"
#include "adapters/redis/limits.h"
#include "adapters/redis/options.h"
#include "adapters/redis/redis_url.h"
#include "adapters/redis/reply.h"
#include "adapters/redis/scripts.h"
#include "ports/errors.h"

namespace holdfast::redis {

/// One pipelined connection to Redis that mends itself.
///
/// All commands begun in one turn of the loop go out in one write, so that a server with
/// `appendfsync always` makes them durable with one fsync; replies are matched first in, first
/// out. A call past its deadline drops the connection, because the replies after it could no
/// longer be matched. Nothing is sent twice.
///
/// Owns its socket, buffers and the calls in flight. All of it happens on the thread of the
/// executor's loop. Kept alive by its own pending operations until stop() was called, and by the
/// calls that wait on it; the executor's context must outlive it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Result = PortResult<Replies>;

  Connection(boost::asio::any_io_executor executor, RedisOptions options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Connects in the background, again and again until stop(). A malformed URL never connects.
  void start();
  /// Closes for good. Calls in flight fail later, from the loop, with Effect::unknown (those not
  /// yet written with Effect::none). The listener is not told.
  void stop();

  [[nodiscard]] bool connected() const { return ready_; }
  /// Why it is, or last was, not connected; empty before the first failure.
  [[nodiscard]] const std::string& last_error() const { return last_error_; }
  /// What the connected server calls itself from its start to its end.
  [[nodiscard]] const std::string& run_id() const { return run_id_; }
  /// The server answered and its settings are weaker than `require_durable` asks. Any thread.
  [[nodiscard]] bool is_too_weak() const { return is_too_weak_; }
  /// Told `true` when commands can be sent and `false` when no longer, before anything else is.
  void on_connection(std::function<void(bool)> listener) { listener_ = std::move(listener); }

  /// Sends the commands and waits for all of their replies, error replies among them. Fails with
  /// Effect::none while not connected, with Effect::unknown when the connection is lost under it
  /// or the deadline passes. `commands` must stay alive until then.
  boost::asio::awaitable<Result> exchange(const Commands& commands);

  /// The digest that EVALSHA takes; empty before the first connection.
  [[nodiscard]] std::string_view digest_of(Script script) const {
    return digests_[static_cast<std::size_t>(script)];
  }

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  /// A call that waits for its replies.
  struct Call {
    virtual ~Call() = default;
    /// Resumes the caller: now when `at_once` (on the loop, from the reader), else from the loop.
    virtual void complete(Result result, bool at_once) = 0;

    std::size_t awaited = 1;
    Replies replies;
    Deadline deadline;
  };
  template <class Handler>
  struct CallFor;

  enum class Phase { handshake, use };
  boost::asio::awaitable<Result> begin(const Commands& commands, Phase phase);
  void enqueue(const Commands& commands, Phase phase, std::unique_ptr<Call> call);

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<std::string> open();
  boost::asio::awaitable<std::string> open_unix();
  boost::asio::awaitable<std::string> open_tcp();
  boost::asio::awaitable<std::string> shake_hands();
  [[nodiscard]] std::chrono::milliseconds jittered(std::chrono::milliseconds wait);

  void schedule_flush();
  void flush();
  void write_rest(std::size_t from);
  void read_more();
  void on_read(boost::system::error_code error, std::size_t size);
  void take(Reply reply);
  void watch_deadline();
  /// Closes the socket and fails all calls; `run` connects again unless stopped.
  void drop(std::string why);

  struct FreeReader {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };

  boost::asio::any_io_executor executor_;
  RedisOptions options_;
  tl::expected<RedisAddress, std::string> address_;
  std::function<void(bool)> listener_;
  boost::asio::generic::stream_protocol::socket socket_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer deadline_timer_;  ///< of the oldest call, or of connecting
  boost::asio::steady_timer wake_;            ///< wakes `run`: a wait is over or was cut short
  std::minstd_rand jitter_;
  std::unique_ptr<redisReader, FreeReader> reader_;
  std::array<std::string, kScriptCount> digests_;

  std::deque<std::unique_ptr<Call>> calls_;  ///< in the order of their commands
  std::size_t unwritten_calls_ = 0;          ///< the last of `calls_`: wholly in `output_`
  std::string output_;                       ///< gathers until the next flush
  std::string in_write_;                     ///< what the socket is taking
  std::array<char, kReadBufferSize> input_;

  std::string last_error_;
  std::atomic<bool> is_too_weak_ = false;
  std::string run_id_;
  std::uint64_t epoch_ = 0;  ///< one per connection: what began under another is stale
  bool started_ = false;
  bool stopped_ = false;
  bool open_ = false;   ///< the socket is connected
  bool ready_ = false;  ///< and hands were shaken
  bool flush_scheduled_ = false;
  bool writing_ = false;
  bool watching_ = false;
};

template <class Handler>
struct Connection::CallFor final : Connection::Call {
  CallFor(Handler handler_of_call, boost::asio::any_io_executor fallback)
      : handler(std::move(handler_of_call)), executor(std::move(fallback)) {}

  void complete(Result result, bool at_once) override {
    const auto where = boost::asio::get_associated_executor(handler, executor);
    auto resume = [waiting = std::move(handler), outcome = std::move(result)]() mutable {
      std::move(waiting)(std::move(outcome));
    };
    if (at_once) {
      boost::asio::dispatch(where, std::move(resume));
    } else {
      boost::asio::post(where, std::move(resume));
    }
  }

  Handler handler;
  boost::asio::any_io_executor executor;
};

}  // namespace holdfast::redis
