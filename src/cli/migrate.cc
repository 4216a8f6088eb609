#include "app/serve.h"
#include "cli/command.h"

namespace holdfast::cli {

void add_migrate(CLI::App& app, Context& context) {
  auto file = std::make_shared<std::string>();
  auto* command =
      add_command(app, context, "migrate", "Bring the book's schema up to date", [&context, file] {
        const auto config = load_or_tell(context, *file);
        return config ? app::migrate(*config) : kWrongUse;
      });
  command->add_option("--config", *file, "The TOML file")->type_name("FILE");
  command->footer(R"(
Several may run at once: a lock lets one do the work. `serve` does the same at its start, unless
[postgres] auto_migrate = false.

Example:
  holdfast migrate --config holdfast.toml)");
}

}  // namespace holdfast::cli
