#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"

namespace holdfast::cli {

void add_status(CLI::App& app, Context& context) {
  auto* command =
      add_command(app, context, "status", "Rates, latencies, and what is waiting", [&context] {
        const auto answer = perform(context, {.path = "/v1/status"});
        if (!answer) {
          return answer.error();
        }
        if (!context.connection.json) {
          print_document(context.out, *answer);
        }
        return kFine;
      });
  add_connection_options(*command, context.connection);
  command->footer(R"(
What to look at:
  parked, refunds.needs_attention   wait for an operator: `holdfast parked list`
  worker.open_breakers              steps whose other side fails: asked one order at a time
  holds.overdue                     refunds held for longer than refund.max_wait
  queues.holdfast.step.*            orders that wait for a step, and who takes them
  orders.cancelling                 orders whose steps are being taken back
  unpublished_events                CloudEvents that wait for RabbitMQ)");
}

}  // namespace holdfast::cli
