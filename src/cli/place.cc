#include <boost/json/array.hpp>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/lines.h"
#include "cli/views.h"

namespace holdfast::cli {
namespace {

namespace json = boost::json;

struct PlaceOptions {
  std::string user;
  std::vector<std::string> lines;
  std::string currency = "CNY";
  std::string order_id;
  std::string idempotency_key;
  std::string plan;
  std::vector<std::string> attributes;
  unsigned wait_s = 0;
};

tl::expected<json::object, std::string> order_of(const PlaceOptions& options) {
  json::object order{{"user_id", options.user}, {"currency", options.currency}};
  json::array lines;
  for (const auto& text : options.lines) {
    auto line = parse_order_line(text);
    if (!line) {
      return tl::unexpected("--line " + line.error());
    }
    lines.push_back(std::move(*line));
  }
  order["lines"] = std::move(lines);
  if (!options.plan.empty()) {
    order["plan"] = options.plan;
  }
  json::object attributes;
  for (const auto& text : options.attributes) {
    const auto attribute = parse_attribute(text);
    if (!attribute) {
      return tl::unexpected("--attribute " + attribute.error());
    }
    if (attributes.contains(attribute->key)) {
      return tl::unexpected("--attribute " + attribute->key + " is given twice");
    }
    attributes[attribute->key] = attribute->value;
  }
  if (!attributes.empty()) {
    order["attributes"] = std::move(attributes);
  }
  return order;
}

int place(Context& context, const PlaceOptions& options) {
  auto order = order_of(options);
  if (!order) {
    context.err << order.error() << '\n';
    return kWrongUse;
  }
  Call call{.method = "POST", .path = "/v1/orders", .wait_s = options.wait_s};
  if (!options.idempotency_key.empty()) {
    call.headers.push_back("Idempotency-Key: " + options.idempotency_key);
    call.when_unknown = "send it again, word for word: the same key is never taken twice";
  } else {
    // An id made here, before anything is sent, is what makes sending again safe.
    const auto id = options.order_id.empty() ? new_id() : options.order_id;
    (*order)["order_id"] = id;
    call.when_unknown =
        "look with `holdfast order get " + id + "`, or send it again with --order-id " + id;
  }
  call.body = std::move(*order);
  const auto answer = perform(context, call);
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    print_order(context.out, *answer);
  }
  return status_of(*answer) == "cancelled" ? kFailed : kFine;
}

}  // namespace

void add_place(CLI::App& app, Context& context) {
  auto options = std::make_shared<PlaceOptions>();
  auto* command = add_command(app, context, "place", "Place an order",
                              [&context, options] { return place(context, *options); });
  command->add_option("--user", options->user, "Who buys")->required()->type_name("USER");
  command->add_option("--line", options->lines, "SKU:QUANTITY:PRICE, price in minor units; repeat")
      ->required()
      ->allow_extra_args(false)
      ->type_name("LINE");
  command->add_option("--currency", options->currency, "ISO 4217 code")->capture_default_str();
  auto* id = command->add_option("--order-id", options->order_id, "A UUID of your own");
  command->add_option("--idempotency-key", options->idempotency_key, "Instead of an order id")
      ->excludes(id);
  command->add_option("--plan", options->plan, "Which plan of steps it runs through (default)");
  command->add_option("--attribute", options->attributes, "KEY=VALUE kept with the order; repeat")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
  command->add_option("--wait", options->wait_s, "Seconds to wait until it is final")
      ->check(wait_range());
  add_connection_options(*command, context.connection);
  command->footer(R"(
Exit code 1 also when the order was cancelled while --wait waited.

Examples:
  holdfast place --user u-1 --line A-1:2:1999
  holdfast place --user u-1 --line A-1:1:1999 --line B-7:3:500 --currency EUR --wait 10
  holdfast place --user u-1 --line A-1:1:1999 --plan card --wait 10
  holdfast place --user u-1 --line A-1:1:1999 --attribute channel=app --json)");
}

}  // namespace holdfast::cli
