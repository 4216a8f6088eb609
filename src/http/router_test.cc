#include "http/router.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "embedded/http_files.h"

namespace holdfast::http {
namespace {

using boost::beast::http::verb;

/// The template that `method target` is routed to, or the code and Allow of the refusal.
std::string routed(verb method, std::string target) {
  static const Router router(api_routes());
  Request request;
  request.method = method;
  request.target = std::move(target);
  const auto match = router.match(request);
  if (!match) return std::string(match.error().kind.code) + " " + std::string(match.error().allow);
  return match->route->path;
}

TEST(Router, FindsTemplates) {
  EXPECT_EQ(routed(verb::post, "/v1/orders"), "/v1/orders");
  EXPECT_EQ(routed(verb::get, "/v1/orders/abc"), "/v1/orders/{order_id}");
  EXPECT_EQ(routed(verb::head, "/healthz"), "/healthz");
  EXPECT_EQ(routed(verb::get, "http://host:80/healthz?x=1"), "/healthz");
  EXPECT_EQ(routed(verb::get, "/v1/parked/groups"), "/v1/parked/groups");
  EXPECT_EQ(routed(verb::post, "/v1/parked/retry"), "/v1/parked/retry");
  EXPECT_EQ(routed(verb::post, "/v1/parked/x/retry"), "/v1/parked/{id}/retry");
  EXPECT_EQ(routed(verb::post, "/v1/orders/x/refunds/preview"),
            "/v1/orders/{order_id}/refunds/preview");
}

TEST(Router, RefusesUnknownPaths) {
  for (const char* path :
       {"/", "", "*", "x", "/v1", "/v1/orders/", "//v1/orders", "/v1//orders", "/v1/orders/a/b",
        "/V1/orders", "/v1/events", "/a/b/c/d/e/f/g/h/i", "/v1/orders%2Fabc", "http://host"}) {
    EXPECT_EQ(routed(verb::get, path), "not_found ") << path;
  }
}

TEST(Router, NamesTheMethodsOfAPath) {
  EXPECT_EQ(routed(verb::delete_, "/v1/orders"), "method_not_allowed POST, GET, HEAD");
  EXPECT_EQ(routed(verb::options, "/healthz"), "method_not_allowed GET, HEAD");
  EXPECT_EQ(routed(verb::unknown, "/v1/orders/x/refunds"), "method_not_allowed POST");
  EXPECT_EQ(routed(verb::head, "/v1/orders/x/refunds"), "method_not_allowed POST");
  EXPECT_EQ(routed(verb::get, "/v1/parked/x"), "method_not_allowed DELETE");
}

TEST(Router, DecodesPathParameters) {
  const Router router(api_routes());
  Request request;
  request.method = verb::get;
  request.target = "/v1/stock/A%2D1/journal?limit=2";
  const auto match = router.match(request);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->path[0], "A-1");
  EXPECT_EQ(match->query, "limit=2");
  request.target = "/v1/stock/A%zz";
  EXPECT_EQ(router.match(request)->path[0], "A%zz");
}

TEST(OpenApi, DescribesEveryRouteAndNoOther) {
  const auto description = boost::json::parse(embedded::openapi_json).as_object();
  EXPECT_TRUE(description.at("openapi").as_string().starts_with("3.1"));
  std::set<std::string> described;
  std::set<std::string> described_query;
  for (const auto& [path, item] : description.at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object()) {
      if (method == "parameters") continue;
      const std::string name = std::string(method) + " " + std::string(path);
      described.insert(name);
      const auto* parameters = operation.as_object().if_contains("parameters");
      if (parameters == nullptr) continue;
      for (const auto& parameter : parameters->as_array()) {
        boost::json::value shown = parameter;
        if (const auto* ref = parameter.as_object().if_contains("$ref")) {
          const std::string pointer(ref->as_string().subview(1));
          shown = boost::json::value(description).at_pointer(pointer);
        }
        if (shown.at("in") != "query") continue;
        described_query.insert(name + "?" + std::string(shown.at("name").as_string()));
      }
    }
  }
  std::set<std::string> routed_ones;
  std::set<std::string> routed_query;
  for (const Route& route : api_routes()) {
    std::string method(boost::beast::http::to_string(route.method));
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    const std::string name = method + " " + route.path;
    routed_ones.insert(name);
    for (const auto parameter : route.query) {
      routed_query.insert(name + "?" + std::string(parameter));
    }
  }
  EXPECT_EQ(described, routed_ones);
  EXPECT_EQ(described_query, routed_query);
}

}  // namespace
}  // namespace holdfast::http
