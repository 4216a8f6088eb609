#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "sim/faults.h"

namespace holdfast::sim {

/// Where a flow calls a port and is suspended.
struct Site {
  const char* call = "";         ///< as `book.settle`
  const void* caller = nullptr;  ///< the return address in the flow's code
};

/// The place that calls the function in which it stands. The function must be no coroutine and not
/// inlined: virtual functions called through a port are neither.
#define HF_SITE(call)                 \
  ::holdfast::sim::Site {             \
    call, __builtin_return_address(0) \
  }

/// Counts, per place where a flow is suspended on a port, how often it was passed and how often the
/// process died there, before and after the effect.
class Sites {
 public:
  struct Count {
    std::uint64_t passed = 0;
    std::uint64_t died_before = 0;
    std::uint64_t died_after = 0;
  };
  using Key = std::pair<const void*, std::string>;

  void passed(const Site& site, CallFault fault) {
    Count& count = counts_[{site.caller, site.call}];
    ++count.passed;
    if (fault == CallFault::crash_before) ++count.died_before;
    if (fault == CallFault::crash_after) ++count.died_after;
  }
  void add(const Sites& other) {
    for (const auto& [key, count] : other.counts_) {
      Count& sum = counts_[key];
      sum.passed += count.passed;
      sum.died_before += count.died_before;
      sum.died_after += count.died_after;
    }
  }
  [[nodiscard]] const std::map<Key, Count>& counts() const { return counts_; }

 private:
  std::map<Key, Count> counts_;
};

}  // namespace holdfast::sim
