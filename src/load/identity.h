#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace holdfast::load {

// Random ids, from a seed: the same seed gives the same ids. One thread.
class IdSource {
 public:
  explicit IdSource(std::uint64_t seed) : random_(seed) {}

  // A UUID of version 4 (RFC 9562), 36 characters, lower case.
  std::string uuid();

 private:
  std::mt19937_64 random_;
};

// A seed no other run has; and a short suffix of lower case letters and digits for names that must
// be new in each run.
std::uint64_t fresh_seed();
std::string run_suffix(std::uint64_t seed);

}  // namespace holdfast::load
