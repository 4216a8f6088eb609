// Header-only here, so that one translation unit knows the TOML library and nothing else links it.
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "app/config.h"
#include "app/config_check.h"
#include "app/config_names.h"
#include "app/config_properties.h"

extern char** environ;

namespace holdfast::app {
namespace {

// Fails when the text is not known to be right; the line is 0 where there is none.
struct LocatedFault {
  std::size_t line = 0;
  ConfigFault fault;
};

RawValue raw_value(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string: return node.as_string()->get();
    case toml::node_type::boolean: return node.as_boolean()->get();
    case toml::node_type::integer: return node.as_integer()->get();
    case toml::node_type::floating_point: return OtherType{"a number with a fraction"};
    case toml::node_type::table: return OtherType{"a table"};
    case toml::node_type::array: return OtherType{"an array"};
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time: return OtherType{"a date or time"};
    case toml::node_type::none: break;
  }
  return OtherType{"nothing"};
}

bool is_plan_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
}

bool is_digest(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return std::isxdigit(static_cast<unsigned char>(c));
         });
}

// Turns one file and one environment into a Config and the list of what is wrong with them.
// Lives for one call of load_config.
class Loader {
 public:
  explicit Loader(std::string file) : file_(std::move(file)) {}

  void read_file(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const std::string name(key.str());
      if (find_property("", name) != nullptr) {
        set("", key, node);
      } else if (!known_section(name)) {
        unknown_at_top(key, node);
      } else if (!node.is_table()) {
        fault(node, "[" + name + "] must be a section, not " + named_type(node));
      } else if (name == "plans") {
        read_plans(*node.as_table());
      } else {
        read_section(name, *node.as_table());
      }
    }
  }

  void read_environment(const Environment& environment) {
    std::set<std::string> known;
    for (const auto& property : properties()) {
      known.insert(property.environment());
      const auto found = environment.find(property.environment());
      if (found == environment.end()) {
        continue;
      }
      places_[property.name()] = found->first;
      if (const auto wrong = property.set_from_text(config_, found->second)) {
        faults_.push_back({0, {found->first, property.name() + " " + *wrong}});
      }
    }
    for (const auto& [name, value] : environment) {
      if (!known.contains(name)) {
        unknown_variable(name, {known.begin(), known.end()});
      }
    }
  }

  tl::expected<Config, ConfigError> finish() {
    std::stable_sort(faults_.begin(), faults_.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    ConfigError error;
    for (auto& each : faults_) {
      error.faults.push_back(std::move(each.fault));
    }
    if (error.faults.empty()) {  // rules over half-read values would only repeat what was said
      error.faults = check_rules(config_, places_);
    }
    if (!error.faults.empty()) {
      return tl::unexpected(std::move(error));
    }
    if (config_.http.auth == Auth::none && !config_.http.keys.empty()) {
      config_.warnings.push_back(places_[key_place(0)] +
                                 ": [[http.keys]] are not looked at while http.auth = \"none\"");
    }
    return std::move(config_);
  }

 private:
  static std::string named_type(const toml::node& node) {
    const auto raw = raw_value(node);
    if (const auto* other = std::get_if<OtherType>(&raw)) {
      return other->name;
    }
    return "a single value";
  }

  std::string place(const toml::source_region& source) const {
    return file_ + ":" + std::to_string(source.begin.line);
  }
  void fault(const toml::source_region& source, std::string message) {
    faults_.push_back({source.begin.line, {place(source), std::move(message)}});
  }
  void fault(const toml::node& node, std::string message) {
    fault(node.source(), std::move(message));
  }

  static bool known_section(const std::string& name) {
    const auto& names = section_names();
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  void set(const std::string& section, const toml::key& key, const toml::node& node) {
    const auto* property = find_property(section, key.str());
    places_[property->name()] = place(key.source());
    if (const auto wrong = property->set(config_, raw_value(node))) {
      fault(key.source(), property->name() + " " + *wrong);
    }
  }

  void read_section(const std::string& section, const toml::table& table) {
    for (const auto& [key, node] : table) {
      if (section == "http" && key.str() == "keys") {
        read_keys(node);
      } else if (find_property(section, key.str()) != nullptr) {
        set(section, key, node);
      } else {
        unknown_in_section(section, key);
      }
    }
  }

  // A key that exists elsewhere is likelier misplaced than misspelt.
  static std::string elsewhere(std::string_view key) {
    for (const auto& property : properties()) {
      if (property.key == key) {
        return property.section.empty() ? "`" + property.key + "` before all sections"
                                        : "`" + property.key + "` in [" + property.section + "]";
      }
    }
    return "";
  }

  void unknown_at_top(const toml::key& key, const toml::node& node) {
    const std::string name(key.str());
    std::vector<std::string> candidates = section_names();
    candidates.emplace_back("namespace");
    const auto nearest = nearest_name(name, candidates).name;
    std::string meant = nearest == "namespace" ? "`namespace`" : "[" + nearest + "]";
    if (!node.is_table() && !elsewhere(name).empty()) {
      meant = elsewhere(name);
    }
    fault(key.source(), (node.is_table() || node.is_array() ? "unknown section [" + name + "]"
                                                            : "unknown key `" + name + "`") +
                            "; did you mean " + meant + "?");
  }

  void unknown_in_section(const std::string& section, const toml::key& key) {
    const std::string name(key.str());
    std::vector<std::string> candidates;
    for (const auto& property : properties()) {
      if (property.section == section) {
        candidates.push_back(property.key);
      }
    }
    if (section == "http") {
      candidates.emplace_back("keys");
    }
    const auto nearest = nearest_name(name, candidates);
    std::string meant = "`" + nearest.name + "`";
    if (nearest.distance > 2 && !elsewhere(name).empty()) {
      meant = elsewhere(name);
    }
    fault(key.source(),
          "unknown key `" + name + "` in [" + section + "]; did you mean " + meant + "?");
  }

  // A variable one or two letters off is a mistake. Anything else may belong to somebody else: a
  // cluster sets HOLDFAST_REDIS_PORT and the like by itself when a service is called so.
  void unknown_variable(const std::string& name, const std::vector<std::string>& known) {
    const auto nearest = nearest_name(name, known);
    if (nearest.distance <= 2) {
      faults_.push_back({0, {name, "unknown variable; did you mean " + nearest.name + "?"}});
      return;
    }
    for (const auto& section : section_names()) {
      std::string prefix = "HOLDFAST_";
      prefix.append(section).append("_");
      if (name.size() > prefix.size() &&
          edit_distance(name.substr(0, prefix.size()), prefix) == 0) {
        config_.warnings.push_back(
            name + ": no key has this name, so it has no effect (nearest: " + nearest.name + ")");
        return;
      }
    }
  }

  // The member `name` of a list's entry as a text; "" after having said what is wrong.
  std::string text_of(const toml::table& table, const std::string& name, const std::string& owner,
                      const std::string& allowed) {
    const auto* node = table.get(name);
    if (node == nullptr) {
      fault(table, owner + " needs `" + name + "`: " + allowed);
      return "";
    }
    if (!node->is_string() || node->as_string()->get().empty()) {
      fault(*node, owner + ": `" + name + "` must be a text in quotes, " + allowed);
      return "";
    }
    return node->as_string()->get();
  }

  void unknown_entry_keys(const toml::table& table, const std::string& owner,
                          const std::vector<std::string>& known) {
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        fault(key.source(), unknown_entry_key(name, owner, known));
      }
    }
  }

  static std::string unknown_entry_key(const std::string& name, const std::string& owner,
                                       const std::vector<std::string>& known) {
    return "unknown key `" + name + "` in " + owner + "; did you mean `" +
           nearest_name(name, known).name + "`?";
  }

  void read_keys(const toml::node& node) {
    const auto* list = node.as_array();
    if (list == nullptr || !std::all_of(list->begin(), list->end(),
                                        [](const auto& entry) { return entry.is_table(); })) {
      fault(node, "keys are written as [[http.keys]], each with name, sha256 and role");
      return;
    }
    for (const auto& entry : *list) {
      const auto& table = *entry.as_table();
      const std::string owner = "[[http.keys]]";
      unknown_entry_keys(table, owner, {"name", "sha256", "role"});
      HttpKey key;
      key.name = text_of(table, "name", owner, "who uses the key");
      key.sha256 = text_of(table, "sha256", owner,
                           "64 hexadecimal digits from: printf %s \"$SECRET\" | sha256sum");
      if (!key.sha256.empty() && !is_digest(key.sha256)) {
        fault(*table.get("sha256"), owner +
                                        ": `sha256` must be 64 hexadecimal digits, from: "
                                        "printf %s \"$SECRET\" | sha256sum");
      }
      std::transform(key.sha256.begin(), key.sha256.end(), key.sha256.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      });
      const auto role = table.contains("role")
                            ? text_of(table, "role", owner, "\"shop\" or \"operator\"")
                            : std::string("shop");
      if (!role.empty() && role != "shop" && role != "operator") {
        fault(*table.get("role"), owner + ": `role` must be one of \"shop\", \"operator\"");
      }
      key.role = role == "operator" ? KeyRole::operations : KeyRole::shop;
      places_[key_place(config_.http.keys.size())] = place(table.source());
      config_.http.keys.push_back(std::move(key));
    }
  }

  void read_plans(const toml::table& plans) {
    for (const auto& [key, node] : plans) {
      const std::string name(key.str());
      const auto* plan = node.as_table();
      const auto* steps = plan == nullptr ? nullptr : plan->get_as<toml::array>("steps");
      if (!is_plan_name(name)) {
        fault(key.source(), "a plan's name must be 1 to 64 characters of A-Za-z0-9_-");
      } else if (steps == nullptr || steps->empty() ||
                 !std::all_of(steps->begin(), steps->end(),
                              [](const auto& entry) { return entry.is_table(); })) {
        fault(key.source(), "the steps of a plan are written as [[plans." + name +
                                ".steps]], each with name and kind, at least one");
      } else {
        unknown_entry_keys(*plan, "[plans." + name + "]", {"steps"});
        read_plan(name, *steps);
      }
    }
  }

  void read_plan(const std::string& name, const toml::array& steps) {
    PlanConfig plan{name, {}};
    for (const auto& entry : steps) {
      places_[step_place(name, plan.steps.size())] = place(entry.source());
      plan.steps.push_back(read_step(name, *entry.as_table()));
    }
    const auto same = std::find_if(config_.plans.begin(), config_.plans.end(),
                                   [&](const auto& known) { return known.name == name; });
    if (same != config_.plans.end()) {
      *same = std::move(plan);
    } else {
      config_.plans.push_back(std::move(plan));
    }
  }

  StepConfig read_step(const std::string& plan, const toml::table& table) {
    const std::string owner = "[[plans." + plan + ".steps]]";
    StepConfig step;
    step.name = text_of(table, "name", owner, "1 to 64 characters of A-Za-z0-9_-");
    if (!step.name.empty() && !is_plan_name(step.name)) {
      fault(*table.get("name"), owner + ": `name` must be 1 to 64 characters of A-Za-z0-9_-");
    }
    const auto kind = text_of(table, "kind", owner, "\"stock\" or \"points\"");
    if (kind == "http" || kind == "await" || kind == "amqp") {
      fault(*table.get("kind"), "step \"" + step.name + "\": kind \"" + kind +
                                    "\" is not available in this version; the kinds that are: "
                                    "\"stock\", \"points\"");
      return step;  // its other keys belong to that kind
    }
    if (!kind.empty() && kind != "stock" && kind != "points") {
      fault(*table.get("kind"),
            owner + ": `kind` must be one of \"stock\", \"points\", not " + toml_quoted(kind));
      return step;
    }
    step.kind = kind == "points" ? StepKind::points : StepKind::stock;
    read_per(table, step);
    read_after(table, step);
    unknown_entry_keys(table, owner, {"name", "kind", "per", "after"});
    return step;
  }

  void read_per(const toml::table& table, StepConfig& step) {
    const auto* node = table.get("per");
    if (node == nullptr) {
      return;
    }
    const auto* number = node->as_integer();
    if (step.kind != StepKind::points) {
      fault(*node, "step \"" + step.name + "\": `per` belongs to kind \"points\" only");
    } else if (number == nullptr || number->get() < 1 || number->get() > 1'000'000'000) {
      fault(*node, "step \"" + step.name +
                       "\": `per` must be a whole number from 1 to 1000000000 (minor units that "
                       "earn one point)");
    } else {
      step.per = static_cast<std::uint32_t>(number->get());
    }
  }

  void read_after(const toml::table& table, StepConfig& step) {
    const auto* node = table.get("after");
    if (node == nullptr) {
      return;
    }
    const auto* list = node->as_array();
    if (list == nullptr || !std::all_of(list->begin(), list->end(),
                                        [](const auto& name) { return name.is_string(); })) {
      fault(*node, "step \"" + step.name +
                       "\": `after` must be a list of step names, such as [\"stock\"]");
      return;
    }
    for (const auto& name : *list) {
      step.after.push_back(name.as_string()->get());
    }
  }

  std::string file_;
  Config config_;
  Places places_;
  std::vector<LocatedFault> faults_;
};

ConfigError unreadable(const std::string& file, const std::string& why) {
  return ConfigError{{{file, "cannot be read: " + why}}};
}

tl::expected<std::string, ConfigError> read_text(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return tl::unexpected(unreadable(file, std::strerror(errno)));
  }
  std::ostringstream text;
  if (stream.peek() != std::ifstream::traits_type::eof()) {
    text << stream.rdbuf();
  }
  if (stream.bad() || text.bad()) {
    return tl::unexpected(unreadable(file, "it is no regular file"));
  }
  return text.str();
}

}  // namespace

PlanConfig Config::default_plan() {
  return {"default", {{"stock", StepKind::stock, 100, {}}, {"points", StepKind::points, 100, {}}}};
}

std::string ConfigError::text() const {
  std::string result;
  for (const auto& fault : faults) {
    result += fault.where.empty() ? fault.message : fault.where + ": " + fault.message;
    result += '\n';
  }
  return result;
}

Environment process_environment() {
  Environment variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (text.starts_with("HOLDFAST_") && equals != std::string_view::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

tl::expected<Config, ConfigError> load_config(const std::optional<std::string>& file,
                                              const Environment& environment) {
  Loader loader(file.value_or(""));
  if (file) {
    const auto text = read_text(*file);
    if (!text) {
      return tl::unexpected(text.error());
    }
    try {
      loader.read_file(toml::parse(*text, *file));
    } catch (const toml::parse_error& error) {
      return tl::unexpected(ConfigError{{{*file + ":" + std::to_string(error.source().begin.line),
                                          "is not TOML: " + std::string(error.description())}}});
    }
  }
  loader.read_environment(environment);
  return loader.finish();
}

}  // namespace holdfast::app
