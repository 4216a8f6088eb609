// holdfast-demo: shows a running Holdfast at work, and checks what it shows.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

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

enum class Needs { nothing, a_provider };

struct Scene {
  const char* title;
  demo::ActResult (*play)(demo::Show&, demo::Act&);
  Needs needs = Needs::nothing;
};

constexpr std::array<Scene, 12> kScenes{{
    {"Stock comes in", demo::bring_stock_in},
    {"A burst: 2,000 orders over 64 connections", demo::place_burst},
    {"Behind the queue, the orders are settled", demo::wait_until_settled},
    {"The same question gets the same answer", demo::ask_again},
    {"A late refund: its order is completed", demo::refund_late},
    {"Early refunds: they overtake their orders", demo::refund_early},
    {"Payment by a provider, and a part of it back", demo::pay_and_refund_in_part,
     Needs::a_provider},
    {"A declined payment: what was done is undone", demo::decline_payment, Needs::a_provider},
    {"A refund while the payment is under way", demo::preempt_payment, Needs::a_provider},
    {"An answer lost after its effect", demo::lose_answer, Needs::a_provider},
    {"An order that nobody pays", demo::let_deadline_pass, Needs::a_provider},
    {"The books: loaded = available + reserved + sold − returned", demo::balance_books},
}};

// Says once why the acts about payment are not played, where they are not.
bool can_pay(demo::Show& show, demo::Report& report) {
  const std::string why = demo::why_without_payment(show);
  if (!why.empty()) {
    demo::Act act;
    act.title = "Payment, and what follows from it, is passed over";
    act.note(why);
    report.end_act(std::move(act));
  }
  return why.empty();
}

int play(demo::Show& show, demo::Report& report) {
  std::optional<bool> has_provider;  // looked for when it is needed first
  for (const Scene& scene : kScenes) {
    if (scene.needs == Needs::a_provider) {
      if (!has_provider) {
        has_provider = can_pay(show, report);
      }
      if (!*has_provider) {
        continue;
      }
    }
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
      "and early refunds, payments that are declined, stopped, lost or never made, the books\n"
      "balanced; and checks each. Every run uses its own SKUs. Payment needs a `holdfast psp`\n"
      "and the plans `card` and `checkout`, as ./run sets them up; else it is passed over.\n"
      "Exit codes: 0 all checks held, 1 one did not, 2 wrong use, 3 no server there."};
  std::string url = "http://127.0.0.1:8080";
  std::string key;
  std::string psp_url;
  bool as_json = false;
  app.add_option("--url", url, "where Holdfast listens")
      ->envname("HOLDFAST_URL")
      ->capture_default_str();
  app.add_option("--key", key, "an operator's API key, if it asks for one")
      ->envname("HOLDFAST_KEY");
  app.add_option("--psp", psp_url, "where `holdfast psp` listens")->envname("HOLDFAST_PSP_URL");
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
  std::optional<load::Endpoint> psp;
  if (!psp_url.empty()) {
    const auto parsed = load::parse_url(psp_url);
    if (!parsed) {
      std::fprintf(stderr, "holdfast-demo: --psp: %s\n", parsed.error().c_str());
      return kWrongUse;
    }
    psp = *parsed;
  }
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);

  const bool is_terminal = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  demo::Report report(as_json ? demo::Report::Form::kJson : demo::Report::Form::kText, is_terminal);
  demo::Show show(*endpoint, psp, load::fresh_seed(), interrupted);
  report.begin(endpoint->url(), show.run);
  const int outcome = play(show, report);
  report.end();
  return outcome;
}
