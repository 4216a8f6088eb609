#include "http/replies.h"
#include "http/request_bodies.h"
#include "http/resources.h"
#include "http/views.h"

namespace holdfast::http {
namespace {

using boost::asio::awaitable;
using flows::StockDeskOutcome;

Problem unknown_sku(const std::string& sku) {
  Problem problem =
      make_problem(problems::kUnknownSku,
                   "This SKU was never stocked. Set its stock with PUT /v1/stock/{sku} first.");
  if (is_valid_name(sku)) problem.sku = sku;
  return problem;
}

Problem below_reserved(const std::string& sku) {
  Problem problem = make_problem(
      problems::kStockBelowReserved,
      "Orders that are under way have reserved more than would be left. Nothing was changed. Try "
      "again when they are settled, or leave at least `reserved`; see GET /v1/stock/{sku}.");
  problem.sku = sku;
  return problem;
}

/// `field` is the member of the body that would lead out of bounds.
Response answer_of(const flows::StockDeskAnswer& answer, const std::string& sku,
                   std::string_view field) {
  switch (answer.outcome) {
    case StockDeskOutcome::unknown_sku: return to_response(unknown_sku(sku));
    case StockDeskOutcome::adjustment_id_conflict:
      return to_response(make_problem(
          problems::kAdjustmentIdConflict,
          "An adjustment with this id exists and has other content. Send the same content to "
          "repeat it, or a new id for a new adjustment."));
    case StockDeskOutcome::out_of_bounds: {
      std::vector<FieldError> errors;
      errors.push_back({"/" + std::string(field), "on_hand would leave the bounds of 0 to " +
                                                      std::to_string(bounds::kMaxOnHand)});
      return to_response(invalid_fields(std::move(errors)));
    }
    case StockDeskOutcome::stock_below_reserved: return to_response(below_reserved(sku));
    case StockDeskOutcome::replayed:
    case StockDeskOutcome::done: {
      HF_ASSERT(answer.stock.has_value());
      Response response = ok(stock_view(*answer.stock));
      response.replayed = answer.outcome == StockDeskOutcome::replayed;
      return response;
    }
  }
  HF_ASSERT(false);
}

}  // namespace

awaitable<Response> set_stock(Context& context) {
  const std::string& sku = context.path[0];
  if (!is_valid_name(sku)) co_return to_response(unknown_sku(sku));
  if (const auto problem = parse_body(context)) co_return to_response(*problem);
  auto command = read_set_stock(context.document, Sku{sku});
  if (!command) co_return to_response(command.error());
  const auto answer = co_await context.services.stock.set(std::move(*command));
  if (!answer) co_return to_response(problem_of(answer.error(), unknown_sku(sku)));
  context.services.admission.stocked(Sku{sku});
  co_return answer_of(*answer, sku, "on_hand");
}

awaitable<Response> adjust_stock(Context& context) {
  const std::string& sku = context.path[0];
  if (!is_valid_name(sku)) co_return to_response(unknown_sku(sku));
  if (const auto problem = parse_body(context)) co_return to_response(*problem);
  auto command = read_adjust_stock(context.document, Sku{sku});
  if (!command) co_return to_response(command.error());
  const auto answer = co_await context.services.stock.adjust(std::move(*command));
  if (!answer) co_return to_response(problem_of(answer.error(), unknown_sku(sku)));
  context.services.admission.stocked(Sku{sku});
  co_return answer_of(*answer, sku, "delta");
}

awaitable<Response> get_stock(Context& context) {
  const std::string& name = context.path[0];
  if (!is_valid_name(name)) co_return to_response(unknown_sku(name));
  Sku sku{name};
  const auto stock = co_await context.services.queries.stock(std::move(sku));
  if (!stock) co_return to_response(problem_of(stock.error(), unknown_sku(name)));
  co_return ok(stock_view(*stock));
}

awaitable<Response> list_stock(Context& context) {
  PageRequest wanted = context.query.page();
  if (const auto& problem = context.query.problem()) co_return to_response(*problem);
  const auto page = co_await context.services.queries.list_stock(std::move(wanted));
  if (!page) co_return to_response(problem_of(page.error()));
  co_return ok(page_view("stock", *page, write_stock));
}

awaitable<Response> get_stock_journal(Context& context) {
  const std::string& name = context.path[0];
  if (!is_valid_name(name)) co_return to_response(unknown_sku(name));
  PageRequest wanted = context.query.page();
  if (const auto& problem = context.query.problem()) co_return to_response(*problem);
  Sku sku{name};
  const auto page =
      co_await context.services.queries.stock_journal(std::move(sku), std::move(wanted));
  if (!page) co_return to_response(problem_of(page.error(), unknown_sku(name)));
  co_return ok(page_view("journal", *page, write_journal_row));
}

}  // namespace holdfast::http
