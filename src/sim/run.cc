#include "sim/run.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "sim/checkers/checkers.h"
#include "sim/evidence.h"

namespace holdfast::sim {
namespace {

std::string at_second(Instant start, Instant at) {
  char text[32];
  std::snprintf(text, sizeof text, "%10.3f s  ", static_cast<double>((at - start).count()) / 1'000);
  return text;
}

std::string lines_of(const Operation& operation) {
  std::string text;
  for (const auto& line : operation.lines) {
    text += " " + std::to_string(line.quantity) + "x" + line.sku;
    if (!line.restock) text += "(kept)";
  }
  return text;
}

std::string words_of(const Operation& operation) {
  const std::string number = "#" + std::to_string(operation.number) + " ";
  switch (operation.kind) {
    case OperationKind::place:
      return number + "place " + operation.order_id.to_string() + " plan " + operation.plan +
             " user " + operation.user + lines_of(operation);
    case OperationKind::refund:
      return number + "refund " + operation.refund_id.to_string() + " of " +
             operation.order_id.to_string() + (operation.preempts ? " pre-empting" : "") +
             (operation.lines.empty() ? " whole" : lines_of(operation));
    case OperationKind::report:
      return number + "report of " + operation.order_id.to_string() + ": " +
             (operation.succeeded ? "succeeded" : "failed");
    case OperationKind::adjust:
      return number + "adjust " + operation.lines.front().sku + " by " +
             std::to_string(operation.units);
    case OperationKind::set_stock:
      return number + "set " + operation.lines.front().sku + " to " +
             std::to_string(operation.units) +
             (operation.limit ? ", limit " + std::to_string(*operation.limit) : "") +
             (operation.removes_limit ? ", no limit" : "");
    case OperationKind::retry_parked: return number + "retry what is parked";
    case OperationKind::discard_parked: return number + "discard something that is parked";
    case OperationKind::look:
      return number + "look at " +
             (operation.refund_id == RefundId{} ? operation.order_id.to_string()
                                                : operation.refund_id.to_string());
    case OperationKind::browse: return number + "browse";
    case OperationKind::reconcile: return number + "reconcile";
    case OperationKind::lose_ledger: return number + "the ledger loses everything";
  }
  HF_UNREACHABLE("OperationKind");
}

thread_local std::uint64_t world_of_seed = 0;

}  // namespace

std::uint64_t seed_under_way() {
  return world_of_seed;
}

Verdict run_once(const Choice& choice, Sites* sites) {
  world_of_seed = choice.seed;
  Verdict verdict;
  verdict.seed = choice.seed;
  World world(choice);
  const bool ended = world.run();
  verdict.violations = world.violations();
  if (!ended && verdict.violations.empty()) {
    verdict.violations.push_back("ends: not quiet after everything was healed: " + world.unrest());
  }
  const Evidence evidence = gather(world);
  for (auto& found : checkers::check_all(evidence)) verdict.violations.push_back(std::move(found));
  verdict.trace = world.trace();
  verdict.steps = world.steps();
  verdict.simulated = world.now() - world.start();
  verdict.faults = world.faults().fired();
  verdict.history = world.history();
  verdict.rates = world.faults().text();
  verdict.start = world.start();
  if (sites != nullptr) sites->add(world.sites());
  return verdict;
}

std::set<std::string> broken_rules(const Verdict& verdict) {
  std::set<std::string> rules;
  for (const auto& violation : verdict.violations) {
    rules.insert(violation.substr(0, violation.find(':')));
  }
  return rules;
}

std::string timeline(const Verdict& verdict) {
  std::vector<std::pair<Instant, std::string>> all;
  for (const auto& fault : verdict.faults) all.emplace_back(fault.at, "FAULT  " + fault.key);
  for (const auto& sending : verdict.history.sendings) {
    const auto& operation = verdict.history.operations[sending.operation];
    all.emplace_back(sending.sent_at, "asked  " + sending.process + ": " + words_of(operation));
    if (!sending.answered_at) continue;
    all.emplace_back(*sending.answered_at,
                     "told   #" + std::to_string(operation.number) + " " + sending.answer +
                         (sending.standing.empty() ? "" : ", stands at " + sending.standing));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text;
  for (const auto& [at, words] : all) text += at_second(verdict.start, at) + words + "\n";
  return text;
}

}  // namespace holdfast::sim
