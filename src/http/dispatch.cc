#include "http/dispatch.h"

#include <spdlog/spdlog.h>

#include <chrono>

#include "http/limits.h"
#include "http/server_core.h"

namespace holdfast::http {
namespace {

namespace asio = boost::asio;

/// Null: the route may be used by whoever asks; `principal` is who that is.
std::optional<Problem> check_access(const ServerCore& core, const Route& route,
                                    const Request& request, const Principal*& principal) {
  static const Principal kNobody{"", Role::shop, {}};
  if (route.access == Access::open) {
    principal = &kNobody;
    return std::nullopt;
  }
  principal = core.authenticator.authenticate(request.authorization);
  if (principal == nullptr) {
    return make_problem(problems::kUnauthenticated,
                        "Send an API key that is configured, as `Authorization: Bearer <key>`.");
  }
  if (route.access == Access::operations && principal->role != Role::operations) {
    return make_problem(problems::kForbidden,
                        "Only keys with the role `operator` may do that. Ask whoever runs this "
                        "Holdfast.");
  }
  return std::nullopt;
}

Response failed() {
  return to_response(make_problem(
      problems::kInternalError,
      "This is a bug of Holdfast; its log says more under this X-Request-Id. What became of the "
      "request is not known: send it again only under the same id."));
}

asio::awaitable<Response> run(ServerCore& core, const Request& request, JsonDocument& document,
                              Match& match, std::string_view request_id) {
  const Principal* principal = nullptr;
  if (const auto problem = check_access(core, *match.route, request, principal)) {
    co_return to_response(*problem);
  }
  auto query = Query::parse(match.query, match.route->query);
  if (!query) co_return to_response(query.error());
  Context context{core.services, request,           *principal,
                  document,      std::move(*query), std::move(match.path)};
  bool threw = false;
  Response response;
  try {
    response = co_await match.route->handler(context);
  } catch (const std::exception& error) {
    spdlog::error("{} {} threw, X-Request-Id {}: {}", request.method_text, match.route->path,
                  request_id, error.what());
    threw = true;
  }
  if (threw) response = failed();
  co_return response;
}

/// The method as a label of metrics: few values, whatever clients send.
const std::string& label_of(boost::beast::http::verb method) {
  static const std::string kGet = "GET";
  static const std::string kHead = "HEAD";
  static const std::string kPost = "POST";
  static const std::string kPut = "PUT";
  static const std::string kDelete = "DELETE";
  static const std::string kOther = "other";
  using boost::beast::http::verb;
  switch (method) {
    case verb::get: return kGet;
    case verb::head: return kHead;
    case verb::post: return kPost;
    case verb::put: return kPut;
    case verb::delete_: return kDelete;
    default: return kOther;  // of the many methods there are, these are all that are used
  }
}

}  // namespace

asio::awaitable<Dispatched> dispatch(ServerCore& core, const Request& request,
                                     JsonDocument& document, std::string_view request_id) {
  static const std::string kUnmatched = "unmatched";
  const auto begun = std::chrono::steady_clock::now();
  Dispatched result;
  const std::string* route = &kUnmatched;
  auto match = core.router.match(request);
  if (match) {
    route = &match->route->path;
    result.head_only = match->head_only;
    result.response = co_await run(core, request, document, *match, request_id);
  } else {
    result.head_only = request.method == boost::beast::http::verb::head;
    result.response = to_response(match.error());
  }
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begun);
  core.services.operations.answered(label_of(request.method), *route, result.response.status, took);
  co_return result;
}

void choose_request_id(ServerCore& core, const Request& request, std::string& out) {
  out.clear();
  for (const char c : request.request_id) {
    if (c > 0x20 && c < 0x7f && out.size() < limits::kMaxRequestIdBytes) out.push_back(c);
  }
  if (out.empty()) core.make_request_id(out);
}

}  // namespace holdfast::http
