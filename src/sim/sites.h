#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "sim/faults.h"
#include "sim/site.h"

namespace holdfast::sim {

/// Counts, per place where a flow is suspended on a port, how often it was passed and how often the
/// process died there: before and after the effect, or while it waited for time or a message.
class Sites {
 public:
  struct Count {
    std::uint64_t passed = 0;
    std::uint64_t died_before = 0;
    std::uint64_t died_after = 0;
    std::uint64_t died_waiting = 0;

    void add(const Count& other) {
      passed += other.passed;
      died_before += other.died_before;
      died_after += other.died_after;
      died_waiting += other.died_waiting;
    }
  };
  using Key = std::pair<const void*, std::string>;

  void passed(const Site& site, CallFault fault) {
    Count& count = counts_[{site.caller, site.call}];
    ++count.passed;
    if (fault == CallFault::crash_before) ++count.died_before;
    if (fault == CallFault::crash_after) ++count.died_after;
  }
  void died_waiting(const Site& site) { ++counts_[{site.caller, site.call}].died_waiting; }
  void add(const Sites& other) {
    for (const auto& [key, count] : other.counts_) counts_[key].add(count);
  }
  [[nodiscard]] const std::map<Key, Count>& counts() const { return counts_; }

 private:
  std::map<Key, Count> counts_;
};

}  // namespace holdfast::sim
