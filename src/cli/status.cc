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
}

}  // namespace holdfast::cli
