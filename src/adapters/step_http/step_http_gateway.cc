#include "adapters/step_http/step_http_gateway.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

#include "adapters/step_http/answer.h"
#include "adapters/step_http/caller.h"
#include "domain/assert.h"

namespace holdfast::step_http {

namespace asio = boost::asio;

namespace {

/// One call that waits for the thread. Its timer only wakes it: a waiter that is kept by the
/// executor's context ends with that, whatever becomes of the gateway.
struct Ticket {
  explicit Ticket(const asio::any_io_executor& executor)
      : timer(executor, asio::steady_timer::time_point::max()) {}

  asio::steady_timer timer;
  StepAnswer answer = unknown_answer("the call was given up");
};

bool is_printable_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

/// All that the loop's thread keeps. Shared with the handlers that the adapter's thread posts, so
/// that those may outlive the gateway.
struct StepHttpGateway::Loop {
  explicit Loop(asio::any_io_executor on) : executor(std::move(on)) {}

  void close_ticket(std::uint64_t id, StepAnswer answer);
  void fail_all_tickets();
  static asio::awaitable<StepAnswer> wait(std::shared_ptr<Loop> self, std::uint64_t id,
                                          std::shared_ptr<Ticket> ticket);

  const asio::any_io_executor executor;
  bool stopped = false;
  std::uint64_t last_id = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<Ticket>> tickets;
};

void StepHttpGateway::Loop::close_ticket(std::uint64_t id, StepAnswer answer) {
  const auto found = tickets.find(id);
  if (found == tickets.end()) return;  // its caller was cancelled
  const auto ticket = std::move(found->second);
  tickets.erase(found);
  ticket->answer = std::move(answer);
  ticket->timer.cancel();
}

void StepHttpGateway::Loop::fail_all_tickets() {
  for (auto& [id, ticket] : std::exchange(tickets, {})) {
    ticket->answer = unknown_answer("stopped before the call had ended");
    ticket->timer.cancel();
  }
}

asio::awaitable<StepAnswer> StepHttpGateway::Loop::wait(std::shared_ptr<Loop> self,
                                                        std::uint64_t id,
                                                        std::shared_ptr<Ticket> ticket) {
  boost::system::error_code cancelled;
  co_await ticket->timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  self->tickets.erase(id);
  co_return std::move(ticket->answer);
}

StepHttpGateway::StepHttpGateway(asio::any_io_executor executor, const Clock& clock,
                                 StepHttpOptions options)
    : clock_(clock),
      options_(std::move(options)),
      loop_(std::make_shared<Loop>(std::move(executor))) {
  HF_ASSERT(is_printable_ascii(options_.user_agent));
  caller_ = std::make_unique<Caller>(options_, [loop = loop_](std::vector<Outcome> outcomes) {
    asio::post(loop->executor, [loop, outcomes = std::move(outcomes)]() mutable {
      for (auto& outcome : outcomes) loop->close_ticket(outcome.id, std::move(outcome.answer));
    });
  });
}

StepHttpGateway::~StepHttpGateway() {
  stop();
}

asio::awaitable<StepAnswer> StepHttpGateway::call(StepCall call) {
  HF_ASSERT(is_sendable_key(call.idempotency_key));
  const auto loop = loop_;
  if (loop->stopped) co_return unknown_answer("not sent: stopped");
  if (loop->tickets.size() >= options_.max_open_calls) {
    co_return unknown_answer("not sent: too many calls are under way or wait");
  }
  const std::uint64_t id = ++loop->last_id;
  auto ticket = std::make_shared<Ticket>(loop->executor);
  loop->tickets.emplace(id, ticket);
  caller_->call(QueuedCall{id, std::move(call), clock_.now(), std::chrono::steady_clock::now()});
  // From here on the gateway may be gone when we are resumed; only `loop` and the ticket are sure.
  co_return co_await Loop::wait(loop, id, std::move(ticket));
}

void StepHttpGateway::stop() {
  if (std::exchange(loop_->stopped, true)) return;
  caller_->stop();
  // Behind the last outcomes that the thread has posted.
  asio::post(loop_->executor, [loop = loop_] { loop->fail_all_tickets(); });
}

}  // namespace holdfast::step_http
