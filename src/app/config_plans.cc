#include "app/config_plans.h"

#include <string>
#include <utility>

#include "app/config_step_keys.h"

namespace holdfast::app {
namespace {

// With its prefix, whether the file wrote it or not.
std::string whole_secret(const std::string& secret) {
  if (secret.empty() || secret.starts_with(kSecretPrefix)) {
    return secret;
  }
  return std::string(kSecretPrefix) + secret;
}

PlanStep step_from(const StepConfig& config) {
  PlanStep step;
  step.name = StepName{config.name};
  step.kind = config.kind;
  for (const auto& name : config.after) {
    step.after.push_back(StepName{name});
  }
  step.points_per = config.per;
  step.forward_url = config.forward_url;
  step.reverse_url = config.reverse_url;
  step.timeout = config.timeout;
  step.report_timeout = config.report_timeout;
  step.retry = config.retry;
  step.concurrency = config.concurrency;
  step.webhook_secret = whole_secret(config.webhook_secret);
  return step;
}

}  // namespace

std::vector<Plan> plans_from(const Config& config) {
  std::vector<Plan> plans;
  plans.reserve(config.plans.size());
  for (const auto& plan : config.plans) {
    std::vector<PlanStep> steps;
    for (const auto& step : plan.steps) {
      steps.push_back(step_from(step));
    }
    plans.push_back(with_version(PlanName{plan.name}, std::move(steps)));
  }
  return plans;
}

}  // namespace holdfast::app
