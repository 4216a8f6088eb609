#include "app/config.h"

#include "cli/command.h"

namespace holdfast::cli {

void add_config(CLI::App& app, Context& context) {
  auto file = std::make_shared<std::string>();
  auto* command = add_command(
      app, context, "config", "Print every configuration key, explained", [&context, file] {
        const auto config = load_or_tell(context, *file);
        if (!config) {
          return kWrongUse;
        }
        context.out << (context.connection.json ? app::config_as_json(*config) + "\n"
                                                : app::config_as_toml(*config));
        return kFine;
      });
  command->add_option("--config", *file, "Show the values of this file instead of the defaults")
      ->type_name("FILE");
  command->add_flag("--json", context.connection.json, "As JSON, for machines");
  command->footer(R"(
The output is TOML that `serve` takes. Passwords in URLs, the digests of keys and the secrets of
steps are not shown; `serve` refuses a step's secret until it is written again.

Examples:
  holdfast config > holdfast.toml             a file to start from
  holdfast config --config holdfast.toml      what is in force, variables included)");
}

}  // namespace holdfast::cli
