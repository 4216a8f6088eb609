#include "cli/cli.h"

#include <algorithm>
#include <exception>

#include "app/config_names.h"
#include "app/version.h"
#include "cli/command.h"
#include "cli/table.h"

namespace holdfast::cli {
namespace {

constexpr const char* kFooter = R"(
First steps:
  holdfast config > holdfast.toml               every key, explained
  holdfast doctor --config holdfast.toml        are the servers there, and set up well?
  holdfast serve --config holdfast.toml         take orders on http://127.0.0.1:8080
  holdfast stock set A-1 100                    load 100 units
  holdfast place --user u-1 --line A-1:2:1999   two units at 19.99
  holdfast refund ask ORDER_ID --wait 10        take the order back
  holdfast reconcile                            do the books balance?

Exit codes: 0 fine, 1 the thing asked for failed, 2 wrong use, 3 a server could not be reached.
`holdfast COMMAND --help` has more, with examples.)";

void add_commands(CLI::App& app, Context& context) {
  add_serve(app, context);
  add_dev(app, context);
  add_migrate(app, context);
  add_export(app, context);
  add_import(app, context);
  add_config(app, context);
  add_doctor(app, context);
  add_place(app, context);
  add_order(app, context);
  add_refund(app, context);
  add_stock(app, context);
  add_parked(app, context);
  add_reconcile(app, context);
  add_status(app, context);
  add_worker(app, context);
  add_psp(app, context);
}

// CLI11 would only say that a subcommand is missing.
bool tell_unknown_command(const CLI::App& app, Context& context,
                          const std::vector<std::string>& arguments) {
  const auto* at = &app;
  for (const auto& argument : arguments) {
    const auto known = at->get_subcommands([](const CLI::App*) { return true; });
    if (known.empty() || argument.starts_with('-')) {
      return false;
    }
    std::vector<std::string> names;
    const CLI::App* next = nullptr;
    for (const auto* command : known) {
      names.push_back(command->get_name());
      next = command->get_name() == argument ? command : next;
    }
    if (next == nullptr) {
      context.err << "unknown command \"" << printable(argument) << "\"; did you mean \""
                  << app::nearest_name(argument, names).name << "\"? `"
                  << (at == &app ? "" : "holdfast ") << at->get_name()
                  << " --help` lists all of them\n";
      return true;
    }
    at = next;
  }
  return false;
}

int parse_and_act(CLI::App& app, Context& context, std::vector<std::string> arguments) {
  if (tell_unknown_command(app, context, arguments)) {
    return kWrongUse;
  }
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& result) {
    // --help and --version come this way too, with code 0.
    return app.exit(result, context.out, context.err) == 0 ? kFine : kWrongUse;
  }
  return context.action();
}

}  // namespace

CLI::App* add_command(CLI::App& parent, Context& context, const std::string& name,
                      const std::string& description, std::function<int()> action) {
  auto* command = parent.add_subcommand(name, description);
  command->final_callback([&context, action = std::move(action)] { context.action = action; });
  return command;
}

void add_connection_options(CLI::App& command, Connection& connection) {
  const std::string group = "Server";
  command
      .add_option("--url", connection.url,
                  "Where Holdfast answers (HOLDFAST_URL; default http://127.0.0.1:8080)")
      ->group(group);
  command.add_option("--key", connection.key, "API key, sent as a bearer token (HOLDFAST_KEY)")
      ->group(group);
  command.add_flag("--json", connection.json, "Print the server's JSON, for machines")
      ->group(group);
  command.add_option("--timeout", connection.timeout_s, "Seconds to wait for an answer (30)")
      ->check(CLI::Range(1, 3600).description(""))
      ->group(group);
}

std::optional<app::Config> load_or_tell(Context& context, const std::string& file) {
  auto config =
      app::load_config(file.empty() ? std::nullopt : std::optional(file), context.environment);
  if (!config) {
    context.err << config.error().text();
    return std::nullopt;
  }
  for (const auto& warning : config->warnings) {
    context.err << "warning: " << warning << '\n';
  }
  return std::move(*config);
}

int run(const std::vector<std::string>& arguments, const app::Environment& environment,
        std::ostream& out, std::ostream& err) {
  CLI::App app("Holdfast takes orders and refunds for shops whose sales come in bursts.",
               "holdfast");
  Context context{environment, out, err, {}, {}};
  app.set_version_flag("--version", std::string("holdfast ") + app::kVersion, "Print the version");
  app.require_subcommand(1);
  add_connection_options(app, context.connection);
  add_commands(app, context);
  app.footer(kFooter);  // after the commands, which would inherit it
  if (arguments.empty()) {
    err << app.help();
    return kWrongUse;
  }
  try {
    return parse_and_act(app, context, arguments);
  } catch (const std::exception& error) {
    err << "holdfast: " << error.what() << '\n';
    return kFailed;
  }
}

}  // namespace holdfast::cli
