#include "cli/client.h"
#include "cli/command.h"

namespace holdfast::cli {
namespace {

int tell(Context& context, const std::string& what, const std::string& done) {
  const auto answer = perform(
      context,
      {.method = "POST", .path = "/v1/worker/" + what, .when_unknown = "sending it again is safe"});
  if (!answer) {
    return answer.error();
  }
  if (!context.connection.json) {
    context.out << done << '\n';
  }
  return kFine;
}

}  // namespace

void add_worker(CLI::App& app, Context& context) {
  auto* worker = app.add_subcommand("worker", "Pause and resume the work behind the queues");
  worker->require_subcommand(1);
  add_connection_options(*worker, context.connection);
  auto* pause = add_command(
      *worker, context, "pause", "Stop consuming; orders are still taken and queue up",
      [&context] { return tell(context, "pause", "paused; `holdfast worker resume` goes on"); });
  add_connection_options(*pause, context.connection);
  auto* resume = add_command(*worker, context, "resume", "Go on consuming",
                             [&context] { return tell(context, "resume", "resumed"); });
  add_connection_options(*resume, context.connection);
  worker->footer(R"(
It holds for the process that answers at --url.

Examples:
  holdfast worker pause
  holdfast worker resume)");
}

}  // namespace holdfast::cli
