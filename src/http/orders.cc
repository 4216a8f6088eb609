#include <algorithm>

#include "http/prefer.h"
#include "http/replies.h"
#include "http/request_bodies.h"
#include "http/resources.h"
#include "http/views.h"

namespace holdfast::http {
namespace {

using boost::asio::awaitable;
using flows::PlaceOutcome;

Problem unknown_order() {
  return make_problem(problems::kUnknownOrder,
                      "No order has this id. Check the id, or list orders with GET /v1/orders.");
}

Problem retry_later(const ProblemKind& kind, const flows::PlaceAnswer& answer,
                    std::string_view what) {
  std::string detail(what);
  if (!answer.detail.empty()) detail += " (" + answer.detail + ")";
  detail +=
      ". Send it again after Retry-After, with this order_id: that is safe, whatever became of "
      "this request.";
  Problem problem = make_problem(kind, std::move(detail));
  problem.order_id = answer.order_id.to_string();
  problem.retry_after_s = std::max(answer.retry_after_s, 1U);
  return problem;
}

Problem out_of_stock(flows::PlaceAnswer answer) {
  Problem problem = make_problem(
      problems::kOutOfStock,
      "The lines in `shortages` ask for more than is available. Order less, or ask again later.");
  problem.shortages = std::move(answer.shortages);
  return problem;
}

Problem limit_exceeded(flows::PlaceAnswer answer) {
  Problem problem = make_problem(
      problems::kPurchaseLimitExceeded,
      "This user may not buy that many of this SKU; `bought` counts orders that stand.");
  problem.limit = std::move(answer.limit);
  return problem;
}

/// Points at the lines that name the unknown SKUs.
Problem unknown_skus(JsonDocument& document, const std::vector<Sku>& unknown) {
  Problem problem = make_problem(
      problems::kUnknownSkuInBody,
      "The order names SKUs that were never stocked; see `errors`. Set their stock with PUT "
      "/v1/stock/{sku}, or mend the order.");
  if (!unknown.empty()) problem.sku = unknown.front().value;
  const auto request = read_order_request(document);
  for (std::size_t i = 0; request && i < request->lines.size(); ++i) {
    const Sku& sku = request->lines[i].sku;
    if (std::find(unknown.begin(), unknown.end(), sku) == unknown.end()) continue;
    problem.errors.push_back({"/lines/" + std::to_string(i) + "/sku", "there is no such SKU"});
  }
  return problem;
}

Problem unknown_plan() {
  Problem problem =
      make_problem(problems::kUnknownPlan,
                   "No plan of this name is configured. Leave `plan` out for the plan `default`.");
  problem.errors.push_back({"/plan", "there is no such plan"});
  return problem;
}

Response taken(const flows::PlaceAnswer& answer, const OrderAggregate& order, bool waited) {
  Response response;
  const bool final = waited && is_final(order.order.status);
  response.status = final ? 200 : 202;
  response.body = order_view(order, final ? std::nullopt : std::optional(answer.durability));
  response.location = "/v1/orders/" + answer.order_id.to_string();
  response.replayed = answer.outcome == PlaceOutcome::replayed;
  return response;
}

Response refused(Context& context, flows::PlaceAnswer answer) {
  switch (answer.outcome) {
    case PlaceOutcome::unknown_plan: return to_response(unknown_plan());
    case PlaceOutcome::rebuilding:
      return to_response(retry_later(problems::kRebuilding, answer,
                                     "The stock ledger is being rebuilt; nothing was done"));
    case PlaceOutcome::unavailable:
      return to_response(retry_later(problems::kUnavailable, answer,
                                     "The stock ledger cannot be reached at the moment"));
    case PlaceOutcome::overloaded:
      return to_response(retry_later(problems::kOverloaded, answer,
                                     "Too many orders wait to be settled; nothing was done"));
    case PlaceOutcome::conflict:
      return to_response(make_problem(
          problems::kOrderIdConflict,
          "An order with this id exists and has other content. Send the same content to repeat "
          "it, or a new id for a new order."));
    case PlaceOutcome::unknown_sku:
      return to_response(unknown_skus(context.document, answer.unknown_skus));
    case PlaceOutcome::out_of_stock: return to_response(out_of_stock(std::move(answer)));
    case PlaceOutcome::limit_exceeded: return to_response(limit_exceeded(std::move(answer)));
    case PlaceOutcome::replayed:
    case PlaceOutcome::accepted: break;
  }
  HF_ASSERT(false);
}

bool is_taken(const flows::PlaceAnswer& answer) {
  return answer.outcome == PlaceOutcome::accepted || answer.outcome == PlaceOutcome::replayed;
}

/// Waits for the end of an order that was taken. When that cannot be seen, the order is shown as
/// it was when it was taken: it stands, whatever befell the waiting.
awaitable<void> wait_until_final(Context& context, flows::PlaceAnswer& answer, Instant until) {
  if (is_final(answer.order->order.status)) co_return;
  const Milliseconds left = until - context.services.clock.now();
  if (left <= Milliseconds::zero()) co_return;
  auto waited = co_await context.services.queries.wait_for_order(answer.order_id, left);
  if (waited) answer.order = std::move(*waited);
}

}  // namespace

awaitable<Response> place_order(Context& context) {
  if (const auto problem = parse_body(context)) co_return to_response(*problem);
  auto request = read_order_request(context.document);
  if (!request) co_return to_response(request.error());
  const auto in_body =
      request->order_id ? std::optional(request->order_id->value) : std::optional<Uuid>{};
  const auto identity =
      identify(context.request, in_body, context.principal.spaces.orders, context.services.ids);
  if (!identity) co_return to_response(identity.error());

  const auto wait = preferred_wait(context.request.prefer);
  const Instant until = context.services.clock.now() + wait.value_or(std::chrono::seconds(0));
  flows::PlaceCommand command;
  command.request = std::move(*request);
  command.order_id = OrderId{identity->id};
  command.id_from_client = identity->from_client;
  auto answer = co_await context.services.admission.place(std::move(command));
  if (!is_taken(answer)) co_return refused(context, std::move(answer));

  HF_ASSERT(answer.order.has_value());
  if (wait) co_await wait_until_final(context, answer, until);
  Response response = taken(answer, *answer.order, wait.has_value());
  note_wait(response, wait);
  co_return response;
}

awaitable<Response> get_order(Context& context) {
  const auto order_id = OrderId::parse(context.path[0]);
  if (!order_id) co_return to_response(unknown_order());
  const auto wait = preferred_wait(context.request.prefer);
  flows::Queries& queries = context.services.queries;
  flows::Outcome<OrderAggregate> order;
  if (wait && wait->count() > 0) {
    order = co_await queries.wait_for_order(*order_id, *wait);
  } else {
    order = co_await queries.order(*order_id);
  }
  if (!order) co_return to_response(problem_of(order.error(), unknown_order()));
  Response response = ok(order_view(*order));
  note_wait(response, wait);
  co_return response;
}

awaitable<Response> list_orders(Context& context) {
  OrderFilter filter;
  if (auto user_id = context.query.name("user_id")) filter.user_id = UserId{std::move(*user_id)};
  filter.status = context.query.word("status", parse_order_status);
  if (auto sku = context.query.name("sku")) filter.sku = Sku{std::move(*sku)};
  filter.placed_after = context.query.time("placed_after");
  filter.placed_before = context.query.time("placed_before");
  PageRequest wanted = context.query.page();
  if (const auto& problem = context.query.problem()) co_return to_response(*problem);
  const auto page =
      co_await context.services.queries.list_orders(std::move(filter), std::move(wanted));
  if (!page) co_return to_response(problem_of(page.error()));
  co_return ok(page_view("orders", *page, [](JsonWriter& json, const OrderAggregate& order) {
    write_order(json, order);
  }));
}

awaitable<Response> report_step(Context& context) {
  const auto order_id = OrderId::parse(context.path[0]);
  if (!order_id) co_return to_response(unknown_order());
  if (const auto problem = parse_body(context)) co_return to_response(*problem);
  auto report = read_step_report(context.document);
  if (!report) co_return to_response(report.error());
  const StepName step{context.path[1]};
  auto answer = co_await context.services.reports.report(*order_id, step, std::move(*report));
  if (!answer) co_return to_response(problem_of(answer.error(), unknown_order()));
  switch (answer->outcome) {
    case ReportOutcome::unknown_step:
      co_return to_response(
          make_problem(problems::kUnknownStep,
                       "The order's plan has no step of this name. GET the order: its "
                       "`steps` name them."));
    case ReportOutcome::not_awaiting:
      co_return to_response(make_problem(
          problems::kStepNotAwaiting,
          "The step does not wait for a report, or another outcome was reported before. Nothing "
          "was changed. GET the order: its `steps` say how each stands."));
    case ReportOutcome::repeated:
    case ReportOutcome::recorded:
    case ReportOutcome::given_back: break;
  }
  HF_ASSERT(answer->aggregate.has_value());
  Response response = ok(order_view(*answer->aggregate));
  response.replayed = answer->outcome == ReportOutcome::repeated;
  co_return response;
}

}  // namespace holdfast::http
