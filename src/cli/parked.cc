#include "cli/client.h"
#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/table.h"

namespace holdfast::cli {
namespace {

namespace json = boost::json;

struct ParkedOptions {
  std::string id, queue, reason, order;
  Page page;
};

int list(Context& context, const ParkedOptions& options) {
  const auto answer = perform(context, {.path = "/v1/parked",
                                        .query = {{"queue", options.queue},
                                                  {"reason", options.reason},
                                                  {"order_id", options.order},
                                                  {"limit", options.page.limit},
                                                  {"cursor", options.page.cursor}}});
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    table_of(list_in(*answer, "parked"), {{"ID", "id"},
                                          {"QUEUE", "queue"},
                                          {"REASON", "reason"},
                                          {"ORDER", "order_id"},
                                          {"REFUND", "refund_id"},
                                          {"STEP", "step"},
                                          {"ATTEMPTS", "attempts"},
                                          {"LAST", "last_at"},
                                          {"DETAIL", "detail"}})
        .print(context.out);
    print_next_page(context.out, *answer);
  }
  return kFine;
}

int groups(Context& context, const ParkedOptions& options) {
  const auto answer =
      perform(context, {.path = "/v1/parked/groups",
                        .query = {{"limit", options.page.limit}, {"cursor", options.page.cursor}}});
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    table_of(
        list_in(*answer, "groups"),
        {{"QUEUE", "queue"}, {"REASON", "reason"}, {"COUNT", "count"}, {"OLDEST", "oldest_at"}})
        .print(context.out);
    print_next_page(context.out, *answer);
  }
  return kFine;
}

int act(Context& context, const Call& call, const std::string& done) {
  const auto answer = perform(context, call);
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    context.out << done << '\n';
    print_document(context.out, answer->is_object() ? *answer : json::value(json::object{}));
  }
  return kFine;
}

int retry(Context& context, const ParkedOptions& options) {
  return act(context,
             {.method = "POST",
              .path = "/v1/parked/" + url_encoded(options.id) + "/retry",
              .when_unknown = "`holdfast parked list` shows whether it is still parked"},
             "sent off to run again");
}

int retry_all(Context& context, const ParkedOptions& options) {
  json::object filter;
  if (!options.queue.empty()) {
    filter["queue"] = options.queue;
  }
  if (!options.reason.empty()) {
    filter["reason"] = options.reason;
  }
  if (!options.order.empty()) {
    filter["order_id"] = options.order;
  }
  return act(context,
             {.method = "POST",
              .path = "/v1/parked/retry",
              .body = std::move(filter),
              .when_unknown = "`holdfast parked groups` shows what is still parked"},
             "sent off to run again");
}

int discard(Context& context, const ParkedOptions& options) {
  return act(context,
             {.method = "DELETE",
              .path = "/v1/parked/" + url_encoded(options.id),
              .query = {{"reason", options.reason}},
              .when_unknown = "`holdfast parked list` shows whether it is still parked"},
             "discarded; the reason is in the audit log");
}

CLI::App* add(CLI::App& parked, Context& context, const std::string& name,
              const std::string& description, int (*action)(Context&, const ParkedOptions&),
              const std::shared_ptr<ParkedOptions>& options) {
  auto* command = add_command(parked, context, name, description,
                              [&context, action, options] { return action(context, *options); });
  add_connection_options(*command, context.connection);
  return command;
}

void add_filters(CLI::App& command, ParkedOptions& options) {
  command.add_option("--queue", options.queue, "From this queue");
  command.add_option("--reason", options.reason, "Parked for this reason");
  command.add_option("--order", options.order, "Of this order");
}

}  // namespace

void add_parked(CLI::App& app, Context& context) {
  auto* parked = app.add_subcommand("parked", "Messages that used up their attempts");
  parked->require_subcommand(1);
  add_connection_options(*parked, context.connection);

  auto listed = std::make_shared<ParkedOptions>();
  auto* listing = add(*parked, context, "list", "List parked messages", list, listed);
  add_filters(*listing, *listed);
  add_page_options(*listing, listed->page);

  auto grouped = std::make_shared<ParkedOptions>();
  auto* grouping =
      add(*parked, context, "groups", "How many, by queue and reason", groups, grouped);
  add_page_options(*grouping, grouped->page);

  auto one = std::make_shared<ParkedOptions>();
  add(*parked, context, "retry", "Run one again", retry, one)
      ->add_option("id", one->id, "The message's id, from `parked list`")
      ->required();

  auto many = std::make_shared<ParkedOptions>();
  add_filters(*add(*parked, context, "retry-all", "Run again all that match", retry_all, many),
              *many);

  auto gone = std::make_shared<ParkedOptions>();
  auto* discarding = add(*parked, context, "discard", "Give one up for good", discard, gone);
  discarding->add_option("id", gone->id, "The message's id, from `parked list`")->required();
  discarding->add_option("--reason", gone->reason, "Why; kept in the audit log")
      ->required()
      ->check([](const std::string& text) {
        return text.empty() ? std::string("must not be empty") : std::string();
      });

  parked->footer(R"(
A step is parked when its attempts are used up; its order shows it as `unknown (parked)`. Run again,
its attempts count anew, under the same idempotency key. Discarded it counts as failed for good: the
order is cancelled, and what was done is given back. A refund whose reversal is discarded has failed.

Examples:
  holdfast parked groups
  holdfast parked list --order ORDER_ID
  holdfast parked retry-all --queue holdfast.step.card.payment
  holdfast parked discard ID --reason "settled by phone")");
}

}  // namespace holdfast::cli
