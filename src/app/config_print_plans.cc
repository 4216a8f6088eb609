#include "app/config_print.h"
#include "app/config_step_keys.h"

namespace holdfast::app {
namespace {

// The part of a key that stands in the table `retry`; "" for the others.
std::string in_retry(const std::string& key) {
  constexpr std::string_view kPrefix = "retry.";
  return key.starts_with(kPrefix) ? key.substr(kPrefix.size()) : "";
}

// What a key may be and is when left out: once where that is the same for all its kinds.
std::string bounds(const StepKey& key) {
  std::string text;
  for (const auto kind : key.kinds) {
    const auto value = key.shown(default_step(kind));
    const std::string rest = key.allowed(kind) + (value ? ", default " + *value : "") +
                             (key.is_required() ? ", required" : "");
    if (text.ends_with(": " + rest)) {
      text.insert(text.size() - rest.size() - 2, ", " + std::string(to_string(kind)));
    } else {
      text += (text.empty() ? "" : "; ") + std::string(to_string(kind)) + ": " + rest;
    }
  }
  return text;
}

std::string explanation() {
  std::string text = "\n" + as_comment(
                                "What is done for an order, step by step. The plan `default` "
                                "always exists. Every plan has one "
                                "step of kind \"stock\" and at most one of kind \"points\"; 64 "
                                "plans, and 32 steps in each, "
                                "are the most. Keys of a step:");
  text += as_comment("- name: 1 to 64 characters of A-Za-z0-9_-, required");
  text += as_comment(
      "- kind: stock (the book's stock), points, http (POST to a server), await (an outside party "
      "reports it), amqp (a worker takes it from a queue), required");
  text += as_comment("- after: names of steps of the plan that must be done before, default []");
  for (const auto& key : step_keys()) {
    text += as_comment("- " + key.name + ": " + key.description + " " + bounds(key));
  }
  return text;
}

std::string step_as_toml(const StepConfig& step) {
  std::string text = "name = " + toml_quoted(step.name) + "\nkind = \"" +
                     std::string(to_string(step.kind)) + "\"\n";
  if (!step.after.empty()) {
    text += "after = [" + quoted_list(step.after) + "]\n";
  }
  std::string retry;
  for (const auto& key : step_keys()) {
    const auto shown = key.belongs_to(step.kind) ? key.shown(step) : std::nullopt;
    if (!shown) {
      continue;
    }
    if (const auto part = in_retry(key.name); !part.empty()) {
      retry += (retry.empty() ? "" : ", ") + part + " = " + *shown;
    } else {
      text += key.name + " = " + *shown + "\n";
    }
  }
  return text + (retry.empty() ? "" : "retry = { " + retry + " }\n");
}

boost::json::object step_as_json(const StepConfig& step) {
  boost::json::object entry = {{"name", step.name}, {"kind", to_string(step.kind)}};
  entry["after"] = boost::json::array(step.after.begin(), step.after.end());
  for (const auto& key : step_keys()) {
    const auto shown = key.belongs_to(step.kind) ? key.shown(step) : std::nullopt;
    if (!shown) {
      continue;
    }
    if (const auto part = in_retry(key.name); !part.empty()) {
      if (!entry.contains("retry")) {
        entry["retry"] = boost::json::object();
      }
      entry["retry"].as_object()[part] = as_json(*shown);
    } else {
      entry[key.name] = as_json(*shown);
    }
  }
  return entry;
}

}  // namespace

std::string plans_as_toml(const Config& config) {
  std::string text = explanation();
  for (const auto& plan : config.plans) {
    for (const auto& step : plan.steps) {
      text += "[[plans." + plan.name + ".steps]]\n" + step_as_toml(step);
    }
  }
  return text;
}

boost::json::object plans_as_json(const Config& config) {
  boost::json::object plans;
  for (const auto& plan : config.plans) {
    boost::json::array steps;
    for (const auto& step : plan.steps) {
      steps.push_back(step_as_json(step));
    }
    plans[plan.name] = {{"steps", std::move(steps)}};
  }
  return plans;
}

}  // namespace holdfast::app
