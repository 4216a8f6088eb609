#include <boost/json/object.hpp>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/table.h"
#include "cli/views.h"

namespace holdfast::cli {
namespace {

namespace json = boost::json;

struct GetOptions {
  std::string id;
  unsigned wait_s = 0;
};
struct OrderListOptions {
  std::string user, status, sku;
  Page page;
};

struct ReportOptions {
  std::string id, step, outcome, reference;
};

int order_get(Context& context, const GetOptions& options) {
  const auto answer =
      perform(context, {.path = "/v1/orders/" + url_encoded(options.id), .wait_s = options.wait_s});
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    print_order(context.out, *answer);
  }
  return kFine;
}

int order_list(Context& context, const OrderListOptions& options) {
  const auto answer = perform(context, {.path = "/v1/orders",
                                        .query = {{"user_id", options.user},
                                                  {"status", options.status},
                                                  {"sku", options.sku},
                                                  {"limit", options.page.limit},
                                                  {"cursor", options.page.cursor}}});
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    table_of(list_in(*answer, "orders"), {{"ORDER", "order_id"},
                                          {"STATUS", "status"},
                                          {"USER", "user_id"},
                                          {"AMOUNT", "amount"},
                                          {"CURRENCY", "currency"},
                                          {"REFUNDED", "refunded_amount"},
                                          {"PLACED", "placed_at"}})
        .print(context.out);
    print_next_page(context.out, *answer);
  }
  return kFine;
}

int report(Context& context, const ReportOptions& options) {
  json::object body{{"outcome", options.outcome}};
  if (!options.reference.empty()) {
    body["reference"] = options.reference;
  }
  const auto answer = perform(
      context,
      {.method = "POST",
       .path = "/v1/orders/" + url_encoded(options.id) + "/steps/" + url_encoded(options.step),
       .body = std::move(body),
       .when_unknown = "send it again: the same report is taken once"});
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    print_order(context.out, *answer);
  }
  return kFine;
}

void add_order_get(CLI::App& order, Context& context) {
  auto options = std::make_shared<GetOptions>();
  auto* command = add_command(order, context, "get", "Show one order with its steps and refunds",
                              [&context, options] { return order_get(context, *options); });
  command->add_option("order_id", options->id, "The order's id")->required();
  command->add_option("--wait", options->wait_s, "Seconds to wait until it is final")
      ->check(wait_range());
  add_connection_options(*command, context.connection);
}

void add_order_list(CLI::App& order, Context& context) {
  auto options = std::make_shared<OrderListOptions>();
  auto* command = add_command(order, context, "list", "List orders, newest first",
                              [&context, options] { return order_list(context, *options); });
  command->add_option("--user", options->user, "Of this user");
  command->add_option("--status", options->status,
                      "accepted, processing, completed, partially_refunded, refunded, cancelling, "
                      "cancelled");
  command->add_option("--sku", options->sku, "With a line of this SKU");
  add_page_options(*command, options->page);
  add_connection_options(*command, context.connection);
}

void add_report(CLI::App& order, Context& context) {
  auto options = std::make_shared<ReportOptions>();
  auto* command =
      add_command(order, context, "report", "Report what became of a step that waits for it",
                  [&context, options] { return report(context, *options); });
  command->add_option("order_id", options->id, "The order's id")->required();
  command->add_option("step", options->step, "The step's name in the plan")->required();
  command->add_option("outcome", options->outcome, "succeeded or failed")
      ->required()
      ->check(CLI::IsMember({"succeeded", "failed"}).description(""));
  command->add_option("--reference", options->reference, "Your name for what was done");
  add_connection_options(*command, context.connection);
  command->footer(R"(
For steps that are `awaiting`: of kind await, or of kind http whose other side has answered 202. A
failure cancels the order. A success after the deadline is taken too, and given back.

Examples:
  holdfast order report ORDER_ID buyer_pays succeeded --reference transfer-17
  holdfast order report ORDER_ID buyer_pays failed)");
}

}  // namespace

void add_order(CLI::App& app, Context& context) {
  auto* order = app.add_subcommand("order", "Show orders, report their steps");
  order->require_subcommand(1);
  add_connection_options(*order, context.connection);
  add_order_get(*order, context);
  add_order_list(*order, context);
  add_report(*order, context);
  order->footer(R"(
Each step is shown with its calls so far and the last error; `parked` waits for an operator, see
`holdfast parked`. Where an order was cancelled, a second table shows what was taken back.

Examples:
  holdfast order get 01890a5d-ac96-774b-bcce-b302099a8057 --wait 10
  holdfast order list --user u-1 --status completed
  holdfast order list --sku A-1 --limit 200 --json
  holdfast order report ORDER_ID buyer_pays succeeded)");
}

}  // namespace holdfast::cli
