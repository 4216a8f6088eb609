#include "load/identity.h"

#include <array>
#include <chrono>

namespace holdfast::load {

std::string IdSource::uuid() {
  std::uint64_t high = random_();
  std::uint64_t low = random_();
  high = (high & ~std::uint64_t{0xf000}) | 0x4000;
  low = (low & ~(std::uint64_t{3} << 62)) | (std::uint64_t{2} << 62);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (unsigned digit = 0; digit < 32; ++digit) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) {
      text.push_back('-');
    }
    const std::uint64_t word = digit < 16 ? high : low;
    text.push_back(kDigits[(word >> (60 - 4 * (digit % 16))) & 15]);
  }
  return text;
}

std::uint64_t fresh_seed() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  return static_cast<std::uint64_t>(now_us) ^ (std::uint64_t{std::random_device{}()} << 32);
}

std::string run_suffix(std::uint64_t seed) {
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::mt19937_64 random(seed);
  std::uint64_t rest = random();
  std::string text;
  for (int i = 0; i < 6; ++i) {
    text.push_back(kDigits[rest % 36]);
    rest /= 36;
  }
  return text;
}

}  // namespace holdfast::load
