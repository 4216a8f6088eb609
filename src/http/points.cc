#include "http/replies.h"
#include "http/resources.h"
#include "http/views.h"

namespace holdfast::http {

boost::asio::awaitable<Response> get_points(Context& context) {
  const std::string& name = context.path[0];
  if (!is_valid_name(name)) {
    co_return to_response(make_problem(
        problems::kNotFound, "No user has such an id: it is 1 to 64 characters of A-Za-z0-9._:-."));
  }
  UserId user_id{name};
  const auto points = co_await context.services.queries.points(std::move(user_id));
  if (!points) co_return to_response(problem_of(points.error()));
  co_return ok(points_view(*points));
}

}  // namespace holdfast::http
