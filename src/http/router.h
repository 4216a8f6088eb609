#pragma once

#include <boost/beast/http/verb.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "http/context.h"
#include "http/problem.h"
#include "http/request.h"

namespace holdfast::http {

/// Who may use a route.
enum class Access {
  open,        ///< everyone, without a key
  shop,        ///< every key
  operations,  ///< keys of operators only
};

/// One line of the API: a method on a path template such as `/v1/orders/{order_id}`.
struct Route {
  boost::beast::http::verb method;
  std::string path;
  Access access;
  std::vector<std::string_view> query;  ///< names of the query parameters it knows
  Handler handler;
};

/// All routes of the API.
std::vector<Route> api_routes();

/// A request's route, and what the path and the query say to it.
struct Match {
  const Route* route = nullptr;
  std::array<std::string, 2> path;
  std::string_view query;
  bool head_only = false;  ///< HEAD: answered as GET is, without the body
};

/// Finds the route of a request. Immutable after construction.
class Router {
 public:
  explicit Router(std::vector<Route> routes);

  /// Refuses with 404 `not_found`, or 405 with the methods that the path has.
  [[nodiscard]] tl::expected<Match, Problem> match(const Request& request) const;
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Resource {
    std::vector<std::string> segments;  ///< `{name}` matches any one segment
    std::vector<std::size_t> routes;    ///< indices into routes_
    std::string allow;
  };
  [[nodiscard]] const Resource* find(const std::vector<std::string_view>& segments) const;

  std::vector<Route> routes_;
  std::vector<Resource> resources_;
};

}  // namespace holdfast::http
