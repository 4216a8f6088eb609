// holdfast-demo: shows a running Holdfast at work, and checks what it shows.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

#include "demo/report.h"
#include "demo/show.h"
#include "load/identity.h"

namespace {

using namespace holdfast;

constexpr int kHeld = 0;
constexpr int kNotHeld = 1;
constexpr int kWrongUse = 2;
constexpr int kUnreachable = 3;

std::atomic<bool> interrupted{false};

extern "C" void on_signal(int) {
  interrupted = true;
}

struct Scene {
  const char* title;
  demo::ActResult (*play)(demo::Show&, demo::Act&);
};

constexpr std::array<Scene, 7> kScenes{{
    {"Stock comes in", demo::bring_stock_in},
    {"A burst: 2,000 orders over 64 connections", demo::place_burst},
    {"Behind the queue, the orders are settled", demo::wait_until_settled},
    {"The same question gets the same answer", demo::ask_again},
    {"A late refund: its order is completed", demo::refund_late},
    {"Early refunds: they overtake their orders", demo::refund_early},
    {"The books: loaded = available + reserved + sold − returned", demo::balance_books},
}};

int play(demo::Show& show, demo::Report& report) {
  for (const Scene& scene : kScenes) {
    report.begin_act(scene.title);
    demo::Act act;
    act.title = scene.title;
    const auto begun = std::chrono::steady_clock::now();
    const demo::ActResult result = scene.play(show, act);
    act.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    if (interrupted) {
      report.fail("interrupted");
      return kNotHeld;
    }
    if (!result) {
      if (!act.checks.empty()) {
        report.end_act(act);
      }
      report.fail(result.error().message + " (is Holdfast running? ./run starts it)");
      return kUnreachable;
    }
    report.end_act(act);
  }
  return report.all_held() ? kHeld : kNotHeld;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Shows a running Holdfast at work: a burst of orders on too little stock, repeats, late\n"
      "and early refunds, the books balanced; and checks each. Every run uses its own SKUs.\n"
      "Exit codes: 0 all checks held, 1 one did not, 2 wrong use, 3 no server there."};
  std::string url = "http://127.0.0.1:8080";
  std::string key;
  bool as_json = false;
  app.add_option("--url", url, "where Holdfast listens")
      ->envname("HOLDFAST_URL")
      ->capture_default_str();
  app.add_option("--key", key, "an operator's API key, if it asks for one")
      ->envname("HOLDFAST_KEY");
  app.add_flag("--json", as_json, "one JSON object instead of text");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kHeld : kWrongUse;
  }
  auto endpoint = load::parse_url(url);
  if (!endpoint) {
    std::fprintf(stderr, "holdfast-demo: --url: %s\n", endpoint.error().c_str());
    return kWrongUse;
  }
  endpoint->bearer = key;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);

  const bool is_terminal = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  demo::Report report(as_json ? demo::Report::Form::kJson : demo::Report::Form::kText, is_terminal);
  demo::Show show(*endpoint, load::fresh_seed(), interrupted);
  report.begin(endpoint->url(), show.run);
  const int outcome = play(show, report);
  report.end();
  return outcome;
}
