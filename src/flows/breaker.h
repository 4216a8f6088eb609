#pragma once

#include <cstdint>
#include <set>

#include "domain/ids.h"

namespace holdfast::flows {

/// Counts failures of one step's other side in a row. Open, the step is asked one order at a time,
/// until a call succeeds. Once as many different orders have failed as it takes to open it, the
/// trouble is not theirs, and their attempts are forgiven.
class Breaker {
 public:
  explicit Breaker(std::uint32_t opens_after) : opens_after_(opens_after) {}

  void succeeded() {
    failures_ = 0;
    orders_.clear();
  }
  void failed(const OrderId& order_id) {
    failures_ += 1;
    if (orders_.size() < opens_after_) orders_.insert(order_id);
  }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }  ///< in the present row
  [[nodiscard]] bool is_open() const { return failures_ >= opens_after_; }
  [[nodiscard]] bool forgives() const { return is_open() && orders_.size() >= opens_after_; }

 private:
  std::uint32_t opens_after_;
  std::uint64_t failures_ = 0;
  std::set<OrderId> orders_;  ///< that failed in this row, as many as matter
};

}  // namespace holdfast::flows
