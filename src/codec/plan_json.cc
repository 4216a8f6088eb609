#include "codec/plan_json.h"

#include "codec/json_reader.h"

namespace holdfast::codec {

json::array plan_steps_to_json(const std::vector<PlanStep>& steps) {
  json::array array;
  array.reserve(steps.size());
  for (const auto& step : steps) {
    json::array after;
    for (const auto& name : step.after) after.emplace_back(name.value);
    json::object object{{"name", step.name.value},
                        {"kind", to_string(step.kind)},
                        {"after", std::move(after)},
                        {"per", step.points_per}};
    if (!is_local(step.kind)) {
      object["forward_url"] = step.forward_url;
      object["reverse_url"] = step.reverse_url;
      object["timeout_ms"] = step.timeout.count();
      object["report_timeout_ms"] = step.report_timeout.count();
      object["attempts"] = step.retry.attempts;
      object["first_ms"] = step.retry.first.count();
      object["factor"] = step.retry.factor;
      object["max_ms"] = step.retry.max.count();
      object["concurrency"] = step.concurrency;
      object["webhook_secret"] = step.webhook_secret;
    }
    array.push_back(std::move(object));
  }
  return array;
}

Decoded<std::vector<PlanStep>> plan_steps_from_json(const json::value& value) {
  return read_array<PlanStep>(value, [](Reader& reader) {
    PlanStep step;
    step.name = StepName{reader.text("name")};
    step.kind = reader.parsed<StepKind>("kind", parse_step_kind);
    step.after = reader.names<StepName>("after");
    step.points_per = reader.integer("per");
    step.forward_url = reader.optional_text("forward_url").value_or("");
    step.reverse_url = reader.optional_text("reverse_url").value_or("");
    step.timeout = reader.milliseconds_or("timeout_ms", step.timeout);
    step.report_timeout = reader.milliseconds_or("report_timeout_ms", step.report_timeout);
    step.retry.attempts =
        static_cast<std::uint32_t>(reader.integer_or("attempts", step.retry.attempts));
    step.retry.first = reader.milliseconds_or("first_ms", step.retry.first);
    step.retry.factor = static_cast<std::uint32_t>(reader.integer_or("factor", step.retry.factor));
    step.retry.max = reader.milliseconds_or("max_ms", step.retry.max);
    step.concurrency =
        static_cast<std::uint32_t>(reader.integer_or("concurrency", step.concurrency));
    step.webhook_secret = reader.optional_text("webhook_secret").value_or("");
    return step;
  });
}

}  // namespace holdfast::codec
