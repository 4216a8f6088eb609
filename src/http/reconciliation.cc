#include "http/replies.h"
#include "http/resources.h"
#include "http/views.h"

namespace holdfast::http {

boost::asio::awaitable<Response> get_reconciliation(Context& context) {
  const auto report = co_await context.services.reconciliation.report();
  if (!report) co_return to_response(problem_of(report.error()));
  co_return ok(reconciliation_view(*report));
}

boost::asio::awaitable<Response> repair(Context& context) {
  if (const auto problem = expect_no_fields(context)) co_return to_response(*problem);
  std::string actor(context.actor());
  const auto report = co_await context.services.operations.repair(std::move(actor));
  if (!report) co_return to_response(problem_of(report.error()));
  co_return ok(reconciliation_view(*report));
}

}  // namespace holdfast::http
