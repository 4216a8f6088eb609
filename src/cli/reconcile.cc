#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"

namespace holdfast::cli {
namespace {

std::optional<bool> balanced(const boost::json::value& report) {
  const auto* object = report.if_object();
  const auto* member = object == nullptr ? nullptr : object->if_contains("balanced");
  return member != nullptr && member->is_bool() ? std::optional(member->get_bool()) : std::nullopt;
}

int reconcile(Context& context, bool repair) {
  Call call{.path = "/v1/reconciliation"};
  if (repair) {
    call = {.method = "POST",
            .path = "/v1/reconciliation/repair",
            .when_unknown = "look with `holdfast reconcile`; repairing again is safe"};
  }
  const auto report = perform(context, call);
  if (!report) {
    return report.error();
  }
  const auto verdict = balanced(*report);
  if (!context.connection.json) {
    print_document(context.out, *report);
    if (verdict && !*verdict) {
      context.out << "\nnot balanced"
                  << (repair ? " yet: orders may be under way; look again in a moment"
                             : ": look again when nothing is under way; what stays, `holdfast "
                               "reconcile --repair` mends")
                  << '\n';
    }
  }
  if (!verdict) {
    context.err << "the answer does not say whether the books balance\n";
  }
  return verdict.value_or(false) ? kFine : kFailed;
}

}  // namespace

void add_reconcile(CLI::App& app, Context& context) {
  auto repair = std::make_shared<bool>(false);
  auto* command =
      add_command(app, context, "reconcile", "Compare Redis, what is in flight, and the book",
                  [&context, repair] { return reconcile(context, *repair); });
  command->add_flag("--repair", *repair, "Mend Redis by the book, which is the truth");
  add_connection_options(*command, context.connection);
  command->footer(R"(
Per SKU: loaded = available + reserved + sold - returned. Exit code 1 when the books do not balance.

Examples:
  holdfast reconcile
  holdfast reconcile --repair)");
}

}  // namespace holdfast::cli
