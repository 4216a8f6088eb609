#include "cli/client.h"
#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/table.h"
#include "cli/views.h"

namespace holdfast::cli {
namespace {

struct GetOptions {
  std::string id;
  unsigned wait_s = 0;
};
struct ListOptions {
  std::string user, status, sku;
  Page page;
};

int get(Context& context, const GetOptions& options) {
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

int list(Context& context, const ListOptions& options) {
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

void add_get(CLI::App& order, Context& context) {
  auto options = std::make_shared<GetOptions>();
  auto* command = add_command(order, context, "get", "Show one order with its steps and refunds",
                              [&context, options] { return get(context, *options); });
  command->add_option("order_id", options->id, "The order's id")->required();
  command->add_option("--wait", options->wait_s, "Seconds to wait until it is final")
      ->check(wait_range());
  add_connection_options(*command, context.connection);
}

void add_list(CLI::App& order, Context& context) {
  auto options = std::make_shared<ListOptions>();
  auto* command = add_command(order, context, "list", "List orders, newest first",
                              [&context, options] { return list(context, *options); });
  command->add_option("--user", options->user, "Of this user");
  command->add_option("--status", options->status,
                      "accepted, processing, completed, partially_refunded, refunded, cancelling, "
                      "cancelled");
  command->add_option("--sku", options->sku, "With a line of this SKU");
  add_page_options(*command, options->page);
  add_connection_options(*command, context.connection);
}

}  // namespace

void add_order(CLI::App& app, Context& context) {
  auto* order = app.add_subcommand("order", "Show orders");
  order->require_subcommand(1);
  add_connection_options(*order, context.connection);
  add_get(*order, context);
  add_list(*order, context);
  order->footer(R"(
Examples:
  holdfast order get 01890a5d-ac96-774b-bcce-b302099a8057 --wait 10
  holdfast order list --user u-1 --status completed
  holdfast order list --sku A-1 --limit 200 --json)");
}

}  // namespace holdfast::cli
