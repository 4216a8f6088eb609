#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/assert.h"

namespace holdfast::sim {

/// FNV-1a: the same everywhere, unlike std::hash.
inline std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char letter : text) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
  }
  return hash;
}

/// The only source of choice in a run: SplitMix64, the same on every compiler and library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }
  /// 0 to `bound - 1`.
  std::uint64_t below(std::uint64_t bound) {
    HF_ASSERT(bound > 0);
    return next() % bound;
  }
  /// `from` to `to`, both inclusive.
  std::int64_t between(std::int64_t from, std::int64_t to) {
    return from + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(to - from) + 1));
  }
  bool chance(double probability) {
    constexpr double kRange = 9007199254740992.0;  // 2^53
    return static_cast<double>(next() >> 11U) < probability * kRange;
  }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from.at(below(from.size()));
  }
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }
  /// A stream of its own, so that one part's choices do not move another's.
  Random fork() { return Random(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace holdfast::sim
