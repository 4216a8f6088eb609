#include "http/prefer.h"
#include "http/replies.h"
#include "http/request_bodies.h"
#include "http/resources.h"
#include "http/views.h"

namespace holdfast::http {
namespace {

using boost::asio::awaitable;

Problem unknown_order() {
  return make_problem(problems::kUnknownOrder,
                      "No order has this id. Check the id, or list orders with GET /v1/orders.");
}

Problem unknown_refund() {
  return make_problem(problems::kUnknownRefund,
                      "No refund has this id. Check the id, or list refunds with GET /v1/refunds.");
}

/// Why a refund was not taken. Precondition: it was not.
Problem refusal(flows::RefundAnswer answer) {
  switch (answer.outcome) {
    case RefundRequestOutcome::unknown_order: return unknown_order();
    case RefundRequestOutcome::conflict:
      return make_problem(problems::kRefundIdConflict,
                          "A refund with this id exists and has other content. Send the same "
                          "content to repeat it, or a new id for a new refund.");
    case RefundRequestOutcome::order_cancelled:
      return make_problem(problems::kOrderCancelled,
                          "The order was cancelled, which gives everything back. No refund is "
                          "needed.");
    case RefundRequestOutcome::already_refunded:
      return make_problem(problems::kAlreadyRefunded,
                          "All of the order was refunded before. GET the order: its `refunds` name "
                          "them.");
    case RefundRequestOutcome::invalid: {
      if (!answer.errors.empty()) return invalid_fields(std::move(answer.errors));
      return make_problem(problems::kInvalidRequest, std::move(answer.detail));
    }
    case RefundRequestOutcome::refund_exceeds_order:
      return make_problem(problems::kRefundExceedsOrder,
                          "This is more than is left after the refunds done and under way. Ask "
                          "/v1/orders/{order_id}/refunds/preview without lines for what is left.");
    case RefundRequestOutcome::replayed:
    case RefundRequestOutcome::accepted: break;
  }
  HF_ASSERT(false);
}

bool is_taken(const flows::RefundAnswer& answer) {
  return answer.outcome == RefundRequestOutcome::accepted ||
         answer.outcome == RefundRequestOutcome::replayed;
}

awaitable<void> wait_until_final(Context& context, Refund& refund, Instant until) {
  if (is_final(refund.status)) co_return;
  const Milliseconds left = until - context.services.clock.now();
  if (left <= Milliseconds::zero()) co_return;
  auto waited = co_await context.services.queries.wait_for_refund(refund.id, left);
  if (waited) refund = std::move(*waited);
}

}  // namespace

awaitable<Response> request_refund(Context& context) {
  const auto order_id = OrderId::parse(context.path[0]);
  if (!order_id) co_return to_response(unknown_order());
  if (const auto problem = parse_body(context)) co_return to_response(*problem);
  auto request = read_refund_request(context.document);
  if (!request) co_return to_response(request.error());
  const auto in_body =
      request->refund_id ? std::optional(request->refund_id->value) : std::optional<Uuid>{};
  const auto identity =
      identify(context.request, in_body, context.principal.spaces.refunds, context.services.ids);
  if (!identity) co_return to_response(identity.error());

  const auto wait = preferred_wait(context.request.prefer);
  const Instant until = context.services.clock.now() + wait.value_or(std::chrono::seconds(0));
  flows::RefundCommand command;
  command.order_id = *order_id;
  command.refund_id = RefundId{identity->id};
  command.request = std::move(*request);
  auto answer = co_await context.services.refunds.request(std::move(command));
  if (!answer) co_return to_response(problem_of(answer.error(), unknown_order()));
  if (!is_taken(*answer)) co_return to_response(refusal(std::move(*answer)));

  HF_ASSERT(answer->refund.has_value());
  Refund& refund = *answer->refund;
  if (wait) co_await wait_until_final(context, refund, until);
  Response response = ok(refund_view(refund));
  response.status = wait && is_final(refund.status) ? 200 : 202;
  response.location = "/v1/refunds/" + refund.id.to_string();
  response.replayed = answer->outcome == RefundRequestOutcome::replayed;
  note_wait(response, wait);
  co_return response;
}

awaitable<Response> preview_refund(Context& context) {
  const auto order_id = OrderId::parse(context.path[0]);
  if (!order_id) co_return to_response(unknown_order());
  if (const auto problem = parse_body(context)) co_return to_response(*problem);
  auto request = read_refund_request(context.document);
  if (!request) co_return to_response(request.error());
  auto answer = co_await context.services.refunds.preview(*order_id, std::move(*request));
  if (!answer) co_return to_response(problem_of(answer.error(), unknown_order()));
  if (!is_taken(*answer)) co_return to_response(refusal(std::move(*answer)));
  HF_ASSERT(answer->refund.has_value());
  co_return ok(refund_view(*answer->refund, RefundForm::preview));
}

awaitable<Response> get_refund(Context& context) {
  const auto refund_id = RefundId::parse(context.path[0]);
  if (!refund_id) co_return to_response(unknown_refund());
  const auto wait = preferred_wait(context.request.prefer);
  flows::Queries& queries = context.services.queries;
  flows::Outcome<Refund> refund;
  if (wait && wait->count() > 0) {
    refund = co_await queries.wait_for_refund(*refund_id, *wait);
  } else {
    refund = co_await queries.refund(*refund_id);
  }
  if (!refund) co_return to_response(problem_of(refund.error(), unknown_refund()));
  Response response = ok(refund_view(*refund));
  note_wait(response, wait);
  co_return response;
}

awaitable<Response> list_refunds(Context& context) {
  RefundFilter filter;
  if (const auto order_id = context.query.uuid("order_id")) filter.order_id = OrderId{*order_id};
  filter.status = context.query.word("status", parse_refund_status);
  PageRequest wanted = context.query.page();
  if (const auto& problem = context.query.problem()) co_return to_response(*problem);
  const auto page = co_await context.services.queries.list_refunds(filter, std::move(wanted));
  if (!page) co_return to_response(problem_of(page.error()));
  co_return ok(page_view("refunds", *page, [](JsonWriter& json, const Refund& refund) {
    write_refund(json, refund);
  }));
}

}  // namespace holdfast::http
