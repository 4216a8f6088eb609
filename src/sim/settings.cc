#include "sim/settings.h"

#include <algorithm>
#include <utility>

#include "sim/random.h"

namespace holdfast::sim::settings {
namespace {

PlanStep step(const std::string& name, StepKind kind, std::vector<std::string> after = {}) {
  PlanStep made;
  made.name = StepName{name};
  made.kind = kind;
  for (auto& earlier : after) made.after.push_back(StepName{std::move(earlier)});
  if (is_local(kind)) return made;
  made.timeout = Milliseconds{kind == StepKind::await ? 60'000 : 2'000};
  made.report_timeout = Milliseconds{30'000};
  made.retry = {4, Milliseconds{300}, 2, Milliseconds{2'000}};
  if (kind == StepKind::http) made.forward_url = "http://provider/" + name;
  if (kind != StepKind::amqp) made.reverse_url = "http://provider/" + name + "/back";
  made.concurrency = 3;
  return made;
}

/// The same plan with other steps, so under another version.
Plan changed_plan(Plan plan) {
  for (auto& step : plan.steps) {
    if (!is_local(step.kind)) ++step.retry.attempts;
  }
  return with_version(std::move(plan.name), std::move(plan.steps));
}

}  // namespace

Tuning tuning_of(std::uint64_t seed) {
  Random random(Random(seed ^ hash_of("tuning")).next());
  Tuning tuning;
  if (random.chance(0.25)) tuning.retention = Milliseconds{random.between(5'000, 40'000)};
  tuning.tells_events = random.chance(0.4);
  if (random.chance(0.15)) tuning.ack = flows::AckPolicy::reserved;
  if (random.chance(0.3)) tuning.breaker_after = 2;
  if (random.chance(0.5)) tuning.attempts = 2;
  tuning.changes_plans = random.chance(0.4);
  // Most worlds look less often than production does: idle looks are most of what a world does.
  if (random.chance(0.8)) {
    tuning.guard = {Milliseconds{2'000}, Milliseconds{400}};
    tuning.events_every = Milliseconds{1'000};
    tuning.sweep_every = Milliseconds{4'000};
  }
  return tuning;
}

StepPolicy policy() {
  StepPolicy policy;
  policy.order_deadline = Milliseconds{600'000};
  policy.refund.delay = Milliseconds{3'000};
  policy.refund.max_wait = Milliseconds{120'000};
  return policy;
}

std::vector<Plan> plans(bool changed) {
  std::vector<Plan> plans{
      default_plan(),
      with_version(PlanName{"paid"},
                   {step("stock", StepKind::stock), step("pay", StepKind::http, {"stock"}),
                    step("points", StepKind::points, {"pay"})}),
      with_version(PlanName{"shipped"},
                   {step("stock", StepKind::stock), step("pay", StepKind::http, {"stock"}),
                    step("ship", StepKind::http, {"pay"})}),
      with_version(PlanName{"picked"},
                   {step("stock", StepKind::stock), step("pick", StepKind::amqp, {"stock"}),
                    step("points", StepKind::points, {"pick"})}),
      with_version(PlanName{"awaited"},
                   {step("stock", StepKind::stock), step("buyer", StepKind::await, {"stock"}),
                    step("points", StepKind::points)})};
  if (changed) std::transform(plans.begin(), plans.end(), plans.begin(), changed_plan);
  return plans;
}

}  // namespace holdfast::sim::settings
