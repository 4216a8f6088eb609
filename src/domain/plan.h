#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.h"
#include "domain/money.h"

namespace holdfast {

/// What a step is carried out by. `stock` and `points` are local: they run inside the settlement.
enum class StepKind { stock, points, http, await, amqp };

/// How often, and after which pauses, a remote step is asked again.
struct RetryPolicy {
  std::uint32_t attempts = 8;  ///< calls in all, the first too; at least 1
  Milliseconds first{1'000};   ///< the longest pause before the second call
  std::uint32_t factor = 3;    ///< what it grows by from call to call
  Milliseconds max{300'000};   ///< and up to

  bool operator==(const RetryPolicy&) const = default;
};

/// One step of a plan as configured.
struct PlanStep {
  StepName name;
  StepKind kind = StepKind::stock;
  std::vector<StepName> after;    ///< steps that must be done before this one begins
  std::int64_t points_per = 100;  ///< kind `points`: minor units that earn one point, at least 1

  // What follows belongs to the remote kinds.
  std::string forward_url;      ///< kind `http`
  std::string reverse_url;      ///< kinds `http` and `await`; empty: nothing to give back
  Milliseconds timeout{5'000};  ///< of a call; of an answer (`amqp`); of the wait (`await`)
  Milliseconds report_timeout{900'000};  ///< kind `http`: for the report after a 202
  RetryPolicy retry;
  std::uint32_t concurrency = 16;  ///< calls at a time, per process; not part of the version
  std::string webhook_secret;      ///< signs the calls; may change without a new version

  bool operator==(const PlanStep&) const = default;
};

/// A named list of steps, versioned by its content: an order finishes on the plan it began with.
struct Plan {
  PlanName name;
  std::string version;  ///< 12 hex digits of the SHA-256 of the canonical steps
  std::vector<PlanStep> steps;

  bool operator==(const Plan&) const = default;
};

std::string_view to_string(StepKind kind);

/// True for the kinds that the settlement transaction carries out itself.
bool is_local(StepKind kind);

/// Whether the step, once done, has to be taken back by a call of its own.
bool is_reversed_remotely(const PlanStep& step);

/// The plan that exists unless configured otherwise: `stock`, then `points` at 1 per 100.
Plan default_plan();

/// Fills in `version` from the content of `steps`.
Plan with_version(PlanName name, std::vector<PlanStep> steps);

/// Steps in an order in which every step follows those named in its `after`, ties in the order
/// written. Precondition: no cycle, no unknown name (the configuration has refused both).
std::vector<PlanStep> in_dependency_order(const Plan& plan);

}  // namespace holdfast
