#include <algorithm>
#include <boost/json/serialize.hpp>

#include "embedded/http_files.h"
#include "http/json_writer.h"
#include "http/replies.h"
#include "http/resources.h"

namespace holdfast::http {
namespace {

using boost::asio::awaitable;

Response paused(bool is_paused) {
  Response response;
  JsonWriter json(response.body);
  json.begin_object();
  json.member("paused", is_paused);
  json.end_object();
  return response;
}

Response readiness_view(const std::vector<Readiness>& all) {
  const bool ready =
      std::all_of(all.begin(), all.end(), [](const Readiness& one) { return one.ready; });
  Response response;
  response.status = ready ? 200 : 503;
  response.retry_after_s = ready ? 0 : 1;
  JsonWriter json(response.body);
  json.begin_object();
  json.member("status", ready ? "ready" : "not_ready");
  json.key("dependencies");
  json.begin_object();
  for (const Readiness& one : all) {
    json.key(one.name);
    json.begin_object();
    json.member("ready", one.ready);
    if (!one.detail.empty()) json.member("detail", one.detail);
    json.end_object();
  }
  json.end_object();
  json.end_object();
  return response;
}

}  // namespace

awaitable<Response> pause_worker(Context& context) {
  if (const auto problem = expect_no_fields(context)) co_return to_response(*problem);
  const auto done = co_await context.services.operations.pause_worker();
  if (!done) co_return to_response(problem_of(done.error()));
  co_return paused(true);
}

awaitable<Response> resume_worker(Context& context) {
  if (const auto problem = expect_no_fields(context)) co_return to_response(*problem);
  const auto done = co_await context.services.operations.resume_worker();
  if (!done) co_return to_response(problem_of(done.error()));
  co_return paused(false);
}

awaitable<Response> get_status(Context& context) {
  const auto status = co_await context.services.operations.status();
  co_return ok(boost::json::serialize(status));
}

awaitable<Response> get_health(Context&) {
  co_return ok(R"({"status":"ok"})");
}

awaitable<Response> get_readiness(Context& context) {
  const auto all = co_await context.services.operations.readiness();
  co_return readiness_view(all);
}

awaitable<Response> get_metrics(Context& context) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = context.services.operations.metrics();
  co_return response;
}

awaitable<Response> get_openapi(Context&) {
  co_return ok(std::string(embedded::openapi_json));
}

}  // namespace holdfast::http
