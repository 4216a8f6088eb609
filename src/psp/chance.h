#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::psp {

/// Chance that a seed replays: a draw depends on the seed and on what is drawn for, never on how
/// many draws came before, so that calls may arrive in any order and meet the same.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : seed_(seed) {}

  /// Evenly spread over [0, 1). `purpose` keeps draws for the same key apart from each other.
  [[nodiscard]] double draw(std::string_view purpose, std::string_view key,
                            std::uint64_t attempt) const;
  /// `prefix` and 16 hex digits that belong to `key`.
  [[nodiscard]] std::string reference(std::string_view prefix, std::string_view key) const;

 private:
  std::uint64_t seed_;
};

}  // namespace holdfast::psp
