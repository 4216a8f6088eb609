#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::app {

// Levenshtein distance, upper and lower case taken as the same letter.
std::size_t edit_distance(std::string_view left, std::string_view right);

struct NearestName {
  std::string name;  // "" when there are no candidates
  std::size_t distance = 0;
};
// The candidate with the least distance, the first of equals.
NearestName nearest_name(std::string_view wanted, const std::vector<std::string>& candidates);

}  // namespace holdfast::app
