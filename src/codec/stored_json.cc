#include "codec/stored_json.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <optional>

#include "codec/storable.h"

namespace holdfast::codec {
namespace {

bool is_storable_or_unset(const std::optional<std::string>& text) {
  return !text || is_storable(*text);
}

bool is_storable_or_unset(const std::optional<StepReversal>& reversal) {
  return !reversal ||
         (is_storable_or_unset(reversal->error) && is_storable_or_unset(reversal->reference));
}

/// Whether what others said of a step can be stored as it is, as nearly always.
bool all_storable(const Step& step) {
  return is_storable_or_unset(step.error) && is_storable_or_unset(step.reference) &&
         (!step.report || is_storable_or_unset(step.report->reference)) &&
         is_storable_or_unset(step.compensation) && is_storable_or_unset(step.late);
}

void clean(std::optional<std::string>& text) {
  if (text) text = storable(*text);
}

void clean_reversal(StepReversal& reversal) {
  clean(reversal.error);
  clean(reversal.reference);
}

}  // namespace

std::string stored_json(const std::vector<OrderLine>& lines) {
  return lines_to_text(lines);
}

std::string stored_json(const std::vector<Step>& steps) {
  if (std::all_of(steps.begin(), steps.end(), all_storable)) {
    return steps_to_text(steps);
  }
  auto cleaned = steps;
  for (auto& step : cleaned) {
    clean(step.error);
    clean(step.reference);
    if (step.report) clean(step.report->reference);
    if (step.compensation) clean_reversal(*step.compensation);
    if (step.late) clean_reversal(*step.late);
  }
  return steps_to_text(cleaned);
}

std::string stored_json(const std::vector<RefundLine>& lines) {
  return boost::json::serialize(refund_lines_to_json(lines));
}

std::string stored_json(const std::vector<RefundStep>& steps) {
  auto cleaned = steps;
  for (auto& step : cleaned) clean_reversal(step);
  return refund_steps_to_text(cleaned);
}

std::string stored_json(const std::map<std::string, std::string>& attributes) {
  return boost::json::serialize(attributes_to_json(attributes));
}

std::string stored_json(const std::vector<PlanStep>& steps) {
  return boost::json::serialize(plan_steps_to_json(steps));
}

}  // namespace holdfast::codec
