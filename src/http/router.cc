#include "http/router.h"

#include <algorithm>

#include "domain/assert.h"
#include "http/limits.h"

namespace holdfast::http {
namespace {

using boost::beast::http::verb;

std::string_view text_of(verb method) {
  const auto text = boost::beast::http::to_string(method);
  return {text.data(), text.size()};
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{');
}

/// Segments of `/a/b`; empty when `path` does not begin with a slash or has too many.
template <class Segment>
std::vector<Segment> split(std::string_view path) {
  std::vector<Segment> segments;
  segments.reserve(limits::kMaxPathSegments);
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segments.size() == limits::kMaxPathSegments) return {};
    segments.emplace_back(segment);
    path.remove_prefix(segment.size());
  }
  return path.empty() ? segments : std::vector<Segment>{};
}

/// Path and query of a request target, also in its absolute form (RFC 9112, section 3.2.2).
std::string_view path_and_query(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) return target;
  const std::size_t slash = target.find('/', scheme + 3);
  return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
}

Problem nothing_here() {
  return make_problem(problems::kNotFound,
                      "There is no such path. GET /openapi.json describes all there are.");
}

/// Literal segments come before parameters, so that `/v1/parked/groups` is not taken for an id.
std::size_t count_parameters(const std::vector<std::string>& segments) {
  return static_cast<std::size_t>(std::count_if(segments.begin(), segments.end(), is_parameter));
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const auto segments = split<std::string>(routes_[i].path);
    HF_ASSERT(!segments.empty() && count_parameters(segments) <= 2);
    auto found = std::find_if(resources_.begin(), resources_.end(),
                              [&](const Resource& r) { return r.segments == segments; });
    if (found == resources_.end()) {
      found = resources_.insert(resources_.end(), Resource{segments, {}, {}});
    }
    found->routes.push_back(i);
    if (!found->allow.empty()) found->allow += ", ";
    found->allow += text_of(routes_[i].method);
    if (routes_[i].method == verb::get) found->allow += ", HEAD";
  }
  std::stable_sort(resources_.begin(), resources_.end(), [](const Resource& a, const Resource& b) {
    return count_parameters(a.segments) < count_parameters(b.segments);
  });
}

const Router::Resource* Router::find(const std::vector<std::string_view>& segments) const {
  for (const Resource& resource : resources_) {
    const bool matches =
        std::equal(resource.segments.begin(), resource.segments.end(), segments.begin(),
                   segments.end(), [](const std::string& wanted, std::string_view given) {
                     return is_parameter(wanted) ? !given.empty() : wanted == given;
                   });
    if (matches) return &resource;
  }
  return nullptr;
}

tl::expected<Match, Problem> Router::match(const Request& request) const {
  const std::string_view target = path_and_query(request.target);
  const std::size_t mark = std::min(target.find('?'), target.size());
  const auto segments = split<std::string_view>(target.substr(0, mark));
  const Resource* resource = segments.empty() ? nullptr : find(segments);
  if (resource == nullptr) return tl::unexpected(nothing_here());

  Match match;
  match.query = target.substr(std::min(mark + 1, target.size()));
  match.head_only = request.method == verb::head;
  const verb wanted = match.head_only ? verb::get : request.method;
  for (const std::size_t i : resource->routes) {
    if (routes_[i].method == wanted) match.route = &routes_[i];
  }
  if (match.route == nullptr) {
    Problem problem =
        make_problem(problems::kMethodNotAllowed,
                     "The methods that this path has are in the header Allow. Use one of them.");
    problem.allow = resource->allow;
    return tl::unexpected(std::move(problem));
  }
  std::size_t parameter = 0;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!is_parameter(resource->segments[i])) continue;
    auto decoded = percent_decode(segments[i], false);
    // What cannot be decoded stays as it is: it names nothing, and the resource says so.
    match.path[parameter++] = decoded ? std::move(*decoded) : std::string(segments[i]);
  }
  return match;
}

}  // namespace holdfast::http
