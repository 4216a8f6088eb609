#include "app/config_toml.h"

#include <algorithm>

#include "app/config_names.h"

namespace holdfast::app {

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

bool is_list_of_tables(const toml::node& node) {
  const auto* list = node.as_array();
  return list != nullptr && std::all_of(list->begin(), list->end(),
                                        [](const auto& entry) { return entry.is_table(); });
}

void FileReport::fault(const toml::source_region& source, std::string message) {
  faults_.push_back({source.begin.line, {line_of(source), std::move(message)}});
}

void FileReport::fault_elsewhere(std::string where, std::string message) {
  faults_.push_back({0, {std::move(where), std::move(message)}});
}

void FileReport::remember(const std::string& place, const toml::source_region& source) {
  places_[place] = line_of(source);
}

std::vector<ConfigFault> FileReport::take_faults() {
  std::stable_sort(faults_.begin(), faults_.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  std::vector<ConfigFault> taken;
  for (auto& each : faults_) {
    taken.push_back(std::move(each.fault));
  }
  faults_.clear();
  return taken;
}

std::string FileReport::text_of(const toml::table& table, const std::string& name,
                                const std::string& owner, const std::string& allowed) {
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

void FileReport::unknown_keys(const toml::table& table, const std::string& owner,
                              const std::vector<std::string>& known) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string message = "unknown key `" + name + "` in ";
      message.append(owner).append("; did you mean `");
      message.append(nearest_name(name, known).name).append("`?");
      fault(key.source(), std::move(message));
    }
  }
}

std::string FileReport::line_of(const toml::source_region& source) const {
  return file_ + ":" + std::to_string(source.begin.line);
}

}  // namespace holdfast::app
