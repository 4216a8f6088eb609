#include "flows/sold_out_gate.h"

#include <gtest/gtest.h>

#include <string>

namespace holdfast::flows {
namespace {

constexpr Instant kAsked{Milliseconds{1'000'000}};

OrderRequest of(const std::vector<std::string>& skus) {
  OrderRequest request;
  for (const auto& sku : skus) request.lines.push_back({Sku{sku}, Quantity{2}, Money{100}});
  return request;
}

Shortage short_of(const std::string& sku, std::int64_t available) {
  return {Sku{sku}, Quantity{2}, Quantity{available}};
}

TEST(SoldOutGate, IsClosedForAMomentAfterTheLedgerHadNothing) {
  SoldOutGate gate(Milliseconds{100});
  EXPECT_FALSE(gate.shortage_of(of({"A"}), kAsked));
  gate.saw({short_of("A", 0)}, kAsked);
  const auto shortage = gate.shortage_of(of({"A"}), kAsked + Milliseconds{99});
  ASSERT_TRUE(shortage);
  EXPECT_EQ(shortage->sku, Sku{"A"});
  EXPECT_EQ(shortage->requested, Quantity{2});
  EXPECT_EQ(shortage->available, Quantity{0});
  EXPECT_FALSE(gate.shortage_of(of({"B"}), kAsked));
  EXPECT_FALSE(gate.shortage_of(of({"A"}), kAsked + Milliseconds{100}));
}

TEST(SoldOutGate, LetsOneAskWhileTheOthersAreStillAnswered) {
  SoldOutGate gate(Milliseconds{100});
  gate.saw({short_of("A", 0)}, kAsked);
  const auto later = kAsked + Milliseconds{100};
  EXPECT_FALSE(gate.shortage_of(of({"A"}), later));
  EXPECT_TRUE(gate.shortage_of(of({"A"}), later));
  EXPECT_TRUE(gate.shortage_of(of({"A"}), later + Milliseconds{99}));
  // That one was never answered: another one asks.
  EXPECT_FALSE(gate.shortage_of(of({"A"}), later + Milliseconds{100}));
  gate.open(Sku{"A"});
  EXPECT_FALSE(gate.shortage_of(of({"A"}), later + Milliseconds{101}));
  EXPECT_FALSE(gate.shortage_of(of({"A"}), later + Milliseconds{101}));
}

TEST(SoldOutGate, StaysOpenWhereSomethingIsLeft) {
  SoldOutGate gate(Milliseconds{100});
  gate.saw({short_of("A", 1)}, kAsked);
  EXPECT_FALSE(gate.shortage_of(of({"A"}), kAsked));
}

TEST(SoldOutGate, LeavesCartsToTheLedgerWhichTellsAllThatTheyAreShortOf) {
  SoldOutGate gate(Milliseconds{100});
  gate.saw({short_of("A", 0), short_of("B", 0)}, kAsked);
  EXPECT_FALSE(gate.shortage_of(of({"A", "B"}), kAsked));
  EXPECT_TRUE(gate.shortage_of(of({"B"}), kAsked));
}

TEST(SoldOutGate, IsNotKeptClosedByAClockThatWasSetBack) {
  SoldOutGate gate(Milliseconds{100});
  gate.saw({short_of("A", 0)}, kAsked);
  EXPECT_FALSE(gate.shortage_of(of({"A"}), kAsked - Milliseconds{1}));
}

TEST(SoldOutGate, ForgetsWhatIsOnSaleAgain) {
  SoldOutGate gate(Milliseconds{100});
  for (int i = 0; i < 5'000; ++i) {
    gate.saw({short_of("sku-" + std::to_string(i), 0)}, kAsked + Milliseconds{i});
  }
  EXPECT_TRUE(gate.shortage_of(of({"sku-4999"}), kAsked + Milliseconds{5'000}));
  EXPECT_FALSE(gate.shortage_of(of({"sku-0"}), kAsked + Milliseconds{5'000}));
}

}  // namespace
}  // namespace holdfast::flows
