#include "app/serve.h"

#include <algorithm>

#include "cli/command.h"

namespace holdfast::cli {
namespace {

struct ServeOptions {
  std::string config;
  std::vector<std::string> roles;
};

int serve(Context& context, const ServeOptions& options) {
  const auto config = load_or_tell(context, options.config);
  if (!config) {
    return kWrongUse;
  }
  app::ServeOptions roles;
  if (!options.roles.empty()) {
    const auto plays = [&](const char* role) {
      return std::find(options.roles.begin(), options.roles.end(), role) != options.roles.end();
    };
    roles = {plays("api"), plays("worker"), plays("sweep")};
  }
  return app::serve(*config, roles);
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
  auto options = std::make_shared<ServeOptions>();
  auto* command = add_command(app, context, "serve", "Run Holdfast until SIGTERM or Ctrl-C",
                              [&context, options] { return serve(context, *options); });
  command
      ->add_option("--config", options->config,
                   "The TOML file; without it all keys have their defaults")
      ->type_name("FILE");
  command
      ->add_option("--role", options->roles,
                   "What this process does, with commas: api, worker, sweep (default: all)")
      ->delimiter(',')
      ->check(CLI::IsMember({"api", "worker", "sweep"}));
  command->footer(R"(
Examples:
  holdfast serve --config holdfast.toml
  holdfast serve --config holdfast.toml --role api           one of many front processes
  holdfast serve --config holdfast.toml --role worker,sweep  and one behind them
  HOLDFAST_HTTP_LISTEN=127.0.0.1:9090 holdfast serve --config holdfast.toml)");
}

}  // namespace holdfast::cli
