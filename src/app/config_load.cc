#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "app/config.h"
#include "app/config_check.h"
#include "app/config_load_plans.h"
#include "app/config_names.h"
#include "app/config_properties.h"
#include "app/config_step_keys.h"
#include "app/config_toml.h"

extern char** environ;

namespace holdfast::app {
namespace {

bool is_digest(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return std::isxdigit(static_cast<unsigned char>(c));
         });
}

// Turns one file and one environment into a Config and the list of what is wrong with them.
// Lives for one call of load_config.
class Loader {
 public:
  explicit Loader(std::string file) : report_(std::move(file)) {}

  void read_file(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const std::string name(key.str());
      if (find_property("", name) != nullptr) {
        set("", key, node);
      } else if (!known_section(name)) {
        unknown_at_top(key, node);
      } else if (!node.is_table()) {
        report_.fault(node, "[" + name + "] must be a section, not " + named_type(node));
      } else if (name == "plans") {
        read_plans(*node.as_table(), config_, report_);
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
      report_.remember(property.name(), found->first);
      if (const auto wrong = property.set_from_text(config_, found->second)) {
        report_.fault_elsewhere(found->first, property.name() + " " + *wrong);
      }
    }
    for (const auto& [name, value] : environment) {
      if (!known.contains(name)) {
        unknown_variable(name, {known.begin(), known.end()});
      }
    }
  }

  tl::expected<Config, ConfigError> finish() {
    ConfigError error{report_.take_faults()};
    if (error.faults.empty()) {  // rules over half-read values would only repeat what was said
      error.faults = check_rules(config_, report_.places());
    }
    if (!error.faults.empty()) {
      return tl::unexpected(std::move(error));
    }
    for (auto& oddity : find_oddities(config_, report_.places())) {
      config_.warnings.push_back(std::move(oddity));
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

  static bool known_section(const std::string& name) {
    const auto& names = section_names();
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  void set(const std::string& section, const toml::key& key, const toml::node& node) {
    const auto* property = find_property(section, key.str());
    report_.remember(property->name(), key.source());
    if (const auto wrong = property->set(config_, raw_value(node))) {
      report_.fault(key.source(), property->name() + " " + *wrong);
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
    report_.fault(key.source(),
                  (node.is_table() || node.is_array() ? "unknown section [" + name + "]"
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
    report_.fault(key.source(),
                  "unknown key `" + name + "` in [" + section + "]; did you mean " + meant + "?");
  }

  // A variable one or two letters off is a mistake. Anything else may belong to somebody else: a
  // cluster sets HOLDFAST_REDIS_PORT and the like by itself when a service is called so.
  void unknown_variable(const std::string& name, const std::vector<std::string>& known) {
    const auto nearest = nearest_name(name, known);
    if (nearest.distance <= 2) {
      report_.fault_elsewhere(name, "unknown variable; did you mean " + nearest.name + "?");
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

  void read_keys(const toml::node& node) {
    if (!is_list_of_tables(node)) {
      report_.fault(node, "keys are written as [[http.keys]], each with name, sha256 and role");
      return;
    }
    for (const auto& entry : *node.as_array()) {
      const auto& table = *entry.as_table();
      const std::string owner = "[[http.keys]]";
      report_.unknown_keys(table, owner, {"name", "sha256", "role"});
      HttpKey key;
      key.name = report_.text_of(table, "name", owner, "who uses the key");
      key.sha256 = report_.text_of(table, "sha256", owner,
                                   "64 hexadecimal digits from: printf %s \"$SECRET\" | sha256sum");
      if (!key.sha256.empty() && !is_digest(key.sha256)) {
        report_.fault(*table.get("sha256"), owner +
                                                ": `sha256` must be 64 hexadecimal digits, from: "
                                                "printf %s \"$SECRET\" | sha256sum");
      }
      std::transform(key.sha256.begin(), key.sha256.end(), key.sha256.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      });
      const auto role = table.contains("role")
                            ? report_.text_of(table, "role", owner, "\"shop\" or \"operator\"")
                            : std::string("shop");
      if (!role.empty() && role != "shop" && role != "operator") {
        report_.fault(*table.get("role"), owner + ": `role` must be one of \"shop\", \"operator\"");
      }
      key.role = role == "operator" ? KeyRole::operations : KeyRole::shop;
      report_.remember(key_place(config_.http.keys.size()), table.source());
      config_.http.keys.push_back(std::move(key));
    }
  }

  FileReport report_;
  Config config_;
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
  auto stock = default_step(StepKind::stock);
  auto points = default_step(StepKind::points);
  stock.name = "stock";
  points.name = "points";
  return {"default", {std::move(stock), std::move(points)}};
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
