#include "psp/chance.h"

#include "domain/digest.h"

namespace holdfast::psp {
namespace {

std::string digest(std::uint64_t seed, std::string_view purpose, std::string_view key,
                   std::uint64_t attempt) {
  std::string name = std::to_string(seed);
  name.append("\n").append(purpose).append("\n").append(std::to_string(attempt));
  return sha256_hex(name.append("\n").append(key));
}

}  // namespace

double Chance::draw(std::string_view purpose, std::string_view key, std::uint64_t attempt) const {
  constexpr std::size_t kDigits = 13;  // 52 bits: a double holds each value exactly
  const auto bits =
      std::stoull(digest(seed_, purpose, key, attempt).substr(0, kDigits), nullptr, 16);
  return static_cast<double>(bits) / static_cast<double>(std::uint64_t{1} << (4 * kDigits));
}

std::string Chance::reference(std::string_view prefix, std::string_view key) const {
  return std::string(prefix) + digest(seed_, prefix, key, 0).substr(0, 16);
}

}  // namespace holdfast::psp
