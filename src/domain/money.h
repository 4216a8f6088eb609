#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace holdfast {

/// An amount in a currency's minor unit (cents, fen). Arithmetic stays inside int64 because an
/// order's amount is bounded by `kMaxOrderAmount`.
struct Money {
  std::int64_t minor = 0;

  auto operator<=>(const Money&) const = default;
  Money& operator+=(Money other) {
    minor += other.minor;
    return *this;
  }
  friend Money operator+(Money a, Money b) { return Money{a.minor + b.minor}; }
  friend Money operator-(Money a, Money b) { return Money{a.minor - b.minor}; }
};

/// Units of one SKU.
struct Quantity {
  std::int64_t units = 0;

  auto operator<=>(const Quantity&) const = default;
  friend Quantity operator+(Quantity a, Quantity b) { return Quantity{a.units + b.units}; }
  friend Quantity operator-(Quantity a, Quantity b) { return Quantity{a.units - b.units}; }
};

/// `price * count`; the caller has checked the bounds (see order_request.h).
inline Money operator*(Money price, Quantity count) {
  return Money{price.minor * count.units};
}

/// ISO 4217 code, three upper-case letters.
struct Currency {
  std::string code;
  auto operator<=>(const Currency&) const = default;
};

/// A point in time, UTC, to the millisecond. The domain never asks a clock; it is told `now`.
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;
using Milliseconds = std::chrono::milliseconds;

}  // namespace holdfast
