#include "adapters/postgres/connection.h"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

#include "adapters/postgres/limits.h"
#include "adapters/postgres/statements.h"
#include "domain/assert.h"

namespace holdfast::postgres {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

/// The connection cannot be used any more, or not in time. What that means for the effect is for
/// the catcher to say, who knows what had been sent.
struct Broken {
  PortErrorKind kind;
  std::string detail;
};

/// libpq's messages, which span lines, as one.
std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return text;
}

bool is_readable(int socket) {
  pollfd wanted{socket, POLLIN, 0};
  return ::poll(&wanted, 1, 0) == 1;
}

std::string field_of(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? std::string{} : std::string{text};
}

void ignore_notice(void* /*unused*/, const PGresult* result) {
  spdlog::debug("postgresql: {}", one_line(PQresultErrorMessage(result)));
}

}  // namespace

Connection::Connection(boost::asio::any_io_executor executor, std::string url,
                       SessionSettings settings)
    : url_(std::move(url)), settings_(std::move(settings)), socket_(executor), timer_(executor) {}

Connection::~Connection() {
  close();
}

void Connection::close() {
  ++armed_;
  ++watched_;
  timer_.cancel();
  release_socket();
  if (connection_ != nullptr) PQfinish(connection_);
  connection_ = nullptr;
}

void Connection::release_socket() {
  if (socket_.is_open()) socket_.release();
}

void Connection::adopt_socket() {
  release_socket();
  boost::system::error_code error;
  socket_.assign(PQsocket(connection_), error);
  if (error) throw Broken{PortErrorKind::unavailable, error.message()};
}

std::string Connection::last_error() const {
  return connection_ == nullptr ? "connection closed" : one_line(PQerrorMessage(connection_));
}

void Connection::arm(Deadline deadline) {
  expired_ = false;
  const auto token = ++armed_;
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this(), token](boost::system::error_code error) {
    if (error || token != self->armed_) return;
    self->expired_ = true;
    if (self->socket_.is_open()) self->socket_.cancel();
  });
}

boost::asio::awaitable<void> Connection::wait(Descriptor::wait_type type) {
  boost::system::error_code ignored;  // whatever it is, the next call of libpq finds it too
  if (expired_ || !socket_.is_open()) co_return;
  co_await socket_.async_wait(type,
                              boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

void Connection::check_not_ended() const {
  if (expired_) throw Broken{PortErrorKind::timed_out, "no answer from PostgreSQL in time"};
  if (connection_ == nullptr) throw Broken{PortErrorKind::unavailable, "connection closed"};
}

boost::asio::awaitable<void> Connection::ready(Descriptor::wait_type type) {
  co_await wait(type);
  check_not_ended();
}

boost::asio::awaitable<void> Connection::connect(Deadline deadline) {
  const auto self = shared_from_this();
  std::optional<Failure> failure;
  try {
    arm(deadline);
    co_await poll_until_connected(deadline);
    co_await set_up_session(deadline);
  } catch (const Broken& broken) {
    failure = Failure(PortError{broken.kind, Effect::none, broken.detail});
  } catch (const Failure& refused) {
    failure = Failure(PortError{PortErrorKind::unavailable, Effect::none, refused.what()});
  }
  if (!failure) co_return;
  close();
  throw *failure;
}

boost::asio::awaitable<void> Connection::poll_until_connected(Deadline /*armed already*/) {
  const std::array<const char*, 4> keywords{"dbname", "fallback_application_name",
                                            "client_encoding", nullptr};
  const std::array<const char*, 4> values{url_.c_str(), "holdfast", "UTF8", nullptr};
  connection_ = PQconnectStartParams(keywords.data(), values.data(), 1);
  if (connection_ == nullptr) throw Broken{PortErrorKind::unavailable, "out of memory"};
  auto state =
      PQstatus(connection_) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED) throw Broken{PortErrorKind::unavailable, last_error()};
    adopt_socket();
    co_await ready(state == PGRES_POLLING_READING ? Descriptor::wait_read : Descriptor::wait_write);
    // libpq may close this socket and try the next address on another one.
    release_socket();
    state = PQconnectPoll(connection_);
  }
  adopt_socket();
  PQsetNoticeReceiver(connection_, ignore_notice, nullptr);
  if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1) {
    throw Broken{PortErrorKind::unavailable, last_error()};
  }
}

boost::asio::awaitable<void> Connection::set_up_session(Deadline deadline) {
  Parameters parameters;
  parameters.add(std::to_string(settings_.statement_timeout.count()));
  parameters.add(settings_.event_source);
  Pipeline pipeline;
  pipeline.add(statements::session, std::move(parameters));
  pipeline.end_transaction(false);
  co_await run(pipeline, deadline);
}

void Connection::send_statement(const Statement& statement, const Parameters& parameters) {
  const auto values = parameters.values();
  const auto lengths = parameters.lengths();
  const std::vector<int> formats(values.size(), 1);
  constexpr int kBinary = 1;
  const int sent =
      statement.name.empty()
          ? PQsendQueryParams(connection_, statement.sql.c_str(), parameters.count(), nullptr,
                              values.data(), lengths.data(), formats.data(), kBinary)
          : PQsendQueryPrepared(connection_, std::string(statement.name).c_str(),
                                parameters.count(), values.data(), lengths.data(), formats.data(),
                                kBinary);
  if (sent != 1) throw Broken{PortErrorKind::unavailable, last_error()};
}

boost::asio::awaitable<void> Connection::flush() {
  using namespace boost::asio::experimental::awaitable_operators;
  for (;;) {
    const int left = PQflush(connection_);
    if (left < 0) throw Broken{PortErrorKind::unavailable, last_error()};
    if (left == 0) co_return;
    // The server may itself be waiting for us to read.
    co_await (wait(Descriptor::wait_write) || wait(Descriptor::wait_read));
    check_not_ended();
    if (PQconsumeInput(connection_) != 1) {
      throw Broken{PortErrorKind::unavailable, last_error()};
    }
  }
}

boost::asio::awaitable<PGresult*> Connection::next_result() {
  while (PQisBusy(connection_) == 1) {
    co_await ready(Descriptor::wait_read);
    if (PQconsumeInput(connection_) != 1) {
      throw Broken{PortErrorKind::unavailable, last_error()};
    }
  }
  co_return PQgetResult(connection_);
}

/// Follows one pipeline: what has been sent, answered and committed.
class Connection::Exchange {
 public:
  Exchange(Connection& connection, const Pipeline& pipeline, Results& results)
      : connection_(connection), pipeline_(pipeline), results_(results) {}

  void send() {
    std::unordered_set<std::string_view> prepared_here;
    for (const auto& item : pipeline_.items()) {
      bool prepares = false;
      if (item.statement == nullptr) {
        if (PQpipelineSync(connection_.connection_) != 1) {
          throw Broken{PortErrorKind::unavailable, connection_.last_error()};
        }
      } else {
        const auto& name = item.statement->name;
        prepares = !name.empty() && !connection_.prepared_.contains(name) &&
                   prepared_here.insert(name).second;
        if (prepares && PQsendPrepare(connection_.connection_, std::string(name).c_str(),
                                      item.statement->sql.c_str(), 0, nullptr) != 1) {
          throw Broken{PortErrorKind::unavailable, connection_.last_error()};
        }
        connection_.send_statement(*item.statement, item.parameters);
      }
      prepares_.push_back(prepares);
    }
  }

  void flushing() { sent_ = true; }

  boost::asio::awaitable<void> read_answers() {
    for (std::size_t i = 0; i < pipeline_.items().size(); ++i) {
      const auto& item = pipeline_.items()[i];
      if (item.statement == nullptr) {
        co_await read_sync(item.writes);
      } else {
        if (prepares_[i] && co_await read_answer(false)) {
          connection_.prepared_.insert(item.statement->name);
        }
        co_await read_answer(true);
      }
      answered_ = i + 1;
    }
  }

  void lost(const Broken& broken) {
    // The server's own word about this transaction, if it came, is the more exact one.
    if (!failure_) failure_ = Failure(PortError{broken.kind, effect_if_lost(), broken.detail});
  }

  [[nodiscard]] std::optional<Failure> failure() const { return failure_; }

 private:
  /// True when the statement succeeded.
  boost::asio::awaitable<bool> read_answer(bool keep) {
    Result result(co_await connection_.next_result());
    if (result.get() == nullptr) {
      throw Broken{PortErrorKind::unavailable, "answer out of step: " + connection_.last_error()};
    }
    const auto status = PQresultStatus(result.get());
    const bool succeeded = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!succeeded && status != PGRES_PIPELINE_ABORTED) note_error(result.get());
    // Each statement's results end with a null.
    PGresult* const end = co_await connection_.next_result();
    if (end != nullptr) {
      PQclear(end);
      throw Broken{PortErrorKind::unavailable, "more answers than statements"};
    }
    if (keep) results_.push_back(std::move(result));
    co_return succeeded;
  }

  boost::asio::awaitable<void> read_sync(bool writes) {
    Result result(co_await connection_.next_result());
    if (result.get() != nullptr && PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) {
      if (writes && !failure_) committed_ = true;
      co_return;
    }
    if (result.get() != nullptr) note_error(result.get());
    throw Broken{PortErrorKind::unavailable, connection_.last_error()};
  }

  void note_error(const PGresult* result) {
    const auto sqlstate = field_of(result, PG_DIAG_SQLSTATE);
    if (sqlstate.empty()) {
      // libpq's own words: the connection is gone.
      throw Broken{PortErrorKind::unavailable, one_line(PQresultErrorMessage(result))};
    }
    // The server's language does not matter for this field. FATAL ends the session, and may be
    // the answer to a commit that has happened.
    const auto severity = field_of(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const bool ends_session = severity != "ERROR";
    const auto effect = committed_     ? Effect::happened
                        : ends_session ? effect_if_lost()
                                       : Effect::none;
    const auto constraint = field_of(result, PG_DIAG_CONSTRAINT_NAME);
    auto detail = field_of(result, PG_DIAG_MESSAGE_PRIMARY) + " (" + sqlstate +
                  (constraint.empty() ? "" : ", " + constraint) + ")";
    const auto kind = ends_session ? PortErrorKind::unavailable : kind_of_sqlstate(sqlstate);
    if (!failure_) failure_ = Failure(PortError{kind, effect, std::move(detail)}, sqlstate);
    if (ends_session) throw Broken{PortErrorKind::unavailable, failure_->what()};
  }

  [[nodiscard]] Effect effect_if_lost() const {
    if (!sent_) return Effect::none;
    for (std::size_t i = answered_; i < pipeline_.items().size(); ++i) {
      if (pipeline_.items()[i].writes) return Effect::unknown;
    }
    return committed_ ? Effect::happened : Effect::none;
  }

  Connection& connection_;
  const Pipeline& pipeline_;
  Results& results_;
  std::vector<bool> prepares_;
  bool sent_ = false;
  bool committed_ = false;
  std::size_t answered_ = 0;
  std::optional<Failure> failure_;
};

boost::asio::awaitable<std::optional<Failure>> Connection::exchange(const Pipeline& pipeline,
                                                                    Results& results,
                                                                    Deadline deadline) {
  if (connection_ == nullptr) co_return unavailable("connection closed");
  Exchange exchange(*this, pipeline, results);
  bool broken = false;
  arm(deadline);
  try {
    exchange.send();
    exchange.flushing();
    co_await flush();
    co_await exchange.read_answers();
  } catch (const Broken& what) {
    exchange.lost(what);
    broken = true;
  }
  ++armed_;
  timer_.cancel();
  if (broken) close();
  co_return exchange.failure();
}

boost::asio::awaitable<Results> Connection::run(const Pipeline& pipeline, Deadline deadline) {
  HF_ASSERT(!pipeline.items().empty() && pipeline.items().back().statement == nullptr);
  const auto self = shared_from_this();
  Results results;
  auto failure = co_await exchange(pipeline, results, deadline);
  if (!failure) co_return results;
  if (connection_ != nullptr && PQtransactionStatus(connection_) != PQTRANS_IDLE) {
    Pipeline undo;
    undo.add(statements::rollback);
    undo.end_transaction(false);
    Results ignored;
    const auto undo_failure = co_await exchange(undo, ignored, deadline);
    if (undo_failure) close();
  }
  throw *failure;
}

bool Connection::is_usable() {
  if (connection_ == nullptr) return false;
  // A server that goes says so first, then closes: both are read here, if they have come.
  while (is_readable(PQsocket(connection_))) {
    if (PQconsumeInput(connection_) != 1) return false;
    static_cast<void>(PQisBusy(connection_));  // takes what was read for a notice
  }
  return PQstatus(connection_) == CONNECTION_OK && PQtransactionStatus(connection_) == PQTRANS_IDLE;
}

void Connection::watch(std::function<void()> on_lost) {
  const auto token = ++watched_;
  socket_.async_wait(Descriptor::wait_read,
                     [self = shared_from_this(), token,
                      on_lost = std::move(on_lost)](boost::system::error_code error) mutable {
                       if (error || token != self->watched_) return;
                       if (self->is_usable()) {
                         self->watch(std::move(on_lost));
                       } else {
                         on_lost();
                       }
                     });
}

void Connection::unwatch() {
  ++watched_;
  if (socket_.is_open()) socket_.cancel();
}

}  // namespace holdfast::postgres
