#include "flows/plan_book.h"

#include <algorithm>

namespace holdfast::flows {
namespace {

const PlanStep* find_in(const Plan& plan, const StepName& name) {
  const auto found = std::find_if(plan.steps.begin(), plan.steps.end(),
                                  [&name](const PlanStep& step) { return step.name == name; });
  return found == plan.steps.end() ? nullptr : &*found;
}

}  // namespace

PlanBook::PlanBook(OrderBook& book, std::vector<Plan> configured)
    : book_(book), configured_(std::move(configured)) {
  for (const auto& plan : configured_) learn(plan);
}

void PlanBook::learn(Plan plan) {
  Key key{plan.name.value, plan.version};
  plans_.insert_or_assign(std::move(key), std::move(plan));
}

boost::asio::awaitable<PortResult<void>> PlanBook::load() {
  auto stored = co_await book_.stored_plans();
  if (!stored) co_return tl::unexpected(stored.error());
  for (auto& plan : *stored) learn(std::move(plan));
  for (const auto& plan : configured_) learn(plan);
  co_return PortResult<void>{};
}

std::optional<PlanStep> PlanBook::known_step(const Key& key, const StepName& name) const {
  const auto plan = plans_.find(key);
  const PlanStep* found = plan == plans_.end() ? nullptr : find_in(plan->second, name);
  if (found == nullptr) return std::nullopt;
  PlanStep step = *found;
  for (const auto& configured : configured_) {
    const PlanStep* now = configured.name.value == key.first ? find_in(configured, name) : nullptr;
    if (now == nullptr) continue;
    step.webhook_secret = now->webhook_secret;
    step.concurrency = now->concurrency;
  }
  return step;
}

boost::asio::awaitable<PortResult<std::optional<PlanStep>>> PlanBook::find(PlanName plan,
                                                                           std::string version,
                                                                           StepName step) {
  const Key key{plan.value, version};
  if (!plans_.contains(key)) {
    // Another process was configured with it.
    const auto loaded = co_await load();
    if (!loaded) co_return tl::unexpected(loaded.error());
  }
  co_return known_step(key, step);
}

std::vector<RemoteStep> PlanBook::remote_steps() const {
  std::map<std::pair<std::string, std::string>, RemoteStep> found;
  const auto take = [&found](const Plan& plan) {
    for (const auto& step : plan.steps) {
      if (!is_local(step.kind)) {
        found.insert_or_assign({plan.name.value, step.name.value}, RemoteStep{plan.name, step});
      }
    }
  };
  for (const auto& [key, plan] : plans_) take(plan);
  for (const auto& plan : configured_) take(plan);
  std::vector<RemoteStep> steps;
  steps.reserve(found.size());
  for (auto& [key, step] : found) steps.push_back(std::move(step));
  return steps;
}

}  // namespace holdfast::flows
