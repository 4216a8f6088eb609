#pragma once

#include <map>
#include <set>
#include <string>

namespace holdfast::bench {

// What can be measured by itself, by --only.
enum class Part {
  headline,  // top and half load, sold-out answers, late refunds
  limit,
  pgbench,
  nginx,
  early_refunds,
  steps,
  overload,
  skus,
  growth,
};

using Parts = std::set<Part>;

// As they are called on the command line.
inline const std::map<std::string, Part>& part_names() {
  static const std::map<std::string, Part> names{
      {"headline", Part::headline}, {"limit", Part::limit},         {"pgbench", Part::pgbench},
      {"nginx", Part::nginx},       {"early", Part::early_refunds}, {"steps", Part::steps},
      {"overload", Part::overload}, {"skus", Part::skus},           {"growth", Part::growth}};
  return names;
}

}  // namespace holdfast::bench
