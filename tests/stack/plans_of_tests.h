#pragma once

#include <string>
#include <utility>
#include <vector>

#include "domain/plan.h"
#include "ports/message_bus.h"

/// The plans that the flow tests place orders by.
namespace holdfast::testing {

inline PlanStep http_step(const std::string& name, std::vector<std::string> after) {
  PlanStep step;
  step.name = StepName{name};
  step.kind = StepKind::http;
  for (auto& earlier : after) step.after.push_back(StepName{std::move(earlier)});
  step.forward_url = "http://other.side/" + name + "/forward";
  step.reverse_url = "http://other.side/" + name + "/reverse";
  step.timeout = Milliseconds{1'000};
  step.retry = {3, Milliseconds{40}, 1, Milliseconds{40}};
  return step;
}

inline std::vector<Plan> plans_of_tests() {
  PlanStep stock;
  stock.name = StepName{"stock"};
  stock.kind = StepKind::stock;
  PlanStep points;
  points.name = StepName{"points"};
  points.kind = StepKind::points;
  points.after = {StepName{"payment"}};
  PlanStep pays;
  pays.name = StepName{"buyer_pays"};
  pays.kind = StepKind::await;
  pays.timeout = Milliseconds{60'000};
  pays.reverse_url = "http://other.side/buyer_pays/reverse";
  pays.retry = {3, Milliseconds{40}, 1, Milliseconds{40}};
  PlanStep worker;
  worker.name = StepName{"pack"};
  worker.kind = StepKind::amqp;
  worker.timeout = Milliseconds{5'000};
  worker.retry = {3, Milliseconds{40}, 1, Milliseconds{40}};
  return {default_plan(),
          with_version(PlanName{"paid"}, {stock, http_step("payment", {"stock"}), points}),
          with_version(PlanName{"shipped"},
                       {stock, http_step("payment", {"stock"}), http_step("parcel", {"payment"})}),
          with_version(PlanName{"awaited"}, {stock, pays}),
          with_version(PlanName{"worked"}, {stock, worker})};
}

/// Queues between Holdfast and the workers of other programs.
inline std::vector<QueueName> worker_queues_of_tests() {
  return {queues::work(StepName{"pack"}), queues::answers};
}

/// Names of the queues of their remote steps.
inline std::vector<QueueName> step_queues_of_tests() {
  std::vector<QueueName> names;
  for (const auto& plan : plans_of_tests()) {
    for (const auto& step : plan.steps) {
      if (!is_local(step.kind)) names.push_back(queues::step(plan.name, step.name));
    }
  }
  return names;
}

}  // namespace holdfast::testing
