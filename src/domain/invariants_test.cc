#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "domain/samples_for_test.h"
#include "domain/shop_for_test.h"

// The rules that always hold, over random commands to the shop of shop_for_test.h. rapidcheck
// prints its seed; RC_PARAMS="seed=…" replays it.

namespace holdfast {
namespace {

using samples::Mood;
using samples::Shop;
using samples::step;

/// What is done, about which order, and a number for the rest.
using Command = std::tuple<int, std::size_t, std::size_t>;

constexpr int kCommands = 52;

/// Seconds, minutes, or past every deadline.
Milliseconds jump(std::size_t salt) {
  const auto of = static_cast<std::int64_t>(salt);
  if (salt % 40 == 0) return Milliseconds{(of % 20 + 1) * 60'000};
  if (salt % 7 == 0) return Milliseconds{of % 60'000};
  return Milliseconds{of % 3'000};
}

Mood mood_of(std::size_t salt) {
  switch (salt % 8) {
    case 0: return Mood::declines;
    case 1:
    case 2: return Mood::unavailable;
    case 3: return Mood::defers;
    default: return Mood::fine;
  }
}

/// A while in which all goes one way: what is on its way arrives, is answered or not.
void run_for_a_while(Shop& shop, std::size_t which, std::size_t salt) {
  const Mood mood = mood_of(salt / 8);
  const auto ending = salt % 3 == 0 ? Shop::Ending::timed_out : Shop::Ending::answered;
  for (std::size_t i = 0; i < 6; ++i) {
    shop.deliver(which + i, Shop::Fate::once, salt);
    shop.arrive(which + i, mood);
    shop.end_call(which + i, ending, salt + i);
    shop.pass_time(Milliseconds{700});
  }
}

void run(Shop& shop, const Command& command) {
  const auto& [kind, which, salt] = command;
  if (kind < 2) {
    shop.place(salt);
  } else if (kind < 5) {
    shop.settle(which);
  } else if (kind < 12) {
    shop.deliver(which, Shop::Fate::once, salt);
  } else if (kind < 14) {
    shop.deliver(which, Shop::Fate::again, salt);
  } else if (kind < 15) {
    shop.deliver(which, Shop::Fate::lost, salt);
  } else if (kind < 21) {
    shop.arrive(which, mood_of(salt));
  } else if (kind < 26) {
    shop.end_call(which, Shop::Ending::answered, salt);
  } else if (kind < 29) {
    shop.end_call(which, Shop::Ending::timed_out, salt);
  } else if (kind < 30) {
    shop.end_call(which, Shop::Ending::crashed, salt);
  } else if (kind < 33) {
    shop.report(which, salt);
  } else if (kind < 38) {
    shop.pass_time(jump(salt));
  } else if (kind < 40) {
    shop.sweep();
  } else if (kind < 44) {
    shop.ask_refund(which, salt);
  } else if (kind < 45) {
    if (salt % 2 == 0) shop.retry_parked(which);
    if (salt % 3 == 1) shop.forget_sales(salt);
  } else if (kind < 46) {
    shop.discard_parked(which);
  } else {
    run_for_a_while(shop, which, salt);
  }
}

rc::Gen<std::vector<Command>> commands() {
  return rc::gen::scale(3.0,
                        rc::gen::container<std::vector<Command>>(rc::gen::tuple(
                            rc::gen::inRange(0, kCommands), rc::gen::inRange<std::size_t>(0, 1'000),
                            rc::gen::inRange<std::size_t>(0, 10'000))));
}

std::map<Sku, std::int64_t> loaded_stock() {
  std::map<Sku, std::int64_t> loaded;
  for (const char* sku : {"A", "B", "C"}) {
    loaded[Sku{sku}] = *rc::gen::inRange<std::int64_t>(0, 40);
  }
  return loaded;
}

Plan local_plan(std::int64_t points_per) {
  PlanStep points = step("points", StepKind::points);
  points.points_per = points_per;
  return with_version(PlanName{"local"}, {step("stock", StepKind::stock), points});
}

Plan paid_plan() {
  PlanStep pay = step("pay", StepKind::http, {"stock"});
  pay.reverse_url = "http://psp/refunds";
  return with_version(PlanName{"paid"},
                      {step("stock", StepKind::stock), step("points", StepKind::points), pay});
}

/// Up to six steps, each after any of those before it; one of them takes the stock.
Plan plan_from(const std::vector<std::size_t>& numbers) {
  std::vector<PlanStep> steps;
  const std::size_t stock_at = numbers.front() % numbers.size();
  bool has_points = false;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::size_t number = numbers[i];
    PlanStep made = step(("s" + std::to_string(i)).c_str(), StepKind::stock);
    for (const PlanStep& earlier : steps) {
      if (number % 2 == 1) made.after.push_back(earlier.name);
      number /= 2;
    }
    if (i != stock_at) {
      constexpr std::array kKinds{StepKind::http, StepKind::await, StepKind::amqp, StepKind::http,
                                  StepKind::points};
      made.kind = kKinds[number % kKinds.size()];
      if (made.kind == StepKind::points && has_points) made.kind = StepKind::http;
      has_points = has_points || made.kind == StepKind::points;
    }
    made.points_per = 100;
    made.timeout = Milliseconds{20'000};
    if (number % 3 != 0) made.reverse_url = "http://psp/refunds";
    steps.push_back(std::move(made));
  }
  return with_version(PlanName{"any"}, std::move(steps));
}

rc::Gen<std::vector<std::size_t>> plan_numbers() {
  return rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, 7), [](std::size_t count) {
    return rc::gen::container<std::vector<std::size_t>>(count,
                                                        rc::gen::inRange<std::size_t>(0, 100'000));
  });
}

/// Every rule after every command, and the ends once everything is drained.
std::optional<std::string> first_violation(Shop& shop, const std::vector<Command>& done) {
  for (const Command& command : done) {
    run(shop, command);
    if (auto broken = shop.violation()) return broken;
  }
  shop.drain();
  if (auto broken = shop.violation_at_rest()) return broken;
  shop.repeat_everything();
  return shop.violation_at_rest();
}

void hold_rules(Shop& shop, const std::vector<Command>& done) {
  const auto broken = first_violation(shop, done);
  if (broken) RC_FAIL(*broken);
}

RC_GTEST_PROP(Rules, HoldWhereAllStepsAreLocal, ()) {
  Shop shop(local_plan(*rc::gen::element<std::int64_t>(1, 7, 100, 1'000)), loaded_stock());
  hold_rules(shop, *commands());
}

RC_GTEST_PROP(Rules, HoldWhereAStepIsRemote, ()) {
  Shop shop(paid_plan(), loaded_stock());
  hold_rules(shop, *commands());
}

RC_GTEST_PROP(Rules, HoldUnderAnyPlan, ()) {
  Shop shop(plan_from(*plan_numbers()), loaded_stock());
  hold_rules(shop, *commands());
}

// A property test that never gets anywhere holds every rule: the commands must reach every end.
TEST(Rules, AreTriedOnEveryEnd) {
  std::map<std::string, int> reached;
  rc::Random random(20'261'123);
  for (int round = 0; round < 200; ++round) {
    const Plan plans[] = {paid_plan(), local_plan(100),
                          plan_from(plan_numbers()(random.split(), 100).value())};
    Shop shop(plans[round % 3], {{Sku{"A"}, 12}, {Sku{"B"}, 9}, {Sku{"C"}, 6}});
    const auto generated = commands()(random.split(), 100).value();
    ASSERT_EQ(first_violation(shop, generated), std::nullopt) << "round " << round;
    for (const auto& [what, times] : shop.tally()) reached[what] += times;
  }
  for (const char* end : {"order completed",
                          "order partially_refunded",
                          "order refunded",
                          "order cancelled",
                          "refund refunded",
                          "refund void",
                          "refund failed",
                          "sold out",
                          "repeated request",
                          "exceeds",
                          "because payment_declined",
                          "because step_failed",
                          "because timed_out",
                          "because preempted",
                          "because stock_mismatch",
                          "parked",
                          "retried",
                          "discarded",
                          "later",
                          "forward_unknown",
                          "given back"}) {
    EXPECT_GE(reached[end], 5) << end;
  }
}

}  // namespace
}  // namespace holdfast
