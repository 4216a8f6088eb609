#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace holdfast::sim {

/// A place in the flows' source where one is suspended until a server answers or time has passed.
struct FlowCall {
  std::string file;  ///< as `flows/sweep.cc`
  int first_line = 0;
  int last_line = 0;
  int function_ends = 0;  ///< the line of its last bracket
  std::string call;       ///< as `book.settle`

  /// It ends by itself and has no effect: what there is to meet is a death meanwhile.
  [[nodiscard]] bool is_wait() const { return call == "clock.sleep" || call == "bus.receive"; }
};

struct FlowSource {
  std::vector<FlowCall> calls;  ///< by file and line
  /// Uses of `co_await` that are neither a call of a port, nor of another flow, nor a wait for one.
  std::vector<std::string> not_understood;
};

/// Reads every call of a port from the sources in `flows`, those of seeded defects left away.
/// Throws std::runtime_error when they cannot be read.
FlowSource read_flows(const std::filesystem::path& flows);

}  // namespace holdfast::sim
