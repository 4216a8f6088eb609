#pragma once

#include <chrono>
#include <ostream>
#include <string>

#include "flows/book_move.h"

// What `export` and `import` say of what they carry.

namespace holdfast::cli {

// Tells every few seconds how far a long move is.
class MoveProgress {
 public:
  MoveProgress(std::ostream& err, std::string verb) : err_(err), verb_(std::move(verb)) {}
  void operator()(const flows::ArchiveSummary& so_far);

 private:
  std::ostream& err_;
  std::string verb_;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

void print_summary(std::ostream& out, const flows::ArchiveSummary& summary);

}  // namespace holdfast::cli
