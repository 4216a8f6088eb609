#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "domain/samples_for_test.h"
#include "domain/shop_for_test.h"

// The rules that always hold, over random commands to the shop of shop_for_test.h. rapidcheck
// prints its seed; RC_PARAMS="seed=…" replays it.

namespace holdfast {
namespace {

using samples::Shop;
using samples::step;

/// What is done, about which order, and a number for the rest.
using Command = std::tuple<int, std::size_t, std::size_t>;

constexpr int kCommands = 20;

void run(Shop& shop, const Command& command) {
  const auto& [kind, which, salt] = command;
  switch (kind) {
    case 0:
    case 1:
    case 2:
    case 3: shop.place(salt); return;
    case 4:
    case 5:
    case 6: shop.settle(which); return;
    case 7:
    case 8: shop.pay(which, salt % 3 == 0); return;
    case 9: shop.compensate(which); return;
    case 10:
    case 11:
    case 12: shop.ask_refund(which, salt); return;
    case 13:
    case 14: shop.check_refund(which, salt); return;
    case 15:
    case 16: shop.reverse(which, salt); return;
    case 17: shop.trouble_refund(which, salt, RefundEvent::parked); return;
    case 18:
      shop.trouble_refund(which, salt,
                          salt % 2 == 0 ? RefundEvent::retried : RefundEvent::discarded);
      return;
    case 19: shop.forget_sales(salt); return;
    default: FAIL() << "a command that is not there";
  }
}

rc::Gen<std::vector<Command>> commands() {
  return rc::gen::scale(4.0,
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
  return with_version(PlanName{"paid"},
                      {step("stock", StepKind::stock), step("points", StepKind::points),
                       step("pay", StepKind::http, {"stock"})});
}

/// Every rule after every command, and the ends once everything is drained.
std::map<std::string, int> hold_rules(Shop& shop, const std::vector<Command>& done) {
  for (const Command& command : done) {
    run(shop, command);
    const auto broken = shop.violation();
    if (broken) RC_FAIL(*broken);
  }
  shop.drain();
  const auto broken = shop.violation_at_rest();
  if (broken) RC_FAIL(*broken);
  return shop.tally();
}

RC_GTEST_PROP(Rules, I1I3I5AndPointsHoldWhereAllStepsAreLocal, ()) {
  Shop shop(local_plan(*rc::gen::element<std::int64_t>(1, 7, 100, 1'000)), loaded_stock());
  hold_rules(shop, *commands());
}

RC_GTEST_PROP(Rules, I1I3I5AndPointsHoldWhereAStepIsRemote, ()) {
  Shop shop(paid_plan(), loaded_stock());
  hold_rules(shop, *commands());
}

// A property test that never gets anywhere holds every rule: the commands must reach every end.
TEST(Rules, AreTriedOnEveryEnd) {
  std::map<std::string, int> reached;
  rc::Random random(20'261'123);
  for (int round = 0; round < 100; ++round) {
    Shop shop(round % 2 == 0 ? paid_plan() : local_plan(100),
              {{Sku{"A"}, 20}, {Sku{"B"}, 15}, {Sku{"C"}, 10}});
    const auto generated = commands()(random.split(), 100).value();
    for (const Command& command : generated) run(shop, command);
    ASSERT_EQ(shop.violation(), std::nullopt) << "round " << round;
    shop.drain();
    ASSERT_EQ(shop.violation_at_rest(), std::nullopt) << "round " << round;
    for (const auto& [what, times] : shop.tally()) reached[what] += times;
  }
  for (const char* end : {"order completed", "order partially_refunded", "order refunded",
                          "order cancelled", "refund refunded", "refund void", "refund failed",
                          "sold out", "stock_mismatch", "repeated request", "exceeds"}) {
    EXPECT_GE(reached[end], 5) << end;
  }
}

}  // namespace
}  // namespace holdfast
