#include "adapters/redis/connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "domain/assert.h"

namespace holdfast::redis {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

Connection::Connection(asio::any_io_executor executor, RedisOptions options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      address_(parse_redis_url(options_.url)),
      socket_(executor_),
      resolver_(executor_),
      deadline_timer_(executor_),
      wake_(executor_),
      jitter_(std::random_device{}()) {}

Connection::~Connection() = default;

void Connection::start() {
  if (started_ || stopped_) return;
  started_ = true;
  if (!address_) {
    last_error_ = address_.error();
    return;
  }
  // The handler keeps the connection alive: a coroutine member only has `this`.
  asio::co_spawn(executor_, run(), [self = shared_from_this()](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);  // the listener's: a bug of ours
  });
}

void Connection::stop() {
  if (stopped_) return;
  stopped_ = true;
  listener_ = nullptr;
  drop("stopped");
}

// --- calls -----------------------------------------------------------------------------------

asio::awaitable<Connection::Result> Connection::exchange(const Commands& commands) {
  return begin(commands, Phase::use);
}

asio::awaitable<Connection::Result> Connection::begin(const Commands& commands, Phase phase) {
  HF_ASSERT(commands.complete() && commands.count() > 0);
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(Result)>(
      [self = shared_from_this(), &commands, phase](auto handler) {
        using Handler = decltype(handler);
        self->enqueue(commands, phase,
                      std::make_unique<CallFor<Handler>>(std::move(handler), self->executor_));
      },
      asio::use_awaitable);
}

void Connection::enqueue(const Commands& commands, Phase phase, std::unique_ptr<Call> call) {
  if (phase == Phase::use && !ready_) {
    PortError error{PortErrorKind::unavailable, Effect::none, "Redis is not connected"};
    if (!last_error_.empty()) error.detail += ": " + last_error_;
    call->complete(tl::unexpected(std::move(error)), false);
    return;
  }
  if (phase == Phase::handshake && !open_) {
    PortError error{PortErrorKind::unavailable, Effect::none, last_error_};
    call->complete(tl::unexpected(std::move(error)), false);
    return;
  }
  if (calls_.size() >= kMaxCallsInFlight) {
    PortError error{PortErrorKind::unavailable, Effect::none, "too many calls to Redis at once"};
    call->complete(tl::unexpected(std::move(error)), false);
    return;
  }
  call->awaited = commands.count();
  call->deadline = Clock::now() + options_.timeout;
  output_.append(commands.text());
  calls_.push_back(std::move(call));
  ++unwritten_calls_;
  schedule_flush();
  watch_deadline();
}

// --- writing ---------------------------------------------------------------------------------

void Connection::schedule_flush() {
  if (flush_scheduled_ || writing_) return;
  flush_scheduled_ = true;
  // Posted behind everything that is ready to run now: all of its commands share the write.
  asio::post(executor_, [self = shared_from_this(), epoch = epoch_] {
    if (epoch == self->epoch_) self->flush();
  });
}

void Connection::flush() {
  flush_scheduled_ = false;
  if (output_.empty()) return;
  in_write_.swap(output_);
  output_.clear();
  unwritten_calls_ = 0;
  error_code error;
  const auto written = socket_.write_some(asio::buffer(in_write_), error);
  if (error && error != asio::error::would_block) {
    drop("cannot write: " + error.message());
  } else if (written < in_write_.size()) {
    write_rest(written);
  }
}

void Connection::write_rest(std::size_t from) {
  writing_ = true;
  asio::async_write(socket_, asio::buffer(in_write_) + from,
                    [self = shared_from_this(), epoch = epoch_](error_code error, std::size_t) {
                      if (epoch != self->epoch_) return;
                      self->writing_ = false;
                      if (error) {
                        self->drop("cannot write: " + error.message());
                      } else {
                        self->flush();
                      }
                    });
}

// --- reading ---------------------------------------------------------------------------------

void Connection::read_more() {
  socket_.async_read_some(asio::buffer(input_), [self = shared_from_this(), epoch = epoch_](
                                                    error_code error, std::size_t size) {
    if (epoch == self->epoch_) self->on_read(error, size);
  });
}

void Connection::on_read(error_code error, std::size_t size) {
  if (error) {
    drop(error == asio::error::eof ? "the server closed the connection"
                                   : "cannot read: " + error.message());
    return;
  }
  const auto epoch = epoch_;
  redisReaderFeed(reader_.get(), input_.data(), size);
  // A resumed caller may stop or drop the connection, and with it the reader.
  while (epoch == epoch_) {
    void* reply = nullptr;
    if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) {
      drop(std::string("the server's answer is malformed: ") + reader_->errstr);
      return;
    }
    if (reply == nullptr) {
      read_more();
      return;
    }
    take(Reply(reply));
  }
}

void Connection::take(Reply reply) {
  if (calls_.empty()) {
    drop("the server answered what was not asked");
    return;
  }
  auto& front = *calls_.front();
  front.replies.push_back(std::move(reply));
  if (front.replies.size() < front.awaited) return;
  const auto call = std::move(calls_.front());
  calls_.pop_front();
  auto replies = std::move(call->replies);
  call->complete(std::move(replies), true);
}

// --- deadlines and failures ------------------------------------------------------------------

// One timer for all calls: they have the same time, so the oldest is always the first to run out.
// It is not moved for each call, only looked at again when it fires.
void Connection::watch_deadline() {
  if (watching_ || calls_.empty()) return;
  watching_ = true;
  deadline_timer_.expires_at(calls_.front()->deadline);
  deadline_timer_.async_wait([self = shared_from_this(), epoch = epoch_](error_code error) {
    if (error || epoch != self->epoch_) return;
    self->watching_ = false;
    if (!self->calls_.empty() && self->calls_.front()->deadline <= Clock::now()) {
      self->drop("no answer within " + std::to_string(self->options_.timeout.count()) + " ms");
    } else {
      self->watch_deadline();
    }
  });
}

void Connection::drop(std::string why) {
  ++epoch_;
  error_code ignored;
  socket_.close(ignored);
  resolver_.cancel();
  deadline_timer_.cancel();
  reader_.reset();
  output_.clear();
  flush_scheduled_ = writing_ = watching_ = open_ = false;
  const bool was_ready = std::exchange(ready_, false);
  const auto lost = std::exchange(calls_, {});
  const auto written = lost.size() - std::exchange(unwritten_calls_, 0);
  last_error_ = std::move(why);
  wake_.cancel();

  const auto now = Clock::now();
  for (std::size_t i = 0; i < lost.size(); ++i) {
    const bool is_late = lost[i]->deadline <= now;
    PortError error{is_late ? PortErrorKind::timed_out : PortErrorKind::unavailable,
                    i < written ? Effect::unknown : Effect::none,
                    "Redis connection lost: " + last_error_};
    lost[i]->complete(tl::unexpected(std::move(error)), false);
  }
  if (was_ready && listener_) listener_(false);
}

// --- connecting ------------------------------------------------------------------------------

asio::awaitable<void> Connection::run() {
  auto wait = kReconnectFirst;
  while (!stopped_) {
    auto fault = co_await open();
    if (fault.empty()) fault = co_await shake_hands();
    if (stopped_) co_return;
    if (fault.empty()) {
      wait = kReconnectFirst;
      ready_ = true;
      last_error_.clear();
      if (listener_) listener_(true);
      if (ready_) {  // the listener may have stopped us
        wake_.expires_at(Clock::time_point::max());
        error_code ignored;
        co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      }
    } else {
      drop(std::move(fault));
    }
    if (stopped_) co_return;
    wake_.expires_after(jittered(wait));
    wait = std::min(wait * 2, kReconnectMax);
    error_code ignored;
    co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

std::chrono::milliseconds Connection::jittered(std::chrono::milliseconds wait) {
  std::uniform_int_distribution<std::int64_t> part(wait.count() / 2, wait.count());
  return std::chrono::milliseconds(part(jitter_));
}

/// Returns what went wrong, empty when the socket is open.
asio::awaitable<std::string> Connection::open() {
  deadline_timer_.expires_after(kConnectTimeout);
  deadline_timer_.async_wait([self = shared_from_this(), epoch = epoch_](error_code error) {
    if (error || epoch != self->epoch_ || self->open_) return;
    self->resolver_.cancel();
    error_code ignored;
    self->socket_.close(ignored);
  });
  const auto epoch = epoch_;
  // Not `co_await (a ? b : c)`: GCC 12 destroys such a temporary twice.
  std::string fault;
  if (address_->unix_path.empty()) {
    fault = co_await open_tcp();
  } else {
    fault = co_await open_unix();
  }
  if (stopped_ || epoch != epoch_) co_return "stopped";
  if (!fault.empty()) co_return "cannot connect: " + fault;
  error_code error;
  socket_.non_blocking(true, error);
  if (error) co_return "cannot connect: " + error.message();
  open_ = true;
  deadline_timer_.cancel();
  reader_.reset(redisReaderCreate());
  read_more();
  co_return std::string{};
}

asio::awaitable<std::string> Connection::open_unix() {
  const asio::generic::stream_protocol::endpoint endpoint(
      asio::local::stream_protocol::endpoint(address_->unix_path));
  error_code error;
  co_await socket_.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  co_return error ? error.message() : std::string{};
}

asio::awaitable<std::string> Connection::open_tcp() {
  error_code error;
  const auto results =
      co_await resolver_.async_resolve(address_->host, std::to_string(address_->port),
                                       asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return error.message();
  for (const auto& result : results) {
    if (socket_.is_open()) socket_.close(error);
    const asio::generic::stream_protocol::endpoint endpoint(result.endpoint());
    co_await socket_.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    if (stopped_ || error == asio::error::operation_aborted) break;
    if (error) continue;
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    co_return std::string{};
  }
  co_return error ? error.message() : std::string("the host has no address");
}

}  // namespace holdfast::redis
