#include "psp/reporter.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "async/tuple.h"
#include "psp/limits.h"

namespace holdfast::psp {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using async::kTuple;

bool may_help_to_ask_again(unsigned status) {
  const bool refusal = status >= 400 && status < 500;
  return !refusal || status == 408 || status == 425 || status == 429;
}

std::string body_of(const Report& report) {
  json::object body{{"outcome", report.succeeded ? "succeeded" : "failed"}};
  if (report.succeeded) body["reference"] = report.reference;
  return json::serialize(body);
}

}  // namespace

Reporter::Reporter(asio::any_io_executor executor, ReportTarget target, Chance chance)
    : executor_(std::move(executor)), target_(std::move(target)), chance_(chance) {}

void Reporter::send(Report report) {
  ++counts_.waiting;
  enqueue({std::move(report)});
}

void Reporter::enqueue(Pending pending) {
  queue_.push_back(std::move(pending));
  if (sending_ >= limits::kMaxReportsAtOnce) return;
  ++sending_;
  asio::co_spawn(executor_, drain(shared_from_this()), asio::detached);
}

asio::awaitable<void> Reporter::drain(std::shared_ptr<Reporter> self) {
  while (!self->queue_.empty()) {
    Pending pending = std::move(self->queue_.front());
    self->queue_.pop_front();
    const unsigned status = co_await self->attempt(pending.report);
    self->note(std::move(pending), status);
  }
  --self->sending_;
}

void Reporter::note(Pending pending, unsigned status) {
  const bool taken = status >= 200 && status < 300;
  if (!taken && may_help_to_ask_again(status) && ++pending.attempts < limits::kReportAttempts) {
    asio::co_spawn(executor_, enqueue_later(shared_from_this(), std::move(pending)),
                   asio::detached);
    return;
  }
  --counts_.waiting;
  ++(taken                           ? counts_.delivered
     : may_help_to_ask_again(status) ? counts_.given_up
                                     : counts_.refused);
}

/// A report that pauses takes no place from those that are due.
asio::awaitable<void> Reporter::enqueue_later(std::shared_ptr<Reporter> self, Pending pending) {
  const std::string name = pending.report.order_id + "/" + pending.report.step;
  const auto longest = limits::kReportFirstPause * (1U << (pending.attempts - 1));
  // Half of it is spread, so that reports which failed together do not come again together.
  const double part = 0.5 + 0.5 * self->chance_.draw("report", name, pending.attempts);
  asio::steady_timer timer(self->executor_);
  timer.expires_after(
      Milliseconds(static_cast<std::int64_t>(part * static_cast<double>(longest.count()))));
  co_await timer.async_wait(kTuple);
  self->enqueue(std::move(pending));
}

std::string Reporter::authority() const {
  const bool v6 = target_.host.find(':') != std::string::npos;
  return (v6 ? "[" + target_.host + "]" : target_.host) + ":" + target_.port;
}

asio::awaitable<unsigned> Reporter::attempt(const Report& report) {
  constexpr unsigned kNoAnswer = 0;
  asio::ip::tcp::resolver resolver(executor_);
  const auto [unresolved, addresses] =
      co_await resolver.async_resolve(target_.host, target_.port, kTuple);
  if (unresolved) co_return kNoAnswer;

  beast::tcp_stream stream(executor_);
  stream.expires_after(limits::kReportTimeout);
  const auto [unconnected, endpoint] = co_await stream.async_connect(addresses, kTuple);
  if (unconnected) co_return kNoAnswer;

  http::request<http::string_body> request(
      http::verb::post, target_.path + "/v1/orders/" + report.order_id + "/steps/" + report.step,
      11);
  request.set(http::field::host, authority());
  request.set(http::field::content_type, "application/json");
  if (!target_.key.empty()) request.set(http::field::authorization, "Bearer " + target_.key);
  request.keep_alive(false);
  request.body() = body_of(report);
  request.prepare_payload();
  const auto [unsent, written] = co_await http::async_write(stream, request, kTuple);
  if (unsent) co_return kNoAnswer;

  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(limits::kMaxReportAnswerBytes);
  const auto [unread, read] = co_await http::async_read(stream, buffer, parser, kTuple);
  co_return unread ? kNoAnswer : parser.get().result_int();
}

}  // namespace holdfast::psp
