#include <boost/json/array.hpp>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/lines.h"
#include "cli/table.h"
#include "cli/views.h"

namespace holdfast::cli {
namespace {

namespace json = boost::json;

struct AskOptions {
  std::string order;
  std::vector<std::string> lines;
  std::string reason;
  std::string when_incomplete;
  std::string refund_id;
  unsigned wait_s = 0;
};
struct RefundListOptions {
  std::string order, status;
  Page page;
};

tl::expected<json::object, std::string> refund_of(const AskOptions& options) {
  json::object refund;
  json::array lines;
  for (const auto& text : options.lines) {
    auto line = parse_refund_line(text);
    if (!line) {
      return tl::unexpected("--line " + line.error());
    }
    lines.push_back(std::move(*line));
  }
  if (!lines.empty()) {
    refund["lines"] = std::move(lines);
  }
  if (!options.reason.empty()) {
    refund["reason"] = options.reason;
  }
  if (!options.when_incomplete.empty()) {
    refund["when_incomplete"] = options.when_incomplete;
  }
  return refund;
}

int show(Context& context, const Call& call) {
  const auto answer = perform(context, call);
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    print_refund(context.out, *answer);
  }
  const auto status = status_of(*answer);
  const bool stuck = status == "needs_attention" || status == "failed";
  return call.method == "POST" && stuck ? kFailed : kFine;
}

int ask(Context& context, const AskOptions& options, bool preview) {
  auto refund = refund_of(options);
  if (!refund) {
    context.err << refund.error() << '\n';
    return kWrongUse;
  }
  const auto path = "/v1/orders/" + url_encoded(options.order) + "/refunds";
  Call call{.method = "POST", .path = preview ? path + "/preview" : path};
  if (!preview) {
    const auto id = options.refund_id.empty() ? new_id() : options.refund_id;
    (*refund)["refund_id"] = id;
    call.wait_s = options.wait_s;
    call.when_unknown =
        "look with `holdfast refund get " + id + "`, or send it again with --refund-id " + id;
  }
  call.body = std::move(*refund);
  return show(context, call);
}

int refund_list(Context& context, const RefundListOptions& options) {
  const auto answer = perform(context, {.path = "/v1/refunds",
                                        .query = {{"order_id", options.order},
                                                  {"status", options.status},
                                                  {"limit", options.page.limit},
                                                  {"cursor", options.page.cursor}}});
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    table_of(list_in(*answer, "refunds"), {{"REFUND", "refund_id"},
                                           {"ORDER", "order_id"},
                                           {"STATUS", "status"},
                                           {"AMOUNT", "amount"},
                                           {"CHECKS", "checks"},
                                           {"NEXT CHECK", "next_check_at"},
                                           {"REQUESTED", "requested_at"}})
        .print(context.out);
    print_next_page(context.out, *answer);
  }
  return kFine;
}

void add_what(CLI::App& command, AskOptions& options) {
  command.add_option("order_id", options.order, "The order's id")->required();
  command
      .add_option("--line", options.lines,
                  "SKU:QUANTITY, or SKU:QUANTITY:norestock for goods that are lost; repeat. "
                  "Without any: all that is left")
      ->allow_extra_args(false)
      ->type_name("LINE");
  command.add_option("--reason", options.reason, "Kept with the refund");
  auto* policy =
      command
          .add_option("--when-incomplete", options.when_incomplete,
                      "While the order's steps are not done: wait for them (default), or preempt")
          ->check(CLI::IsMember({"wait", "preempt"}));
  command
      .add_flag_callback(
          "--preempt", [&options] { options.when_incomplete = "preempt"; },
          "Stop the order if it is under way: skip what has not begun, take back the rest")
      ->excludes(policy);
}

void add_ask(CLI::App& refund, Context& context) {
  auto options = std::make_shared<AskOptions>();
  auto* command = add_command(refund, context, "ask", "Take back an order or some of its lines",
                              [&context, options] { return ask(context, *options, false); });
  add_what(*command, *options);
  command->add_option("--refund-id", options->refund_id, "A UUID of your own");
  command->add_option("--wait", options->wait_s, "Seconds to wait until it is final")
      ->check(wait_range());
  add_connection_options(*command, context.connection);
  command->footer(R"(
An order under way is waited for, unless --preempt stops it; only a refund of all that is left can.
Exit code 1 also when the refund needs an operator.

Examples:
  holdfast refund ask ORDER_ID
  holdfast refund ask ORDER_ID --line A-1:1 --line B-7:2:norestock --reason damaged
  holdfast refund ask ORDER_ID --preempt --wait 10)");
}

void add_preview(CLI::App& refund, Context& context) {
  auto options = std::make_shared<AskOptions>();
  auto* command = add_command(refund, context, "preview", "What a refund would give back",
                              [&context, options] { return ask(context, *options, true); });
  add_what(*command, *options);
  add_connection_options(*command, context.connection);
}

void add_refund_get(CLI::App& refund, Context& context) {
  auto options = std::make_shared<AskOptions>();
  auto* command = add_command(refund, context, "get", "Show one refund", [&context, options] {
    return show(context, {.path = "/v1/refunds/" + url_encoded(options->refund_id),
                          .wait_s = options->wait_s});
  });
  command->add_option("refund_id", options->refund_id, "The refund's id")->required();
  command->add_option("--wait", options->wait_s, "Seconds to wait until it is final")
      ->check(wait_range());
  add_connection_options(*command, context.connection);
}

void add_refund_list(CLI::App& refund, Context& context) {
  auto options = std::make_shared<RefundListOptions>();
  auto* command = add_command(refund, context, "list", "List refunds, newest first",
                              [&context, options] { return refund_list(context, *options); });
  command->add_option("--order", options->order, "Of this order");
  command->add_option("--status", options->status,
                      "waiting, reversing, refunded, void, needs_attention, failed");
  add_page_options(*command, options->page);
  add_connection_options(*command, context.connection);
}

}  // namespace

void add_refund(CLI::App& app, Context& context) {
  auto* refund = app.add_subcommand("refund", "Ask for refunds and show them");
  refund->require_subcommand(1);
  add_connection_options(*refund, context.connection);
  add_ask(*refund, context);
  add_preview(*refund, context);
  add_refund_get(*refund, context);
  add_refund_list(*refund, context);
  refund->footer(R"(
Examples:
  holdfast refund ask ORDER_ID --wait 10
  holdfast refund list --status waiting      refunds that wait for their orders
  holdfast refund list --order ORDER_ID)");
}

}  // namespace holdfast::cli
