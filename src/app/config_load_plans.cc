#include "app/config_load_plans.h"

#include <algorithm>
#include <cctype>

#include "app/config_names.h"
#include "app/config_step_keys.h"

namespace holdfast::app {
namespace {

constexpr std::string_view kNameRule = "1 to 64 characters of A-Za-z0-9_-";
constexpr std::string_view kRetryPrefix = "retry.";

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const auto kind : step_kinds()) {
    names.emplace_back(to_string(kind));
  }
  return names;
}

// The keys of a step, or those of its table `retry`.
std::vector<std::string> key_names(bool of_retry) {
  std::vector<std::string> names;
  if (!of_retry) {
    names = {"name", "kind", "after", "retry"};
  }
  for (const auto& key : step_keys()) {
    const bool is_retry = key.name.starts_with(kRetryPrefix);
    if (is_retry == of_retry) {
      names.push_back(is_retry ? key.name.substr(kRetryPrefix.size()) : key.name);
    }
  }
  return names;
}

// Reads one step. Lives for one call of read_plans.
class StepReader {
 public:
  StepReader(const std::string& plan, std::size_t index, const toml::table& table,
             FileReport& report)
      : plan_(plan),
        place_(step_place(plan, index)),
        owner_("[[plans." + plan + ".steps]]"),
        table_(table),
        report_(report) {}

  StepConfig read() {
    report_.remember(place_, table_.source());
    for (const auto& [key, node] : table_) {
      report_.remember(place_ + "." + std::string(key.str()), key.source());
    }
    report_.unknown_keys(table_, owner_, key_names(false));
    const auto name = read_name();
    const auto kind = read_kind();
    auto step = default_step(kind.value_or(StepKind::stock));
    step.name = name;
    if (kind) {  // without it nobody can tell which keys belong here
      read_keys(step);
      read_after(step);
    }
    return step;
  }

 private:
  std::string read_name() {
    auto name = report_.text_of(table_, "name", owner_, std::string(kNameRule));
    if (!name.empty() && !is_name(name)) {
      report_.fault(*table_.get("name"), owner_ + ": `name` must be " + std::string(kNameRule));
      return "";
    }
    if (!name.empty()) {
      owner_ = "step \"" + name + "\" of plan \"" + plan_ + "\"";
    }
    return name;
  }

  std::optional<StepKind> read_kind() {
    const auto names = kind_names();
    const auto text = report_.text_of(table_, "kind", owner_, "one of " + quoted_list(names));
    const auto found = std::find(names.begin(), names.end(), text);
    if (found != names.end()) {
      return step_kinds()[static_cast<std::size_t>(found - names.begin())];
    }
    if (!text.empty()) {
      report_.fault(*table_.get("kind"), owner_ + ": `kind` must be one of " + quoted_list(names) +
                                             ", not " + toml_quoted(text) + "; did you mean \"" +
                                             nearest_name(text, names).name + "\"?");
    }
    return std::nullopt;
  }

  void read_keys(StepConfig& step) {
    for (const auto& [key, node] : table_) {
      if (key.str() == "retry") {
        read_retry(key, node, step);
      } else if (const auto* known = find_step_key(key.str())) {
        set(*known, key.source(), node, step);
      }
    }
    for (const auto& key : step_keys()) {
      if (key.is_required() && key.belongs_to(step.kind) && !table_.contains(key.name)) {
        report_.fault(table_, owner_ + " needs `" + key.name + "`: " + key.allowed(step.kind));
      }
    }
  }

  void set(const StepKey& key, const toml::source_region& source, const toml::node& node,
           StepConfig& step) {
    if (!key.belongs_to(step.kind)) {
      foreign(key.name, key, source, step.kind);
    } else if (const auto wrong = key.set(step, raw_value(node))) {
      report_.fault(source, owner_ + ": `" + key.name + "` " + *wrong);
    }
  }

  void foreign(const std::string& name, const StepKey& key, const toml::source_region& source,
               StepKind kind) {
    report_.fault(source, owner_ + ": `" + name + "` belongs to " + key.kinds_in_words() +
                              " only, and this step is of kind \"" + std::string(to_string(kind)) +
                              "\"; take it away");
  }

  void read_retry(const toml::key& key, const toml::node& node, StepConfig& step) {
    const auto* attempts = find_step_key("retry.attempts");
    const auto* table = node.as_table();
    if (!attempts->belongs_to(step.kind)) {  // they all belong to the same kinds
      foreign("retry", *attempts, key.source(), step.kind);
      return;
    }
    if (table == nullptr) {
      report_.fault(key.source(), owner_ +
                                      ": `retry` is written as { attempts = 8, first = \"1s\", "
                                      "factor = 3, max = \"5m\" }, each of them optional");
      return;
    }
    report_.unknown_keys(*table, "`retry` of " + owner_, key_names(true));
    for (const auto& [part, value] : *table) {
      const auto name = std::string(kRetryPrefix) + std::string(part.str());
      report_.remember(place_ + "." + name, part.source());
      if (const auto* known = find_step_key(name)) {
        set(*known, part.source(), value, step);
      }
    }
  }

  void read_after(StepConfig& step) {
    const auto* node = table_.get("after");
    if (node == nullptr) {
      return;
    }
    const auto* list = node->as_array();
    if (list == nullptr || !std::all_of(list->begin(), list->end(),
                                        [](const auto& name) { return name.is_string(); })) {
      report_.fault(*node, owner_ + ": `after` must be a list of step names, such as [\"stock\"]");
      return;
    }
    for (const auto& name : *list) {
      report_.remember(place_ + ".after[" + std::to_string(step.after.size()) + "]", name.source());
      step.after.push_back(name.as_string()->get());
    }
  }

  const std::string& plan_;
  std::string place_;
  std::string owner_;  // how messages call the step
  const toml::table& table_;
  FileReport& report_;
};

void lay_over(PlanConfig plan, Config& config) {
  const auto same = std::find_if(config.plans.begin(), config.plans.end(),
                                 [&](const auto& known) { return known.name == plan.name; });
  if (same != config.plans.end()) {
    *same = std::move(plan);
  } else {
    config.plans.push_back(std::move(plan));
  }
}

}  // namespace

void read_plans(const toml::table& plans, Config& config, FileReport& report) {
  for (const auto& [key, node] : plans) {
    const std::string name(key.str());
    const auto* table = node.as_table();
    const auto* steps = table == nullptr ? nullptr : table->get("steps");
    report.remember(plan_place(name), key.source());
    if (!is_name(name)) {
      report.fault(key.source(), "a plan's name must be " + std::string(kNameRule));
    } else if (steps == nullptr || !is_list_of_tables(*steps) || steps->as_array()->empty()) {
      report.fault(key.source(), "the steps of a plan are written as [[plans." + name +
                                     ".steps]], each with name and kind, at least one");
    } else {
      report.unknown_keys(*table, "[plans." + name + "]", {"steps"});
      PlanConfig plan{name, {}};
      for (const auto& entry : *steps->as_array()) {
        plan.steps.push_back(StepReader(name, plan.steps.size(), *entry.as_table(), report).read());
      }
      lay_over(std::move(plan), config);
    }
  }
}

}  // namespace holdfast::app
