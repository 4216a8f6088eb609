#include <charconv>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/table.h"

namespace holdfast::cli {
namespace {

namespace json = boost::json;

struct StockOptions {
  std::string sku;
  Page page;
  std::int64_t on_hand = 0;
  std::string purchase_limit;
  std::int64_t delta = 0;
  std::string adjustment_id;
  std::string reason;
};

void print_stock(std::ostream& out, const json::array& rows) {
  table_of(rows, {{"SKU", "sku"},
                  {"AVAILABLE", "available"},
                  {"RESERVED", "reserved"},
                  {"ON HAND", "on_hand"},
                  {"LOADED", "loaded"},
                  {"SOLD", "sold"},
                  {"RETURNED", "returned"},
                  {"LIMIT", "purchase_limit"}})
      .print(out);
}

std::string stock_path(const std::string& sku) {
  return "/v1/stock/" + url_encoded(sku);
}

int show_one(Context& context, const Call& call) {
  const auto answer = perform(context, call);
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    print_stock(context.out, json::array{*answer});
  }
  return kFine;
}

int get(Context& context, const StockOptions& options) {
  if (!options.sku.empty()) {
    return show_one(context, {.path = stock_path(options.sku)});
  }
  const auto answer =
      perform(context, {.path = "/v1/stock",
                        .query = {{"limit", options.page.limit}, {"cursor", options.page.cursor}}});
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    print_stock(context.out, list_in(*answer, "stock"));
    print_next_page(context.out, *answer);
  }
  return kFine;
}

int set(Context& context, const StockOptions& options) {
  json::object body{{"on_hand", options.on_hand}};
  if (options.purchase_limit == "none") {
    body["purchase_limit"] = nullptr;
  } else if (!options.purchase_limit.empty()) {
    std::int64_t limit = 0;
    const auto* end = options.purchase_limit.data() + options.purchase_limit.size();
    const auto parsed = std::from_chars(options.purchase_limit.data(), end, limit);
    if (parsed.ec != std::errc{} || parsed.ptr != end || limit < 1) {
      context.err << "--purchase-limit must be a number of units from 1, or none\n";
      return kWrongUse;
    }
    body["purchase_limit"] = limit;
  }
  return show_one(context, {.method = "PUT",
                            .path = stock_path(options.sku),
                            .body = std::move(body),
                            .when_unknown = "setting it again to the same number is safe"});
}

int adjust(Context& context, const StockOptions& options) {
  const auto id = options.adjustment_id.empty() ? new_id() : options.adjustment_id;
  json::object body{{"adjustment_id", id}, {"delta", options.delta}};
  if (!options.reason.empty()) {
    body["reason"] = options.reason;
  }
  return show_one(context, {.method = "POST",
                            .path = stock_path(options.sku) + "/adjustments",
                            .body = std::move(body),
                            .when_unknown = "send it again with --adjustment-id " + id});
}

int journal(Context& context, const StockOptions& options) {
  const auto answer =
      perform(context, {.path = stock_path(options.sku) + "/journal",
                        .query = {{"limit", options.page.limit}, {"cursor", options.page.cursor}}});
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    print_document(context.out, json::object{{"journal", list_in(*answer, "journal")}});
    print_next_page(context.out, *answer);
  }
  return kFine;
}

CLI::App* add(CLI::App& stock, Context& context, const std::string& name,
              const std::string& description, int (*act)(Context&, const StockOptions&),
              const std::shared_ptr<StockOptions>& options) {
  auto* command = add_command(stock, context, name, description,
                              [&context, act, options] { return act(context, *options); });
  auto* sku = command->add_option("sku", options->sku, "The SKU");
  if (name == "get") {
    sku->description("The SKU; without one, all are listed");
  } else {
    sku->required();
  }
  return command;
}

void add_changes(CLI::App& stock, Context& context) {
  auto to = std::make_shared<StockOptions>();
  auto* setting =
      add(stock, context, "set", "Set what is on hand, and the purchase limit", set, to);
  setting->add_option("on_hand", to->on_hand, "Units on hand")->required();
  setting->add_option("--purchase-limit", to->purchase_limit,
                      "Units one user may buy, or none; left as it is when not given");
  add_connection_options(*setting, context.connection);

  auto by = std::make_shared<StockOptions>();
  auto* adjusting = add(stock, context, "adjust", "Add or take away units", adjust, by);
  adjusting->add_option("delta", by->delta, "Units to add, negative to take away")->required();
  adjusting->add_option("--adjustment-id", by->adjustment_id,
                        "Repeats with the same id count once (default: a new one)");
  adjusting->add_option("--reason", by->reason, "Kept in the stock journal");
  add_connection_options(*adjusting, context.connection);
}

}  // namespace

void add_stock(CLI::App& app, Context& context) {
  auto* stock = app.add_subcommand("stock", "Show and change stock");
  stock->require_subcommand(1);
  add_connection_options(*stock, context.connection);

  auto which = std::make_shared<StockOptions>();
  auto* getting = add(*stock, context, "get", "Show one SKU, or list all", get, which);
  add_page_options(*getting, which->page);
  add_connection_options(*getting, context.connection);

  add_changes(*stock, context);

  auto of = std::make_shared<StockOptions>();
  auto* reading =
      add(*stock, context, "journal", "Movements of one SKU, newest first", journal, of);
  add_page_options(*reading, of->page);
  add_connection_options(*reading, context.connection);

  stock->footer(R"(
Examples:
  holdfast stock set A-1 100 --purchase-limit 2
  holdfast stock adjust A-1 +50 --reason delivery
  holdfast stock adjust A-1 -3 --reason broken
  holdfast stock get
  holdfast stock journal A-1)");
}

}  // namespace holdfast::cli
