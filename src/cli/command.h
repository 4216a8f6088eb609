#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "app/config.h"
#include "cli/cli.h"

// What a command has at hand, and how it is added to the command line. One file per command; each
// add_* describes its options and says, by Context::action, what to do once all are parsed.

namespace holdfast::cli {

// How to reach the server that is asked.
struct Connection {
  std::string url;  // "": HOLDFAST_URL, or the default
  std::string key;  // "": HOLDFAST_KEY, or none
  bool json = false;
  unsigned timeout_s = 30;
};

// Lives for one call of run(). Not shared.
struct Context {
  const app::Environment& environment;
  std::ostream& out;
  std::ostream& err;
  Connection connection;
  std::function<int()> action;
};

// A subcommand whose action is `action`; the callback runs after parsing has succeeded.
CLI::App* add_command(CLI::App& parent, Context& context, const std::string& name,
                      const std::string& description, std::function<int()> action);
// --url, --key, --json, --timeout.
void add_connection_options(CLI::App& command, Connection& connection);

// Reads the configuration; on a fault tells it and returns nothing (the exit code is kWrongUse).
// Warnings go to err.
std::optional<app::Config> load_or_tell(Context& context, const std::string& file);

void add_serve(CLI::App& app, Context& context);
void add_dev(CLI::App& app, Context& context);
void add_migrate(CLI::App& app, Context& context);
void add_export(CLI::App& app, Context& context);
void add_import(CLI::App& app, Context& context);
void add_config(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_place(CLI::App& app, Context& context);
void add_order(CLI::App& app, Context& context);
void add_refund(CLI::App& app, Context& context);
void add_stock(CLI::App& app, Context& context);
void add_parked(CLI::App& app, Context& context);
void add_reconcile(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_worker(CLI::App& app, Context& context);
void add_psp(CLI::App& app, Context& context);

}  // namespace holdfast::cli
