#include "psp/routes.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>

#include "async/tuple.h"
#include "domain/assert.h"
#include "psp/limits.h"
#include "psp/problem.h"
#include "psp/server_core.h"

namespace holdfast::psp {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using async::kTuple;

constexpr std::string_view kRecordsOf = "/records/";

Instant now() {
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

asio::awaitable<void> pause(const ServerCore& core, Milliseconds time) {
  if (time.count() == 0) co_return;
  asio::steady_timer timer(core.executor);
  timer.expires_after(time);
  co_await timer.async_wait(kTuple);
}

Reply ok(std::string body) {
  return {Manner::answer, 200, std::move(body), {}};
}

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

std::string_view path_of(const Request& request) {
  const auto target = view(request.target());
  return target.substr(0, target.find('?'));
}

/// Surrounding double quotes are how the field's own draft writes it, and do not count.
std::string_view unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

/// Unset: the call may be taken; `key` is then its key.
std::optional<Reply> check_call(const ServerCore& core, const Request& request,
                                std::string_view& key) {
  const auto keys = request.equal_range("Idempotency-Key");
  if (std::distance(keys.first, keys.second) != 1) {
    return refusal(400, "invalid_request", "exactly one Idempotency-Key header is needed");
  }
  key = unquoted(view(keys.first->value()));
  if (key.empty() || key.size() > limits::kMaxKeyBytes) {
    return refusal(400, "invalid_request", "the Idempotency-Key has 1 to 255 characters");
  }
  if (!core.secret) return std::nullopt;
  const SignedMessage message{view(request["webhook-id"]), view(request["webhook-timestamp"]),
                              view(request["webhook-signature"]), request.body()};
  if (auto fault = signature_fault(*core.secret, message, now())) {
    return refusal(401, "invalid_signature", *fault);
  }
  // The signature covers webhook-id alone: a key beside it could be anyone's.
  if (message.id != key) {
    return refusal(401, "invalid_signature", "webhook-id is not the Idempotency-Key");
  }
  return std::nullopt;
}

asio::awaitable<void> carry_out(std::shared_ptr<ServerCore> core, Deferral deferral) {
  co_await pause(*core, deferral.after);
  if (auto report = core->provider.carry_out(deferral, now())) {
    core->reporter->send(std::move(*report));
  }
}

asio::awaitable<Reply> take_call(std::shared_ptr<ServerCore> core, const Request& request,
                                 Direction direction) {
  std::string_view key;
  if (auto refused = check_call(*core, request, key)) co_return std::move(*refused);
  json::error_code error;
  const json::value body = json::parse(request.body(), error);
  if (error) co_return refusal(400, "invalid_json", error.message());
  auto call = read_step_call(direction, key, body);
  if (!call) co_return refusal(400, "invalid_request", call.error());

  const Reception reception = core->provider.receive(std::move(*call));
  co_await pause(*core, reception.delay);
  Outcome outcome = core->provider.act(reception, now());
  if (outcome.deferral) {
    asio::co_spawn(core->executor, carry_out(core, std::move(*outcome.deferral)), asio::detached);
  }
  co_return Reply{outcome.manner, outcome.status, json::serialize(outcome.body), {}};
}

Reply put_switches(Provider& provider, const Request& request) {
  json::error_code error;
  const json::value body = json::parse(request.body(), error);
  if (error) return refusal(400, "invalid_json", error.message());
  const auto switches = merged(provider.switches(), body);
  if (!switches) return refusal(400, "invalid_request", switches.error());
  provider.set(*switches);
  return ok(to_json(*switches));
}

json::object all_records(const ServerCore& core) {
  json::object records = core.provider.records(std::nullopt);
  const auto& counts = core.reporter->counts();
  records["reports"] = {{"waiting", counts.waiting},
                        {"delivered", counts.delivered},
                        {"refused", counts.refused},
                        {"given_up", counts.given_up}};
  return records;
}

enum class Route {
  charges,
  refunds,
  records,
  records_of,
  get_switches,
  put_switches,
  reset,
  health
};

struct Entry {
  http::verb method;
  std::string_view path;
  Route route;
};
constexpr std::array<Entry, 8> kRoutes{{{http::verb::post, "/charges", Route::charges},
                                        {http::verb::post, "/refunds", Route::refunds},
                                        {http::verb::get, "/records", Route::records},
                                        {http::verb::get, kRecordsOf, Route::records_of},
                                        {http::verb::get, "/switches", Route::get_switches},
                                        {http::verb::put, "/switches", Route::put_switches},
                                        {http::verb::post, "/reset", Route::reset},
                                        {http::verb::get, "/healthz", Route::health}}};

bool is_at(const Entry& entry, std::string_view path) {
  if (entry.route != Route::records_of) return path == entry.path;
  return path.size() > kRecordsOf.size() && path.starts_with(kRecordsOf);
}

}  // namespace

Reply refusal(unsigned status, std::string_view code, std::string_view detail) {
  return {Manner::answer, status, json::serialize(problem_body(status, code, detail)), {}};
}

asio::awaitable<Reply> answer(std::shared_ptr<ServerCore> core, const Request& request) {
  const std::string_view path = path_of(request);
  const Entry* found = nullptr;
  std::string allow;
  for (const Entry& entry : kRoutes) {
    if (!is_at(entry, path)) continue;
    if (entry.method == request.method()) found = &entry;
    allow.append(allow.empty() ? "" : ", ").append(view(http::to_string(entry.method)));
  }
  if (found == nullptr && allow.empty()) {
    co_return refusal(404, "not_found",
                      "there are /charges, /refunds, /records, /records/{order_id}, /switches, "
                      "/reset and /healthz");
  }
  if (found == nullptr) {
    Reply reply = refusal(405, "method_not_allowed", "allowed here: " + allow);
    reply.allow = std::move(allow);
    co_return reply;
  }
  switch (found->route) {
    case Route::charges: co_return co_await take_call(core, request, Direction::forward);
    case Route::refunds: co_return co_await take_call(core, request, Direction::reverse);
    case Route::records: co_return ok(json::serialize(all_records(*core)));
    case Route::records_of: {
      const auto order_id = path.substr(kRecordsOf.size());
      co_return ok(json::serialize(core->provider.records(order_id)));
    }
    case Route::get_switches: co_return ok(to_json(core->provider.switches()));
    case Route::put_switches: co_return put_switches(core->provider, request);
    case Route::reset: core->provider.reset(); co_return Reply{Manner::answer, 204, {}, {}};
    case Route::health: co_return ok(R"({"status":"ok"})");
  }
  HF_UNREACHABLE("no known route");
}

}  // namespace holdfast::psp
