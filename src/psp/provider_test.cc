#include "psp/provider.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <random>

namespace holdfast::psp {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr Instant kNow{milliseconds(1'767'225'600'000)};  // 2026-01-01T00:00:00Z

StepCall charge_of(const std::string& order, std::int64_t amount = 1000) {
  StepCall call;
  call.key = order + "/payment/forward";
  call.order_id = order;
  call.step = "payment";
  call.amount = amount;
  call.currency = "CNY";
  return call;
}

StepCall refund_of(const std::string& order, std::int64_t amount,
                   const std::string& cause = "cancel") {
  StepCall call = charge_of(order, amount);
  call.direction = Direction::reverse;
  call.cause = cause;
  call.key = order + "/payment/reverse/" + cause;
  return call;
}

StepCall forced(StepCall call, Behaviour behaviour) {
  call.forced = behaviour;
  return call;
}

StepCall with_forward_unknown(StepCall call) {
  call.forward_unknown = true;
  return call;
}

struct ProviderTest : ::testing::Test {
  Outcome call(const StepCall& step) { return provider.act(provider.receive(step), kNow); }
  json::array anomalies() { return provider.records(std::nullopt).at("anomalies").as_array(); }
  std::string only_anomaly() {
    const auto all = anomalies();
    return all.size() == 1 ? std::string(all[0].at("kind").as_string()) : json::serialize(all);
  }

  Provider provider{Switches{}, 7};
};

TEST_F(ProviderTest, AChargeTakesPlaceOnceAndItsRepeatIsAnsweredTheSame) {
  const Outcome first = call(charge_of("o-1"));
  const Outcome again = call(charge_of("o-1"));
  EXPECT_EQ(first.status, 200U);
  EXPECT_EQ(again.status, 200U);
  EXPECT_EQ(first.body, again.body);
  EXPECT_TRUE(first.body.at("reference").as_string().starts_with("ch_"));
  EXPECT_EQ(first.body.at("amount"), 1000);
  const Totals totals = provider.totals();
  EXPECT_EQ(totals.charges, 1U);
  EXPECT_EQ(totals.charged, 1000);
  EXPECT_EQ(totals.calls, 2U);
  EXPECT_EQ(totals.anomalies, 0U);
}

TEST_F(ProviderTest, TwoCallsOfOneKeyUnderWayAtOnceHaveOneEffect) {
  const Reception first = provider.receive(charge_of("o-1"));
  const Reception second = provider.receive(charge_of("o-1"));
  EXPECT_EQ(provider.act(second, kNow).body, provider.act(first, kNow).body);
  EXPECT_EQ(provider.totals().charged, 1000);
}

TEST_F(ProviderTest, PartialRefundsAddUpToTheChargeAndNoFurther) {
  call(charge_of("o-1", 1000));
  const Outcome first = call(refund_of("o-1", 600, "r-1"));
  EXPECT_EQ(first.status, 200U);
  EXPECT_EQ(call(refund_of("o-1", 600, "r-1")).body, first.body);
  EXPECT_EQ(call(refund_of("o-1", 401, "r-2")).status, 409U);
  EXPECT_EQ(only_anomaly(), "refund_exceeds_charge");
  EXPECT_EQ(call(refund_of("o-1", 400, "r-3")).status, 200U);
  EXPECT_EQ(provider.totals().refunded, 1000);
  EXPECT_EQ(provider.totals().refunds, 2U);
}

TEST_F(ProviderTest, ARefundBelongsToTheChargeOfItsOwnStep) {
  call(charge_of("o-1"));
  StepCall other = refund_of("o-1", 1000);
  other.step = "shipping";
  other.key = "o-1/shipping/reverse/cancel";
  EXPECT_EQ(call(other).status, 409U);
  EXPECT_EQ(only_anomaly(), "refund_without_charge");
}

TEST_F(ProviderTest, ARefundOfWhatWasNeverChargedIsAnAnomalyOncePerKey) {
  EXPECT_EQ(call(refund_of("o-1", 1000)).status, 409U);
  EXPECT_EQ(call(refund_of("o-1", 1000)).status, 409U);
  EXPECT_EQ(only_anomaly(), "refund_without_charge");
  EXPECT_EQ(anomalies()[0].at("calls").to_number<int>(), 2);
  // A refusal has no effect to remember: the charge may come, and the refund then takes place.
  EXPECT_EQ(call(charge_of("o-1")).status, 200U);
  EXPECT_EQ(call(refund_of("o-1", 1000)).status, 200U);
}

TEST_F(ProviderTest, ARefundOfAnUnknownForwardClosesTheDoorToTheCharge) {
  const StepCall refund = with_forward_unknown(refund_of("o-1", 1000));
  const Outcome outcome = call(refund);
  EXPECT_EQ(outcome.status, 200U);
  EXPECT_EQ(outcome.body.at("amount"), 0);
  EXPECT_EQ(call(charge_of("o-1")).status, 409U);
  EXPECT_EQ(call(charge_of("o-1")).status, 409U);
  EXPECT_EQ(call(refund).body, outcome.body);
  const Totals totals = provider.totals();
  EXPECT_EQ(totals.refused, 1U);
  EXPECT_EQ(totals.charged, 0);
  EXPECT_EQ(totals.refunded, 0);
  EXPECT_EQ(totals.anomalies, 0U);
}

TEST_F(ProviderTest, ARefundOfAnUnknownForwardThatDidLandGivesTheMoneyBack) {
  call(charge_of("o-1"));
  const Outcome outcome = call(with_forward_unknown(refund_of("o-1", 1000)));
  EXPECT_EQ(outcome.status, 200U);
  EXPECT_EQ(outcome.body.at("amount"), 1000);
}

TEST_F(ProviderTest, AChargeStillUnderWayLosesAgainstTheRefundThatClosedTheDoor) {
  const Reception late = provider.receive(charge_of("o-1"));
  call(with_forward_unknown(refund_of("o-1", 1000)));
  EXPECT_EQ(provider.act(late, kNow).status, 409U);
  EXPECT_EQ(provider.totals().charges, 0U);
}

TEST_F(ProviderTest, ADeclineIsRememberedAndHasNoEffect) {
  EXPECT_EQ(call(forced(charge_of("o-1"), Behaviour::decline)).status, 402U);
  EXPECT_EQ(call(charge_of("o-1")).status, 402U);
  EXPECT_EQ(provider.totals().declined, 1U);
  EXPECT_EQ(provider.totals().charges, 0U);
  EXPECT_EQ(call(refund_of("o-1", 1000)).status, 409U);
}

TEST_F(ProviderTest, ADeclineDoesNotUndoWhatWasDone) {
  call(charge_of("o-1"));
  EXPECT_EQ(call(forced(charge_of("o-1"), Behaviour::decline)).status, 200U);
}

TEST_F(ProviderTest, UnavailableAndHangHaveNoEffect) {
  EXPECT_EQ(call(forced(charge_of("o-1"), Behaviour::unavailable)).status, 503U);
  EXPECT_EQ(call(forced(charge_of("o-1"), Behaviour::hang)).manner, Manner::hold);
  EXPECT_EQ(provider.totals().charges, 0U);
  EXPECT_EQ(call(charge_of("o-1")).status, 200U);
}

TEST_F(ProviderTest, ALostAnswerLeavesTheEffect) {
  int dropped = 0;
  for (int i = 0; i < 40; ++i) {
    const StepCall charge = charge_of("o-" + std::to_string(i));
    const Outcome lost = call(forced(charge, Behaviour::lose_answer));
    EXPECT_TRUE(lost.manner == Manner::drop || lost.status == 500);
    EXPECT_FALSE(lost.body.contains("reference"));
    dropped += lost.manner == Manner::drop ? 1 : 0;
    EXPECT_EQ(call(charge).status, 200U);
  }
  EXPECT_EQ(provider.totals().charged, 40'000);
  EXPECT_GT(dropped, 0);
  EXPECT_LT(dropped, 40);
}

TEST_F(ProviderTest, ADeferredChargeTakesPlaceAndIsReportedLater) {
  provider.set({.report_delay = milliseconds(1500)});
  const StepCall charge = forced(charge_of("o-1"), Behaviour::defer);
  const Outcome taken = call(charge);
  EXPECT_EQ(taken.status, 202U);
  ASSERT_TRUE(taken.deferral);
  EXPECT_EQ(taken.deferral->after, milliseconds(1500));
  const Outcome again = call(charge);
  EXPECT_EQ(again.status, 202U);
  EXPECT_FALSE(again.deferral);
  EXPECT_EQ(provider.totals().charges, 0U);

  const auto report = provider.carry_out(*taken.deferral, kNow);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->succeeded);
  EXPECT_EQ(report->order_id, "o-1");
  EXPECT_EQ(report->step, "payment");
  const Outcome done = call(charge);
  EXPECT_EQ(done.status, 200U);
  EXPECT_EQ(done.body.at("reference").as_string(), report->reference);
}

TEST_F(ProviderTest, ADeferredChargeThatWasRefundedMeanwhileIsReportedFailed) {
  const Outcome taken = call(forced(charge_of("o-1"), Behaviour::defer));
  ASSERT_TRUE(taken.deferral);
  EXPECT_EQ(call(with_forward_unknown(refund_of("o-1", 1000))).body.at("amount"), 0);
  const auto report = provider.carry_out(*taken.deferral, kNow);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->succeeded);
  EXPECT_EQ(provider.totals().refused, 1U);
  EXPECT_EQ(provider.totals().charged, 0);
}

TEST_F(ProviderTest, AKeyStandsForOneContent) {
  call(charge_of("o-1", 1000));
  EXPECT_EQ(call(charge_of("o-1", 1001)).status, 422U);
  EXPECT_EQ(only_anomaly(), "key_reused");
  EXPECT_EQ(provider.totals().charged, 1000);
}

TEST_F(ProviderTest, ARefundMustNameTheChargeItGivesBack) {
  const Outcome charged = call(charge_of("o-1"));
  StepCall wrong = refund_of("o-1", 100, "r-1");
  wrong.forward_reference = "ch_0000000000000000";
  EXPECT_EQ(call(wrong).status, 409U);
  EXPECT_EQ(only_anomaly(), "reference_differs");
  StepCall right = refund_of("o-1", 100, "r-2");
  right.forward_reference = std::string(charged.body.at("reference").as_string());
  EXPECT_EQ(call(right).status, 200U);
  StepCall other_money = refund_of("o-1", 100, "r-3");
  other_money.currency = "EUR";
  EXPECT_EQ(call(other_money).status, 409U);
}

TEST_F(ProviderTest, RecordsShowOneOrderOrAll) {
  call(charge_of("o-1", 1000));
  call(charge_of("o-2", 500));
  call(refund_of("o-1", 300, "r-1"));
  call(refund_of("o-3", 100));
  const json::object one = provider.records("o-1");
  EXPECT_EQ(one.at("charges").as_array().size(), 1U);
  EXPECT_EQ(one.at("anomalies").as_array().size(), 0U);
  EXPECT_EQ(json::value(one).at_pointer("/totals/calls").to_number<int>(), 2);
  json::object refund = one.at("refunds").as_array().at(0).as_object();
  EXPECT_TRUE(refund.at("reference").as_string().starts_with("rf_"));
  refund.erase("reference");
  EXPECT_EQ(json::value(refund), json::parse(R"({
      "key": "o-1/payment/reverse/r-1", "order_id": "o-1", "step": "payment", "amount": 300,
      "currency": "CNY", "calls": 1, "at": "2026-01-01T00:00:00.000Z", "cause": "r-1",
      "charge_key": "o-1/payment/forward"})"));
  const json::value all = provider.records(std::nullopt);
  EXPECT_EQ(all.at("totals"),
            json::parse(R"({"charged":1500,"refunded":300,"charges":2,"refunds":1,"calls":4})"));
  EXPECT_EQ(all.at("anomalies").as_array().size(), 1U);
  EXPECT_EQ(json::value(provider.records("o-9")).at_pointer("/totals/calls"), 0);
}

TEST_F(ProviderTest, AResetEndsWhatIsUnderWayToo) {
  const Outcome taken = call(forced(charge_of("o-1"), Behaviour::defer));
  const Reception under_way = provider.receive(charge_of("o-2"));
  provider.set({.decline = 1});
  provider.reset();
  EXPECT_FALSE(provider.carry_out(*taken.deferral, kNow));
  EXPECT_EQ(provider.act(under_way, kNow).status, 503U);
  EXPECT_EQ(provider.totals().calls, 0U);
  EXPECT_EQ(provider.switches().decline, 1);
}

/// What each of 2000 keys meets in its first three attempts, calls coming in an order of `shuffle`.
std::map<std::string, std::vector<std::string>> met(std::uint64_t seed, unsigned shuffle) {
  Provider provider({.delay = milliseconds(5),
                     .jitter = milliseconds(100),
                     .decline = 0.3,
                     .unavailable = 0.1,
                     .hang = 0.05,
                     .lose_answer = 0.2,
                     .defer = 0.15},
                    seed);
  std::vector<std::string> calls;
  for (int i = 0; i < 6000; ++i) calls.push_back("o-" + std::to_string(i % 2000));
  std::shuffle(calls.begin(), calls.end(), std::mt19937(shuffle));
  std::map<std::string, std::vector<std::string>> result;
  for (const auto& order : calls) {
    const Reception got = provider.receive(charge_of(order));
    EXPECT_GE(got.delay, milliseconds(5));
    EXPECT_LE(got.delay, milliseconds(105));
    result[order].push_back(std::string(to_string(got.behaviour)) + (got.declined ? "!" : "") +
                            std::to_string(got.delay.count()));
  }
  return result;
}

TEST(ProviderChance, DependsOnSeedKeyAndAttemptAlone) {
  const auto one = met(7, 1);
  EXPECT_EQ(one, met(7, 2));
  EXPECT_NE(one, met(8, 1));
}

TEST(ProviderChance, KeepsToItsRates) {
  std::map<std::string, int> seen;
  int declined = 0;
  for (const auto& [order, attempts] : met(7, 1)) {
    for (const auto& attempt : attempts)
      ++seen[attempt.substr(0, attempt.find_first_of("!0123456789"))];
    declined += attempts[0].find('!') != std::string::npos ? 1 : 0;
    // The same for each attempt, or retries would raise the rate.
    for (const auto& attempt : attempts) {
      EXPECT_EQ(attempt.find('!') == std::string::npos, attempts[0].find('!') == std::string::npos);
    }
  }
  // Five standard deviations of a binomial each.
  EXPECT_NEAR(declined, 600, 103);
  EXPECT_NEAR(seen["unavailable"], 600, 117);
  EXPECT_NEAR(seen["hang"], 300, 85);
  EXPECT_NEAR(seen["lose-answer"], 1200, 155);
  EXPECT_NEAR(seen["defer"], 900, 139);
}

TEST(ProviderChance, RefundsAreNeitherDeclinedNorDeferredByRate) {
  Provider provider({.decline = 1, .defer = 1}, 7);
  StepCall charge = forced(charge_of("o-1"), Behaviour::normal);
  EXPECT_EQ(provider.act(provider.receive(charge), kNow).status, 200U);
  EXPECT_EQ(provider.act(provider.receive(refund_of("o-1", 1000)), kNow).status, 200U);
}

TEST(ProviderChance, SlowIsTwoSecondsMore) {
  Provider provider({.delay = milliseconds(10)}, 7);
  const Reception got = provider.receive(forced(charge_of("o-1"), Behaviour::slow));
  EXPECT_EQ(got.delay, milliseconds(2010));
  EXPECT_EQ(provider.act(got, kNow).status, 200U);
}

}  // namespace
}  // namespace holdfast::psp
