#include "codec/json_reader.h"
#include "codec/order_json.h"

namespace holdfast::codec {
namespace {

/// Members that stand at their defaults in nearly all steps are left out.
void add_reversal(json::object& object, const StepReversal& reversal) {
  object["status"] = to_string(reversal.status);
  object["attempts"] = reversal.attempts;
  object["updated_at"] = to_rfc3339(reversal.updated_at);
  if (reversal.charged != 0) object["charged"] = reversal.charged;
  if (reversal.forward_unknown) object["forward_unknown"] = true;
  if (reversal.parked) object["parked"] = true;
  if (reversal.given_up) object["given_up"] = true;
  if (reversal.dispatched) object["dispatched"] = true;
  if (reversal.reference) object["reference"] = *reversal.reference;
  if (reversal.amount) object["amount"] = *reversal.amount;
  if (reversal.error) object["error"] = *reversal.error;
  if (reversal.next_at) object["next_at"] = to_rfc3339(*reversal.next_at);
}

void read_reversal(Reader& reader, StepReversal& reversal) {
  reversal.status = reader.parsed<ReverseStatus>("status", parse_reverse_status);
  reversal.attempts = static_cast<std::uint32_t>(reader.integer("attempts"));
  reversal.charged = reader.count("charged");
  reversal.forward_unknown = reader.boolean_or("forward_unknown", false);
  reversal.parked = reader.boolean_or("parked", false);
  reversal.given_up = reader.boolean_or("given_up", false);
  reversal.dispatched = reader.boolean_or("dispatched", false);
  reversal.reference = reader.optional_text("reference");
  if (reader.has("amount")) reversal.amount = reader.integer("amount");
  reversal.error = reader.optional_text("error");
  reversal.next_at = reader.optional_instant("next_at");
  reversal.updated_at = reader.instant("updated_at");
}

Decoded<StepReversal> reversal_from_json(const json::value& value) {
  Reader reader(value);
  StepReversal reversal;
  read_reversal(reader, reversal);
  if (reader.error()) return fault(*reader.error());
  return reversal;
}

Decoded<StepReport> report_from_json(const json::value& value) {
  Reader reader(value);
  StepReport report;
  report.succeeded = reader.boolean_or("succeeded", false);
  report.reference = reader.optional_text("reference");
  if (reader.error()) return fault(*reader.error());
  return report;
}

void add_planned(json::object& object, const Step& step) {
  if (step.kind == StepKind::points) object["per"] = step.points_per;
  if (!step.after.empty()) {
    json::array after;
    for (const auto& name : step.after) after.emplace_back(name.value);
    object["after"] = std::move(after);
  }
  if (step.reversible) object["reversible"] = true;
  if (step.wait.count() != 0) object["wait_ms"] = step.wait.count();
}

void read_planned(Reader& reader, Step& step) {
  step.name = StepName{reader.text("name")};
  step.kind = reader.parsed<StepKind>("kind", parse_step_kind);
  step.points_per = reader.integer_or("per", 0);
  step.after = reader.names<StepName>("after");
  step.reversible = reader.boolean_or("reversible", false);
  step.wait = reader.milliseconds_or("wait_ms", Milliseconds{0});
}

void add_progress(json::object& object, const Step& step) {
  if (step.charged != 0) object["charged"] = step.charged;
  if (step.parked) object["parked"] = true;
  if (step.deferred) object["deferred"] = true;
  if (step.dispatched) object["dispatched"] = true;
  if (step.timed_out) object["timed_out"] = true;
  if (step.outcome_unknown) object["outcome_unknown"] = true;
  if (step.reference) object["reference"] = *step.reference;
  if (step.error) object["error"] = *step.error;
  if (step.next_at) object["next_at"] = to_rfc3339(*step.next_at);
  if (step.report) {
    json::object report{{"succeeded", step.report->succeeded}};
    if (step.report->reference) report["reference"] = *step.report->reference;
    object["report"] = std::move(report);
  }
  const auto add = [&object](std::string_view key, const std::optional<StepReversal>& reversal) {
    if (!reversal) return;
    json::object member;
    add_reversal(member, *reversal);
    object[key] = std::move(member);
  };
  add("compensation", step.compensation);
  add("late", step.late);
}

void read_progress(Reader& reader, Step& step) {
  step.status = reader.parsed<StepStatus>("status", parse_step_status);
  step.attempts = static_cast<std::uint32_t>(reader.integer("attempts"));
  step.charged = reader.count("charged");
  step.parked = reader.boolean_or("parked", false);
  step.deferred = reader.boolean_or("deferred", false);
  step.dispatched = reader.boolean_or("dispatched", false);
  step.timed_out = reader.boolean_or("timed_out", false);
  step.outcome_unknown = reader.boolean_or("outcome_unknown", false);
  step.reference = reader.optional_text("reference");
  step.error = reader.optional_text("error");
  step.next_at = reader.optional_instant("next_at");
  if (reader.has("report")) step.report = reader.part<StepReport>("report", report_from_json);
  if (reader.has("compensation")) {
    step.compensation = reader.part<StepReversal>("compensation", reversal_from_json);
  }
  if (reader.has("late")) step.late = reader.part<StepReversal>("late", reversal_from_json);
  step.updated_at = reader.instant("updated_at");
}

}  // namespace

json::array steps_to_json(const std::vector<Step>& steps) {
  json::array array;
  array.reserve(steps.size());
  for (const auto& step : steps) {
    json::object object{{"name", step.name.value},
                        {"kind", to_string(step.kind)},
                        {"status", to_string(step.status)},
                        {"attempts", step.attempts},
                        {"updated_at", to_rfc3339(step.updated_at)}};
    add_planned(object, step);
    add_progress(object, step);
    array.push_back(std::move(object));
  }
  return array;
}

Decoded<std::vector<Step>> steps_from_json(const json::value& value) {
  return read_array<Step>(value, [](Reader& reader) {
    Step step;
    read_planned(reader, step);
    read_progress(reader, step);
    return step;
  });
}

Decoded<std::vector<Step>> planned_steps_from_json(const json::value& value) {
  return read_array<Step>(value, [](Reader& reader) {
    Step step;
    read_planned(reader, step);
    return step;
  });
}

json::array refund_steps_to_json(const std::vector<RefundStep>& steps) {
  json::array array;
  array.reserve(steps.size());
  for (const auto& step : steps) {
    json::object object{{"name", step.name.value}};
    add_reversal(object, step);
    array.push_back(std::move(object));
  }
  return array;
}

Decoded<std::vector<RefundStep>> refund_steps_from_json(const json::value& value) {
  return read_array<RefundStep>(value, [](Reader& reader) {
    RefundStep step;
    step.name = StepName{reader.text("name")};
    read_reversal(reader, step);
    return step;
  });
}

}  // namespace holdfast::codec
