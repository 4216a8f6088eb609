#include "bench/early.h"

#include <fmt/format.h>

namespace holdfast::bench {
namespace {

// `policy`: what a refund does with an order that is not complete, in a word of the API.
Result<double> refund_at_once(Stage& stage, const std::string& policy, const std::string& phase) {
  const auto started = stage.counter().start();
  if (!started) {
    return tl::make_unexpected(started.error());
  }
  EarlyRefunds refunds(stage.endpoint(), stage.shape(policy),
                       fmt::format(R"({{"when_incomplete":"{}"}})", policy));
  load::RunOptions run = stage.bounds(phase, stage.options().drain_deadline());
  run.max_requests = 2 * stage.options().early_refunds();  // each with its order
  const auto result = stage.drive(refunds, run, {kAcceptedOrRefused}, phase);
  if (!result) {
    return tl::make_unexpected(result.error());
  }
  const auto drained = stage.drain(refunds.refunds(), phase, &Counter::count_refunded);
  if (!drained) {
    return tl::make_unexpected(drained.error());
  }
  const double rate = per_second(refunds.refunds(), result->first_sent, drained->at);
  stage.done(phase, fmt::format("{:.0f} refunded/s, asked for with their orders ({})", rate,
                                refunds.refunds()));
  return rate;
}

}  // namespace

Result<void> early_refunds(Stage& stage, Results& results) {
  const auto waiting = refund_at_once(stage, "wait", "early");
  if (!waiting) {
    return tl::make_unexpected(waiting.error());
  }
  const auto preempting = refund_at_once(stage, "preempt", "pre-empting");
  if (!preempting) {
    return tl::make_unexpected(preempting.error());
  }
  results.early_refunds_per_s = *waiting;
  results.preempting_refunds_per_s = *preempting;
  return {};
}

}  // namespace holdfast::bench
