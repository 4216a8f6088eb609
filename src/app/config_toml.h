#pragma once

#include <toml++/toml.h>

#include <string>
#include <utility>
#include <vector>

#include "app/config_check.h"
#include "app/config_value.h"

// What the readers of the file have in common: where a thing stands, and what is wrong with it.

namespace holdfast::app {

RawValue raw_value(const toml::node& node);

// Whether it is written as [[name]]: a list of tables.
bool is_list_of_tables(const toml::node& node);

// What was found while one file is read. Belongs to the one who loads it, lives as long as that.
class FileReport {
 public:
  explicit FileReport(std::string file) : file_(std::move(file)) {}

  void fault(const toml::source_region& source, std::string message);
  void fault(const toml::node& node, std::string message) {
    fault(node.source(), std::move(message));
  }
  // One that stands in no line of the file: `where` is a variable.
  void fault_elsewhere(std::string where, std::string message);

  void remember(const std::string& place, const toml::source_region& source);
  void remember(const std::string& place, std::string where) { places_[place] = std::move(where); }
  const Places& places() const { return places_; }

  // In the order of the file; the report has none afterwards.
  std::vector<ConfigFault> take_faults();

  // The member `name` of a list's entry as a text; "" after having said what is wrong.
  std::string text_of(const toml::table& table, const std::string& name, const std::string& owner,
                      const std::string& allowed);
  // A fault for each key that is not among `known`.
  void unknown_keys(const toml::table& table, const std::string& owner,
                    const std::vector<std::string>& known);

 private:
  struct Located {
    std::size_t line = 0;  // 0 where there is none
    ConfigFault fault;
  };
  std::string line_of(const toml::source_region& source) const;

  std::string file_;
  Places places_;
  std::vector<Located> faults_;
};

}  // namespace holdfast::app
