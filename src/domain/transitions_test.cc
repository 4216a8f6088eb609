#include "domain/transitions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace holdfast {
namespace {

// The tables below were written from the description of the states, not from the code:
// a name is the state moved to, `=` a harmless repeat, `!` impossible.

constexpr const char* kOrderTable = R"(
                    settled     steps_done  cancel_requested
accepted            processing  completed   cancelling
processing          =           completed   cancelling
completed           =           =           !
partially_refunded  =           =           !
refunded            =           =           !
cancelling          =           =           =
cancelled           =           !           =

                    compensated  refunded_in_part    refunded_in_full
accepted            !            !                   !
processing          !            !                   !
completed           !            partially_refunded  refunded
partially_refunded  !            partially_refunded  refunded
refunded            !            !                   !
cancelling          cancelled    !                   !
cancelled           =            !                   !
)";

constexpr const char* kStepTable = R"(
          begun    succeeded  declined  no_answer  deferred  skipped  given_up
pending   running  done       !         !          awaiting  skipped  failed
running   running  done       failed    unknown    awaiting  !        !
awaiting  !        done       failed    unknown    =         skipped  failed
unknown   running  done       failed    =          !         !        failed
done      !        =          !         =          =         !        !
failed    !        !          =         =          =         !        =
skipped   !        !          !         !          !         =        !
)";

constexpr const char* kReverseTable = R"(
            begun    succeeded  no_answer  found_unneeded
pending     running  done       !          not_needed
running     running  done       =          !
done        !        =          =          !
not_needed  !        !          !          =
)";

constexpr const char* kRefundTable = R"(
                 order_completed  order_cancelled  preempted  reversed
waiting          reversing        void             reversing  !
reversing        =                !                =          refunded
refunded         =                =                =          =
void             !                =                !          !
needs_attention  =                !                =          refunded
failed           =                =                =          !

                 parked           retried    discarded
waiting          !                !          !
reversing        needs_attention  =          !
refunded         !                !          !
void             !                !          !
needs_attention  =                reversing  failed
failed           !                !          =
)";

std::vector<std::string> words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> found;
  for (std::string word; stream >> word;) found.push_back(word);
  return found;
}

/// (state, event) to cell. An empty line comes before each line of events.
std::map<std::pair<std::string, std::string>, std::string> cells(const char* table) {
  std::istringstream stream(table);
  std::map<std::pair<std::string, std::string>, std::string> found;
  std::vector<std::string> events;
  for (std::string line; std::getline(stream, line);) {
    const std::vector<std::string> row = words(line);
    if (row.empty()) {
      events.clear();
    } else if (events.empty()) {
      events = row;
    } else {
      EXPECT_EQ(row.size(), events.size() + 1) << line;
      for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_TRUE(found.emplace(std::pair{row.at(0), events[i]}, row.at(i + 1)).second) << line;
      }
    }
  }
  return found;
}

template <class State>
std::string cell_text(State state, const Transition<State>& found) {
  if (found.verdict != Verdict::moves) {
    EXPECT_EQ(found.next, state);
    return found.verdict == Verdict::stays ? "=" : "!";
  }
  return std::string{to_string(found.next)};
}

template <class States, class Events>
void expect_table(const char* table, const States& states, const Events& events) {
  auto expected = cells(table);
  EXPECT_EQ(expected.size(), states.size() * events.size());
  for (const auto state : states) {
    for (const auto event : events) {
      const auto key = std::pair{std::string{to_string(state)}, std::string{to_string(event)}};
      ASSERT_TRUE(expected.contains(key)) << key.first << " + " << key.second;
      EXPECT_EQ(cell_text(state, transition(state, event)), expected.at(key))
          << key.first << " + " << key.second;
    }
  }
}

constexpr std::array kOrderStates{OrderStatus::accepted,  OrderStatus::processing,
                                  OrderStatus::completed, OrderStatus::partially_refunded,
                                  OrderStatus::refunded,  OrderStatus::cancelling,
                                  OrderStatus::cancelled};
constexpr std::array kStepStates{StepStatus::pending, StepStatus::running, StepStatus::awaiting,
                                 StepStatus::unknown, StepStatus::done,    StepStatus::failed,
                                 StepStatus::skipped};
constexpr std::array kReverseStates{ReverseStatus::pending, ReverseStatus::running,
                                    ReverseStatus::done, ReverseStatus::not_needed};
constexpr std::array kRefundStates{RefundStatus::waiting,         RefundStatus::reversing,
                                   RefundStatus::refunded,        RefundStatus::void_,
                                   RefundStatus::needs_attention, RefundStatus::failed};

TEST(Transitions, OrderTableIsAsWritten) {
  expect_table(kOrderTable, kOrderStates, kOrderEvents);
}

TEST(Transitions, StepTableIsAsWritten) {
  expect_table(kStepTable, kStepStates, kStepEvents);
}

TEST(Transitions, ReverseTableIsAsWritten) {
  expect_table(kReverseTable, kReverseStates, kReverseEvents);
}

TEST(Transitions, RefundTableIsAsWritten) {
  expect_table(kRefundTable, kRefundStates, kRefundEvents);
}

template <class State, class Events>
std::set<State> reachable_from(State start, const Events& events) {
  std::set<State> seen{start};
  std::vector<State> open{start};
  while (!open.empty()) {
    const State state = open.back();
    open.pop_back();
    for (const auto event : events) {
      const State to = transition(state, event).next;
      if (seen.insert(to).second) open.push_back(to);
    }
  }
  return seen;
}

TEST(Transitions, I3EveryOrderCanEndAndEndsOnce) {
  using enum OrderStatus;
  const std::set<OrderStatus> ends{completed, partially_refunded, refunded, cancelled};
  for (const OrderStatus state : kOrderStates) {
    const auto reached = reachable_from(state, kOrderEvents);
    EXPECT_TRUE(std::any_of(reached.begin(), reached.end(), [&ends](OrderStatus each) {
      return ends.contains(each);
    })) << to_string(state);
  }
  EXPECT_EQ(reachable_from(refunded, kOrderEvents), std::set{refunded});
  EXPECT_EQ(reachable_from(cancelled, kOrderEvents), std::set{cancelled});
  // What is complete can only be refunded, and what is being cancelled can only be cancelled.
  EXPECT_EQ(reachable_from(completed, kOrderEvents),
            (std::set{completed, partially_refunded, refunded}));
  EXPECT_EQ(reachable_from(cancelling, kOrderEvents), (std::set{cancelling, cancelled}));
  EXPECT_EQ(reachable_from(accepted, kOrderEvents).size(), kOrderStates.size());
}

TEST(Transitions, I7EveryRefundCanEndAndEndsOnce) {
  using enum RefundStatus;
  const std::set<RefundStatus> ends{refunded, void_, failed};
  for (const RefundStatus state : kRefundStates) {
    const auto reached = reachable_from(state, kRefundEvents);
    if (ends.contains(state)) {
      EXPECT_EQ(reached, std::set{state});
    } else {
      EXPECT_TRUE(reached.contains(refunded)) << to_string(state);
    }
  }
}

TEST(Transitions, StepsDoneFailedAndSkippedAreEnds) {
  using enum StepStatus;
  for (const StepStatus end : {done, failed, skipped}) {
    EXPECT_EQ(reachable_from(end, kStepEvents), std::set{end});
  }
  for (const ReverseStatus end : {ReverseStatus::done, ReverseStatus::not_needed}) {
    EXPECT_EQ(reachable_from(end, kReverseEvents), std::set{end});
  }
}

TEST(Next, GivesTheStateOfAPossibleEvent) {
  EXPECT_EQ(next(OrderStatus::accepted, OrderEvent::settled), OrderStatus::processing);
  EXPECT_EQ(next(OrderStatus::processing, OrderEvent::settled), OrderStatus::processing);
  EXPECT_EQ(next(StepStatus::pending, StepEvent::begun), StepStatus::running);
  EXPECT_EQ(next(ReverseStatus::running, ReverseEvent::succeeded), ReverseStatus::done);
  EXPECT_EQ(next(RefundStatus::needs_attention, RefundEvent::retried), RefundStatus::reversing);
}

TEST(NextDeathTest, AssertsThatTheEventIsPossible) {
  EXPECT_DEATH(next(OrderStatus::cancelled, OrderEvent::refunded_in_full), "assertion failed");
  EXPECT_DEATH(next(StepStatus::skipped, StepEvent::begun), "assertion failed");
  EXPECT_DEATH(next(ReverseStatus::not_needed, ReverseEvent::begun), "assertion failed");
  EXPECT_DEATH(next(RefundStatus::void_, RefundEvent::reversed), "assertion failed");
}

}  // namespace
}  // namespace holdfast
