#include <memory>
#include <string>

#include "app/serve.h"
#include "cli/command.h"

namespace holdfast::cli {
namespace {

struct DevOptions {
  std::string config;
  std::string data = ".data";
};

int dev(Context& context, const DevOptions& options) {
  const auto config = load_or_tell(context, options.config);
  if (!config) return kWrongUse;
  return app::serve_embedded(*config, options.data);
}

}  // namespace

void add_dev(CLI::App& app, Context& context) {
  auto options = std::make_shared<DevOptions>();
  auto* command =
      add_command(app, context, "dev", "Run Holdfast without servers: one process, one file",
                  [&context, options] { return dev(context, *options); });
  command
      ->add_option("--config", options->config,
                   "The TOML file; its sections about servers are not looked at")
      ->type_name("FILE");
  command->add_option("--data", options->data, "The folder for data, made when it is missing")
      ->type_name("FOLDER")
      ->capture_default_str();
  command->footer(R"(
For a first look and for a small shop on one machine. Everything is on disk before it is answered
for, as with the servers; one process at a time may use a folder.

Examples:
  holdfast dev
  holdfast dev --data /var/lib/holdfast --config holdfast.toml
  HOLDFAST_HTTP_LISTEN=127.0.0.1:9090 holdfast dev)");
}

}  // namespace holdfast::cli
