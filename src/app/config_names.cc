#include "app/config_names.h"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace holdfast::app {
namespace {

int lower(char c) {
  return std::tolower(static_cast<unsigned char>(c));
}

}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(left[i]) == lower(right[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

NearestName nearest_name(std::string_view wanted, const std::vector<std::string>& candidates) {
  NearestName best;
  for (const auto& candidate : candidates) {
    const auto distance = edit_distance(wanted, candidate);
    if (best.name.empty() || distance < best.distance) {
      best = {candidate, distance};
    }
  }
  return best;
}

}  // namespace holdfast::app
