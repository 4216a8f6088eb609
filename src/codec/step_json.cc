#include "codec/json_reader.h"
#include "codec/json_text.h"
#include "codec/order_json.h"

namespace holdfast::codec {
namespace {

/// Members that stand at their defaults in nearly all steps are left out.
void add_reversal(ObjectText& object, const StepReversal& reversal) {
  object.text("status", to_string(reversal.status)).integer("attempts", reversal.attempts);
  object.instant("updated_at", reversal.updated_at);
  if (reversal.charged != 0) object.integer("charged", reversal.charged);
  if (reversal.forward_unknown) object.boolean("forward_unknown", true);
  if (reversal.parked) object.boolean("parked", true);
  if (reversal.given_up) object.boolean("given_up", true);
  if (reversal.dispatched) object.boolean("dispatched", true);
  if (reversal.reference) object.text("reference", *reversal.reference);
  if (reversal.amount) object.integer("amount", *reversal.amount);
  if (reversal.error) object.text("error", *reversal.error);
  if (reversal.next_at) object.instant("next_at", *reversal.next_at);
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

void read_planned(Reader& reader, Step& step) {
  step.name = StepName{reader.text("name")};
  step.kind = reader.parsed<StepKind>("kind", parse_step_kind);
  step.points_per = reader.integer_or("per", 0);
  step.after = reader.names<StepName>("after");
  step.reversible = reader.boolean_or("reversible", false);
  step.wait = reader.milliseconds_or("wait_ms", Milliseconds{0});
}

void add_progress(ObjectText& object, const Step& step) {
  if (step.charged != 0) object.integer("charged", step.charged);
  if (step.parked) object.boolean("parked", true);
  if (step.deferred) object.boolean("deferred", true);
  if (step.dispatched) object.boolean("dispatched", true);
  if (step.timed_out) object.boolean("timed_out", true);
  if (step.outcome_unknown) object.boolean("outcome_unknown", true);
  if (step.reference) object.text("reference", *step.reference);
  if (step.error) object.text("error", *step.error);
  if (step.next_at) object.instant("next_at", *step.next_at);
  if (step.report) {
    ObjectText report(object.member("report"));
    report.boolean("succeeded", step.report->succeeded);
    if (step.report->reference) report.text("reference", *step.report->reference);
    report.end();
  }
  const auto add = [&object](std::string_view key, const std::optional<StepReversal>& reversal) {
    if (!reversal) return;
    ObjectText member(object.member(key));
    add_reversal(member, *reversal);
    member.end();
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

void add_planned(ObjectText& object, const Step& step) {
  if (step.kind == StepKind::points) object.integer("per", step.points_per);
  if (!step.after.empty()) {
    append_array(object.member("after"), step.after,
                 [](std::string& to, const StepName& name) { append_text(to, name.value); });
  }
  if (step.reversible) object.boolean("reversible", true);
  if (step.wait.count() != 0) object.integer("wait_ms", step.wait.count());
}

std::string steps_to_text(const std::vector<Step>& steps) {
  std::string out;
  out.reserve(160 * steps.size() + 2);
  append_array(out, steps, [](std::string& to, const Step& step) {
    ObjectText object(to);
    object.text("name", step.name.value).text("kind", to_string(step.kind));
    object.text("status", to_string(step.status)).integer("attempts", step.attempts);
    object.instant("updated_at", step.updated_at);
    add_planned(object, step);
    add_progress(object, step);
    object.end();
  });
  return out;
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

std::string refund_steps_to_text(const std::vector<RefundStep>& steps) {
  std::string out;
  append_array(out, steps, [](std::string& to, const RefundStep& step) {
    ObjectText object(to);
    object.text("name", step.name.value);
    add_reversal(object, step);
    object.end();
  });
  return out;
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
