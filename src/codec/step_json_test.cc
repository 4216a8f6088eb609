#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <limits>

#include "codec/messages.h"
#include "codec/order_json.h"
#include "codec/plan_json.h"

// What is written of steps and plans is read back as it was, by way of text.

namespace holdfast::codec {
namespace {

namespace json = boost::json;

std::string any_text() {
  return *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
}

std::optional<std::string> any_optional_text() {
  return *rc::gen::arbitrary<bool>() ? std::optional{any_text()} : std::nullopt;
}

Instant any_instant() {
  return Instant{Milliseconds{*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000)}};
}

std::optional<Instant> any_optional_instant() {
  return *rc::gen::arbitrary<bool>() ? std::optional{any_instant()} : std::nullopt;
}

std::vector<StepName> any_names() {
  std::vector<StepName> names;
  const int count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) names.push_back(StepName{any_text()});
  return names;
}

StepKind any_kind() {
  return *rc::gen::element(StepKind::stock, StepKind::points, StepKind::http, StepKind::await,
                           StepKind::amqp);
}

std::uint32_t any_count() {
  return *rc::gen::element<std::uint32_t>(0, 1, 7, std::numeric_limits<std::uint32_t>::max());
}

void fill(StepReversal& reversal) {
  reversal.status = *rc::gen::element(ReverseStatus::pending, ReverseStatus::running,
                                      ReverseStatus::done, ReverseStatus::not_needed);
  reversal.attempts = any_count();
  reversal.charged = any_count();
  reversal.forward_unknown = *rc::gen::arbitrary<bool>();
  reversal.parked = *rc::gen::arbitrary<bool>();
  reversal.given_up = *rc::gen::arbitrary<bool>();
  reversal.dispatched = *rc::gen::arbitrary<bool>();
  reversal.reference = any_optional_text();
  if (*rc::gen::arbitrary<bool>()) reversal.amount = *rc::gen::arbitrary<std::int64_t>();
  reversal.error = any_optional_text();
  reversal.next_at = any_optional_instant();
  reversal.updated_at = any_instant();
}

std::optional<StepReversal> any_optional_reversal() {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  StepReversal reversal;
  fill(reversal);
  return reversal;
}

Step any_step() {
  Step step;
  step.name = StepName{any_text()};
  step.kind = any_kind();
  if (step.kind == StepKind::points) step.points_per = *rc::gen::arbitrary<std::int64_t>();
  step.after = any_names();
  step.reversible = *rc::gen::arbitrary<bool>();
  step.wait = Milliseconds{*rc::gen::arbitrary<std::int64_t>()};
  step.status = *rc::gen::element(StepStatus::pending, StepStatus::running, StepStatus::awaiting,
                                  StepStatus::unknown, StepStatus::done, StepStatus::failed,
                                  StepStatus::skipped);
  step.attempts = any_count();
  step.charged = any_count();
  step.parked = *rc::gen::arbitrary<bool>();
  step.deferred = *rc::gen::arbitrary<bool>();
  step.dispatched = *rc::gen::arbitrary<bool>();
  step.timed_out = *rc::gen::arbitrary<bool>();
  step.outcome_unknown = *rc::gen::arbitrary<bool>();
  step.reference = any_optional_text();
  step.error = any_optional_text();
  if (*rc::gen::arbitrary<bool>()) {
    step.report = StepReport{*rc::gen::arbitrary<bool>(), any_optional_text()};
  }
  step.next_at = any_optional_instant();
  step.updated_at = any_instant();
  step.compensation = any_optional_reversal();
  step.late = any_optional_reversal();
  return step;
}

PlanStep any_plan_step() {
  PlanStep step;
  step.name = StepName{any_text()};
  step.kind = any_kind();
  step.after = any_names();
  step.points_per = *rc::gen::arbitrary<std::int64_t>();
  if (is_local(step.kind)) return step;
  step.forward_url = any_text();
  step.reverse_url = any_text();
  step.timeout = Milliseconds{*rc::gen::arbitrary<std::int64_t>()};
  step.report_timeout = Milliseconds{*rc::gen::arbitrary<std::int64_t>()};
  step.retry.attempts = any_count();
  step.retry.first = Milliseconds{*rc::gen::arbitrary<std::int64_t>()};
  step.retry.factor = any_count();
  step.retry.max = Milliseconds{*rc::gen::arbitrary<std::int64_t>()};
  step.concurrency = any_count();
  step.webhook_secret = any_text();
  return step;
}

template <class T>
std::vector<T> some(T (*make)()) {
  std::vector<T> made;
  const int count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) made.push_back(make());
  return made;
}

RC_GTEST_PROP(Steps, RoundTripWhateverTheyHold, ()) {
  const auto steps = some(any_step);
  const auto read = steps_from_json(json::parse(steps_to_text(steps)));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == steps);
}

RC_GTEST_PROP(RefundSteps, RoundTripWhateverTheyHold, ()) {
  std::vector<RefundStep> steps(static_cast<std::size_t>(*rc::gen::inRange(0, 4)));
  for (auto& step : steps) {
    step.name = StepName{any_text()};
    fill(step);
  }
  const auto read = refund_steps_from_json(json::parse(refund_steps_to_text(steps)));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == steps);
}

RC_GTEST_PROP(PlanSteps, RoundTripWhateverTheyHold, ()) {
  const auto steps = some(any_plan_step);
  const auto read = plan_steps_from_json(json::parse(json::serialize(plan_steps_to_json(steps))));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == steps);
  // So is the version, by which an order names its plan.
  RC_ASSERT(with_version(PlanName{"p"}, *read) == with_version(PlanName{"p"}, steps));
}

RC_GTEST_PROP(StepMessage, RoundTrips, ()) {
  StepWake wake;
  for (auto& byte : wake.action.order_id.value.bytes) byte = *rc::gen::arbitrary<std::uint8_t>();
  wake.action.step = StepName{any_text()};
  wake.action.direction = *rc::gen::element(Direction::forward, Direction::reverse);
  wake.action.cause = any_text();
  wake.plan = PlanName{any_text()};
  wake.plan_version = any_text();
  const auto read = step_from_message(step_message(wake));
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->action == wake.action);
  RC_ASSERT(read->plan == wake.plan);
  RC_ASSERT(read->plan_version == wake.plan_version);
}

// Rows that an older version wrote have none of the members that came since.
TEST(Steps, ReadWhatKnowsOnlyTheFirstMembers) {
  const auto read =
      steps_from_json(json::parse(R"([{"name":"pay","kind":"http","status":"unknown","attempts":2,)"
                                  R"("updated_at":"2026-01-31T08:15:30.123Z","more":1}])"));
  ASSERT_TRUE(read) << read.error().detail;
  Step expected;
  expected.name = StepName{"pay"};
  expected.kind = StepKind::http;
  expected.status = StepStatus::unknown;
  expected.attempts = 2;
  expected.updated_at = *parse_rfc3339("2026-01-31T08:15:30.123Z");
  EXPECT_EQ(*read, std::vector<Step>{expected});
}

TEST(Steps, OfAPlacedOrderHaveWhatThePlanSays) {
  const auto read = planned_steps_from_json(json::parse(
      R"([{"name":"buyer_pays","kind":"await","after":["stock","points"],"reversible":true,)"
      R"("wait_ms":900000}])"));
  ASSERT_TRUE(read) << read.error().detail;
  Step expected;
  expected.name = StepName{"buyer_pays"};
  expected.kind = StepKind::await;
  expected.after = {StepName{"stock"}, StepName{"points"}};
  expected.reversible = true;
  expected.wait = Milliseconds{900'000};
  EXPECT_EQ(*read, std::vector<Step>{expected});
}

TEST(Steps, NameTheirFault) {
  struct Case {
    const char* json;
    const char* fault;
  };
  const std::string head = R"([{"name":"a","kind":"http","status":"done","attempts":1,)"
                           R"("updated_at":"2026-01-31T08:15:30.123Z",)";
  for (const Case& each : {Case{R"("parked":1}])", "`parked` is no boolean"},
                           Case{R"("after":"b"}])", "`after` is no array"},
                           Case{R"("after":[1]}])", "`after` has what is no string"},
                           Case{R"("next_at":"soon"}])", "`next_at` has an unknown value"},
                           Case{R"("wait_ms":"1s"}])", "`wait_ms` is no integer"},
                           Case{R"("late":{}}])", "`late` `status` is missing"},
                           Case{R"("report":1}])", "`report` not an object"}}) {
    const auto read = steps_from_json(json::parse(head + each.json));
    ASSERT_FALSE(read) << each.json;
    EXPECT_EQ(read.error().detail, each.fault);
  }
}

TEST(PlanSteps, RefuseWhatIsNone) {
  for (const char* text : {"{}", "[1]", "[{}]", R"([{"name":"a","kind":"magic","per":1}])",
                           R"([{"name":"a","kind":"http"}])"}) {
    EXPECT_FALSE(plan_steps_from_json(json::parse(text))) << text;
  }
}

TEST(StepMessage, IsAsDocumented) {
  const StepWake wake{{*OrderId::parse("01890a5d-ac96-774b-bcce-b302099a8057"), StepName{"pay"},
                       Direction::reverse, "cancel"},
                      PlanName{"default"},
                      "0123456789ab"};
  EXPECT_EQ(json::parse(step_message(wake)), json::parse(R"({"v":1,"step":{
      "order_id":"01890a5d-ac96-774b-bcce-b302099a8057","step":"pay","direction":"reverse",
      "cause":"cancel","plan":"default","plan_version":"0123456789ab"}})"));
}

TEST(StepMessage, RefusesWhatIsNotOne) {
  for (const auto* body :
       {"", "garbage", "[]", R"({"v":2,"step":{}})", R"({"v":1})", R"({"v":1,"step":[]})",
        R"({"v":1,"step":{"order_id":"x","step":"pay","direction":"forward","cause":"",
            "plan":"p","plan_version":"v"}})",
        R"({"v":1,"step":{"order_id":"01890a5d-ac96-774b-bcce-b302099a8057","step":"pay",
            "direction":"sideways","cause":"","plan":"p","plan_version":"v"}})"}) {
    EXPECT_FALSE(step_from_message(body)) << body;
  }
}

}  // namespace
}  // namespace holdfast::codec
