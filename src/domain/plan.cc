#include "domain/plan.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "domain/assert.h"
#include "domain/canonical_text.h"
#include "domain/digest.h"

namespace holdfast {
namespace {

/// What the steps do, without what does not matter: the order of the names in `after`, and
/// `points_per` where no points are given.
std::string canonical_steps(const std::vector<PlanStep>& steps) {
  CanonicalText text{"plan/1"};
  text.add_count(steps.size());
  for (const PlanStep& step : steps) {
    text.add(step.name.value).add(to_string(step.kind));
    std::vector<StepName> after = step.after;
    std::sort(after.begin(), after.end());
    text.add_count(after.size());
    for (const StepName& name : after) text.add(name.value);
    if (step.kind == StepKind::points) text.add_number(step.points_per);
    if (is_local(step.kind)) continue;
    text.add(step.forward_url).add(step.reverse_url);
    text.add_number(step.timeout.count()).add_number(step.report_timeout.count());
    text.add_number(step.retry.attempts).add_number(step.retry.first.count());
    text.add_number(step.retry.factor).add_number(step.retry.max.count());
  }
  return std::move(text).take();
}

std::string version_of(const std::vector<PlanStep>& steps) {
  constexpr std::size_t kVersionDigits = 12;
  return sha256_hex(canonical_steps(steps)).substr(0, kVersionDigits);
}

bool follows_all(const PlanStep& step, const std::vector<PlanStep>& placed) {
  return std::all_of(step.after.begin(), step.after.end(), [&placed](const StepName& name) {
    return std::any_of(placed.begin(), placed.end(),
                       [&name](const PlanStep& earlier) { return earlier.name == name; });
  });
}

}  // namespace

std::string_view to_string(StepKind kind) {
  switch (kind) {
    case StepKind::stock: return "stock";
    case StepKind::points: return "points";
    case StepKind::http: return "http";
    case StepKind::await: return "await";
    case StepKind::amqp: return "amqp";
  }
  HF_UNREACHABLE("no known step kind");
}

bool is_local(StepKind kind) {
  switch (kind) {
    case StepKind::stock:
    case StepKind::points: return true;
    case StepKind::http:
    case StepKind::await:
    case StepKind::amqp: return false;
  }
  HF_UNREACHABLE("no known step kind");
}

bool is_reversed_remotely(const PlanStep& step) {
  switch (step.kind) {
    case StepKind::stock:
    case StepKind::points: return false;
    case StepKind::http:
    case StepKind::await: return !step.reverse_url.empty();
    case StepKind::amqp: return true;
  }
  HF_UNREACHABLE("no known step kind");
}

Plan default_plan() {
  PlanStep stock;
  stock.name = StepName{"stock"};
  stock.kind = StepKind::stock;
  PlanStep points;
  points.name = StepName{"points"};
  points.kind = StepKind::points;
  points.points_per = 100;
  return with_version(PlanName{"default"}, {stock, points});
}

Plan with_version(PlanName name, std::vector<PlanStep> steps) {
  std::string version = version_of(steps);
  return Plan{std::move(name), std::move(version), std::move(steps)};
}

std::vector<PlanStep> in_dependency_order(const Plan& plan) {
  std::vector<PlanStep> left = plan.steps;
  std::vector<PlanStep> placed;
  placed.reserve(left.size());
  while (!left.empty()) {
    const auto ready = std::find_if(left.begin(), left.end(), [&placed](const PlanStep& step) {
      return follows_all(step, placed);
    });
    HF_ASSERT(ready != left.end());  // a cycle or an unknown name: the configuration let it pass
    placed.push_back(std::move(*ready));
    left.erase(ready);
  }
  return placed;
}

}  // namespace holdfast
