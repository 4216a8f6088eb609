#include "http/connection.h"

#include <spdlog/spdlog.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "async/tuple.h"
#include "http/dispatch.h"
#include "http/limits.h"
#include "http/request_reader.h"
#include "http/server_core.h"

namespace holdfast::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using async::kTuple;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

/// One client's connection: its socket, buffers and deadline. Lives in the coroutine that serves
/// it, on the loop's thread.
class Connection final : public Expirable {
 public:
  Connection(std::shared_ptr<ServerCore> core, tcp::socket socket)
      : core_(std::move(core)), socket_(std::move(socket)) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    core_->all.push_back(*this);
    ++core_->connections;
    expect(core_->options.request_timeout);
  }
  ~Connection() override {
    unlink();
    --core_->connections;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  asio::awaitable<void> run();
  asio::awaitable<void> refuse_and_end(Problem problem);

  void sweep(Time now) override {
    if (now < deadline_) return;
    deadline_ = Time::max();
    expired_ = true;
    cancel();
  }
  void drain() override {
    // A request that has come already is still answered, also when it was read just now and this
    // cancels nothing any more.
    if (is_over()) cancel();
  }
  void cut() override {
    cut_ = true;
    expired_ = true;
    cancel();
  }

 private:
  asio::awaitable<bool> read_some();
  asio::awaitable<bool> send(std::string_view bytes);
  asio::awaitable<bool> answer();
  asio::awaitable<void> linger();
  void follow_stage();
  /// The server stops, and this client has asked nothing more.
  [[nodiscard]] bool is_over() {
    error_code ignored;
    return core_->stopping && waiting_for_request_ && socket_.available(ignored) == 0;
  }
  void expect_next();
  void expect(std::chrono::milliseconds within) {
    deadline_ = Clock::now() + within - core_->sweep_every;
  }
  void cancel() {
    error_code ignored;
    socket_.cancel(ignored);
  }

  std::shared_ptr<ServerCore> core_;
  tcp::socket socket_;
  RequestReader reader_;
  JsonDocument document_;
  std::string out_;
  std::string request_id_;
  Time deadline_;
  RequestReader::Stage stage_ = RequestReader::Stage::idle;
  bool waiting_for_request_ = true;  ///< nothing of a request has arrived yet
  bool expired_ = false;
  bool cut_ = false;  ///< ends without another word
};

/// Sets the deadline when the request enters another stage; more bytes of the same stage do not
/// move it, so that a client cannot trickle for ever.
void Connection::follow_stage() {
  const RequestReader::Stage stage = reader_.stage();
  if (stage == stage_) return;
  stage_ = stage;
  waiting_for_request_ = stage == RequestReader::Stage::idle;
  expect(core_->options.request_timeout);
}

void Connection::expect_next() {
  reader_.next();
  stage_ = RequestReader::Stage::idle;
  waiting_for_request_ = reader_.stage() == RequestReader::Stage::idle;
  expect(waiting_for_request_ ? core_->options.keep_alive_timeout : core_->options.request_timeout);
}

/// False when the connection is over. When the deadline passed under a request, the answer to that
/// was sent.
asio::awaitable<bool> Connection::read_some() {
  if (cut_ || is_over()) co_return false;
  const auto [error, bytes] = co_await socket_.async_read_some(reader_.prepare(), kTuple);
  if (!error) {
    expired_ = false;  // it came just before it was too late
    reader_.commit(bytes);
    co_return !cut_;
  }
  if (cut_ || waiting_for_request_) co_return false;
  if (error == asio::error::eof) {  // the client may still read, though it sends no more
    Problem problem = make_problem(problems::kMalformedRequest,
                                   "The request ends before it is complete. Send all of it.");
    co_await refuse_and_end(std::move(problem));
  } else if (error == asio::error::operation_aborted && expired_) {
    Problem problem = make_problem(
        problems::kRequestTimeout,
        "The request did not arrive completely in time. Send it again, without pauses.");
    co_await refuse_and_end(std::move(problem));
  }
  co_return false;
}

asio::awaitable<bool> Connection::send(std::string_view bytes) {
  error_code error;
  // The socket's buffer nearly always has room: no detour through the reactor then.
  const std::size_t sent = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error);
  if (error && error != asio::error::would_block && error != asio::error::try_again) {
    co_return false;
  }
  bytes.remove_prefix(error ? 0 : sent);
  if (bytes.empty()) co_return true;
  if (cut_) co_return false;
  expired_ = false;
  expect(core_->options.request_timeout);
  const auto [failed, written] =
      co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()), kTuple);
  co_return !failed;
}

/// Answers the request that is ready. False when the connection ends with it.
asio::awaitable<bool> Connection::answer() {
  const Request& request = reader_.request();
  deadline_ = Time::max();  // the flows have deadlines of their own
  choose_request_id(*core_, request, request_id_);
  auto [response, head_only] = co_await dispatch(*core_, request, document_, request_id_);
  Framing framing;
  framing.date = core_->date();
  framing.request_id = request_id_;
  framing.keep_alive = request.keep_alive && !core_->stopping && !response.close;
  framing.http_1_0 = request.http_1_0;
  framing.head_only = head_only;
  out_.clear();
  append_response(out_, response, framing);
  const bool sent = co_await send(out_);
  if (out_.capacity() > limits::kMaxBodyBytes) std::string().swap(out_);
  co_return sent&& framing.keep_alive;
}

asio::awaitable<void> Connection::refuse_and_end(Problem problem) {
  choose_request_id(*core_, reader_.request(), request_id_);
  const Response response = to_response(problem);
  Framing framing;
  framing.date = core_->date();
  framing.request_id = request_id_;
  framing.keep_alive = false;
  out_.clear();
  append_response(out_, response, framing);
  static const std::string kUnmatched = "unmatched";
  static const std::string kAny = "-";
  core_->services.operations.answered(kAny, kUnmatched, response.status,
                                      std::chrono::microseconds(0));
  if (co_await send(out_)) co_await linger();
}

/// Reads on for a moment after the last answer: closing with unread bytes would reset the
/// connection, and the client might lose the answer.
asio::awaitable<void> Connection::linger() {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  std::size_t left = limits::kMaxLingerBytes;
  deadline_ = Clock::now() + limits::kLinger;
  expired_ = false;
  std::array<char, 4096> scratch;
  while (!error && !expired_ && !cut_) {
    const auto [failed, bytes] = co_await socket_.async_read_some(asio::buffer(scratch), kTuple);
    if (failed || bytes >= left) co_return;
    left -= bytes;
  }
}

asio::awaitable<void> Connection::run() {
  for (;;) {
    const RequestReader::Need need = reader_.advance();
    switch (need) {
      case RequestReader::Need::more:
        follow_stage();
        if (!co_await read_some()) co_return;
        break;
      case RequestReader::Need::send_continue:
        follow_stage();
        if (!co_await send("HTTP/1.1 100 Continue\r\n\r\n")) co_return;
        break;
      case RequestReader::Need::refused: {
        Problem problem = reader_.refusal();
        co_await refuse_and_end(std::move(problem));
        co_return;
      }
      case RequestReader::Need::ready:
        stage_ = RequestReader::Stage::body;
        waiting_for_request_ = false;
        if (!co_await answer()) {
          co_await linger();
          co_return;
        }
        expect_next();
        break;
    }
  }
}

}  // namespace

asio::awaitable<void> serve(std::shared_ptr<ServerCore> core, tcp::socket socket) {
  Connection connection(std::move(core), std::move(socket));
  try {
    co_await connection.run();
  } catch (const std::exception& error) {
    spdlog::error("a connection ended by an exception: {}", error.what());
  }
}

asio::awaitable<void> turn_away(std::shared_ptr<ServerCore> core, tcp::socket socket) {
  ServerCore& counted = *core;
  Connection connection(std::move(core), std::move(socket));
  ++counted.turned_away;
  try {
    Problem problem =
        make_problem(problems::kOverloaded,
                     "There are too many connections. Connect again after Retry-After, and keep "
                     "connections open for further requests.");
    problem.retry_after_s = 1;
    co_await connection.refuse_and_end(std::move(problem));
  } catch (const std::exception& error) {
    spdlog::error("a connection ended by an exception: {}", error.what());
  }
  --counted.turned_away;
}

}  // namespace holdfast::http
