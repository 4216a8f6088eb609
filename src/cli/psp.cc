#include <boost/asio/ip/address.hpp>
#include <memory>

#include "app/config_url.h"
#include "cli/command.h"
#include "psp/serve.h"

namespace holdfast::cli {
namespace {

struct PspOptions {
  std::string listen = "127.0.0.1:8090";
  std::string report_url = "http://127.0.0.1:8080";
  std::string secret;
  psp::ServerOptions server;
};

/// The error is a sentence that begins with the option at fault.
std::optional<std::string> read_listen(PspOptions& options) {
  const auto listen = app::parse_listen(options.listen);
  if (!listen) return "--listen " + options.listen + " " + listen.error();
  const std::string host = listen->host == "localhost" ? "127.0.0.1" : listen->host;
  options.server.listen = {boost::asio::ip::make_address(host), listen->port};
  return std::nullopt;
}

std::optional<std::string> read_report_url(PspOptions& options) {
  const auto url = app::parse_url(options.report_url);
  if (!url) return "--report-url " + options.report_url + " " + url.error();
  if (url->scheme != "http" || !url->query.empty() || !url->user.empty()) {
    return "--report-url must be http://HOST[:PORT][/PATH], as in http://127.0.0.1:8080";
  }
  auto& target = options.server.report;
  target.host = url->host;
  target.port = std::to_string(url->port.value_or(80));
  const std::string path = url->path.substr(0, url->path.find_last_not_of('/') + 1);
  target.path = path.empty() || path.starts_with('/') ? path : "/" + path;
  return std::nullopt;
}

std::optional<std::string> read_secret(PspOptions& options) {
  if (options.secret.empty()) return std::nullopt;
  const auto secret = psp::Secret::parse(options.secret);
  if (!secret) return "--secret " + secret.error();
  options.server.secret = *secret;
  return std::nullopt;
}

int run_psp(Context& context, PspOptions& options) {
  for (const auto read : {read_listen, read_report_url, read_secret}) {
    if (const auto fault = read(options)) {
      context.err << *fault << '\n';
      return kWrongUse;
    }
  }
  if (const auto fault = psp::fault_of(options.server.switches)) {
    context.err << *fault << '\n';
    return kWrongUse;
  }
  return psp::serve(options.server, context.out, context.err) ? kFine : kFailed;
}

void add_wait(CLI::App& command, const std::string& name, Milliseconds& wait,
              const std::string& description) {
  command
      .add_option_function<std::string>(
          name,
          [name, &wait](const std::string& text) {
            const auto parsed = psp::parse_wait(text);
            if (!parsed) throw CLI::ValidationError(name, "must be as in 200ms, 5s or 2m");
            wait = *parsed;
          },
          description)
      ->type_name("TIME")
      ->group("Switches");
}

void add_rate(CLI::App& command, const std::string& name, double& rate,
              const std::string& description) {
  command.add_option(name, rate, description)
      ->check(CLI::Range(0.0, 1.0).description(""))
      ->type_name("RATE")
      ->group("Switches");
}

void add_switches(CLI::App& command, psp::Switches& switches) {
  add_wait(command, "--delay", switches.delay, "What every call takes (0ms)");
  add_wait(command, "--jitter", switches.jitter, "Up to this much more, at random (0ms)");
  add_rate(command, "--decline", switches.decline, "Charges answered 402, for good");
  add_rate(command, "--unavailable", switches.unavailable, "Calls answered 503, nothing done");
  add_rate(command, "--hang", switches.hang, "Calls never answered, nothing done");
  add_rate(command, "--lose-answer", switches.lose_answer, "Calls done, their answer lost");
  add_rate(command, "--defer", switches.defer, "Charges answered 202, done and reported later");
  add_wait(command, "--report-delay", switches.report_delay, "How much later that is (1s)");
}

constexpr const char* kFooter = R"(
It keeps everything in memory, and has the effect of each key once however often it is called.
Rates are 0 to 1. What a call meets follows from seed, key and attempt: a seed replays.

  POST /charges, /refunds     what plan steps of kind http call, with an Idempotency-Key
  GET /records[/ORDER_ID]     what was charged and given back, and what was asked wrongly
  GET, PUT /switches          look at the switches, change some while it runs
  POST /reset                 forget all calls; the switches stay

An order can ask for a behaviour by its attributes: psp for its charges, psp_refund for its refunds,
each normal, slow, decline, unavailable, hang or lose-answer; defer for charges only.

In the plan:
  forward_url = "http://127.0.0.1:8090/charges"
  reverse_url = "http://127.0.0.1:8090/refunds"

Examples:
  holdfast psp
  holdfast psp --delay 50ms --jitter 200ms --lose-answer 0.2 --unavailable 0.1 --hang 0.05
  holdfast psp --defer 1 --report-delay 3s --report-key SHOP_KEY
  holdfast place --user u-1 --line A-1:1:1999 --attribute psp=decline --wait 10
  curl -X PUT localhost:8090/switches -d '{"decline":0.5,"delay":"1s"}'
  curl localhost:8090/records)";

}  // namespace

void add_psp(CLI::App& app, Context& context) {
  auto options = std::make_shared<PspOptions>();
  auto* command =
      add_command(app, context, "psp", "Run a payment provider to try with, until Ctrl-C",
                  [&context, options] { return run_psp(context, *options); });
  command->add_option("--listen", options->listen, "Where it answers")->capture_default_str();
  command->add_option("--seed", options->server.seed, "Of all its chances")->capture_default_str();
  command
      ->add_option("--secret", options->secret,
                   "whsec_...: calls must be signed with it (Standard Webhooks), or get 401")
      ->type_name("SECRET");
  command->add_option("--report-url", options->report_url, "Where deferred charges are reported")
      ->capture_default_str();
  command->add_option("--report-key", options->server.report.key, "API key for the reports")
      ->type_name("KEY");
  add_switches(*command, options->server.switches);
  command->footer(kFooter);
}

}  // namespace holdfast::cli
