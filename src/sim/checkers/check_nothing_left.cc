#include "sim/checkers/checkers.h"

// I8, by what it is for: whatever died where, nothing stays in the outbox, in a queue, unsettled or
// half done once all is well again.

namespace holdfast::sim::checkers {

Findings check_nothing_left(const Evidence& evidence) {
  Findings found;
  const auto want_none = [&found](std::int64_t left, const char* of_what) {
    if (left != 0) found.push_back("I8: " + std::to_string(left) + " " + of_what);
  };
  want_none(evidence.outbox, "orders left in the outbox");
  want_none(evidence.unsettled, "reservations never settled");
  want_none(evidence.queued, "messages left in the queues");
  want_none(evidence.pending_changes, "changes of stock never finished");
  want_none(evidence.parked, "messages left parked");
  return found;
}

}  // namespace holdfast::sim::checkers
