#include "domain/requests.h"

#include <gtest/gtest.h>

#include <functional>

#include "domain/samples_for_test.h"

namespace holdfast {
namespace {

using samples::line;
using samples::order_request;
using samples::refund_line;

std::vector<std::string> pointers(const std::vector<FieldError>& errors) {
  std::vector<std::string> found;
  for (const FieldError& error : errors) {
    EXPECT_FALSE(error.detail.empty());
    found.push_back(error.pointer);
  }
  return found;
}

std::vector<OrderRequestLine> many_lines(int count) {
  std::vector<OrderRequestLine> lines;
  for (int i = 0; i < count; ++i) lines.push_back(line(("S-" + std::to_string(i)).c_str(), 1, 1));
  return lines;
}

struct OrderCase {
  const char* name;
  std::function<void(OrderRequest&)> change;
  std::vector<std::string> pointers;
};

void expect_pointers(const std::vector<OrderCase>& cases) {
  for (const OrderCase& test : cases) {
    OrderRequest request = order_request();
    test.change(request);
    EXPECT_EQ(pointers(validate(request)), test.pointers) << test.name;
  }
}

TEST(ValidateOrder, TakesWhatIsWithinBounds) {
  using R = OrderRequest;
  expect_pointers({
      {"plain", [](R&) {}, {}},
      {"least", [](R& r) { r.lines = {line("A", 1, 0)}; }, {}},
      {"most units", [](R& r) { r.lines = {line("A", 1'000'000, 1)}; }, {}},
      {"dearest", [](R& r) { r.lines = {line("A", 1, 1'000'000'000'000)}; }, {}},
      {"fifty lines", [](R& r) { r.lines = many_lines(50); }, {}},
      // 2^53 - 1 = 9007199254740991 = 9007 * 10^12 + 199254740991
      {"greatest amount",
       [](R& r) {
         r.lines = {line("A", 9'007, 1'000'000'000'000), line("B", 1, 199'254'740'991)};
       },
       {}},
      {"long names",
       [](R& r) {
         r.user_id.value = std::string(64, 'u');
         r.plan.value = std::string(64, 'p');
         r.lines[0].sku.value = std::string(64, 's');
       },
       {}},
      {"attributes",
       [](R& r) {
         for (int i = 0; i < 15; ++i) r.attributes["k" + std::to_string(i)] = "";
         r.attributes[std::string(64, 'k')] = std::string(256, 'v');
       },
       {}},
  });
}

TEST(ValidateOrder, PointsAtEachFaultOutsideTheLines) {
  using R = OrderRequest;
  expect_pointers({
      {"no user", [](R& r) { r.user_id.value = ""; }, {"/user_id"}},
      {"long user", [](R& r) { r.user_id.value = std::string(65, 'u'); }, {"/user_id"}},
      {"user with a space", [](R& r) { r.user_id.value = "u 1"; }, {"/user_id"}},
      {"lower case", [](R& r) { r.currency.code = "cny"; }, {"/currency"}},
      {"two letters", [](R& r) { r.currency.code = "CN"; }, {"/currency"}},
      {"four letters", [](R& r) { r.currency.code = "CNYY"; }, {"/currency"}},
      {"digits", [](R& r) { r.currency.code = "C1Y"; }, {"/currency"}},
      {"no currency", [](R& r) { r.currency.code = ""; }, {"/currency"}},
      {"no plan", [](R& r) { r.plan.value = ""; }, {"/plan"}},
      {"long plan", [](R& r) { r.plan.value = std::string(65, 'p'); }, {"/plan"}},
      {"17 attributes",
       [](R& r) {
         for (int i = 0; i < 17; ++i) r.attributes["k" + std::to_string(i)] = "v";
       },
       {"/attributes"}},
      {"empty key", [](R& r) { r.attributes[""] = "v"; }, {"/attributes/"}},
      {"key to be escaped", [](R& r) { r.attributes["a/b~c"] = "v"; }, {"/attributes/a~1b~0c"}},
      {"long key",
       [](R& r) { r.attributes[std::string(65, 'k')] = "v"; },
       {"/attributes/" + std::string(65, 'k')}},
      {"long value", [](R& r) { r.attributes["k"] = std::string(257, 'v'); }, {"/attributes/k"}},
      {"NUL", [](R& r) { r.attributes["k"] = std::string("a\0b", 3); }, {"/attributes/k"}},
  });
}

TEST(ValidateOrder, PointsAtEachFaultOfTheLines) {
  using R = OrderRequest;
  expect_pointers({
      {"no lines", [](R& r) { r.lines.clear(); }, {"/lines"}},
      {"51 lines", [](R& r) { r.lines = many_lines(51); }, {"/lines"}},
      {"no sku", [](R& r) { r.lines[1].sku.value = ""; }, {"/lines/1/sku"}},
      {"bad sku", [](R& r) { r.lines[0].sku.value = "A/1"; }, {"/lines/0/sku"}},
      {"same sku again",
       [](R& r) {
         r.lines = {line("A", 1, 1), line("B", 1, 1), line("A", 1, 1)};
       },
       {"/lines/2/sku"}},
      {"no units", [](R& r) { r.lines[0].quantity.units = 0; }, {"/lines/0/quantity"}},
      {"negative", [](R& r) { r.lines[1].quantity.units = -1; }, {"/lines/1/quantity"}},
      {"too many", [](R& r) { r.lines[0].quantity.units = 1'000'001; }, {"/lines/0/quantity"}},
      {"negative price", [](R& r) { r.lines[0].unit_price.minor = -1; }, {"/lines/0/unit_price"}},
      {"too dear",
       [](R& r) { r.lines[0].unit_price.minor = 1'000'000'000'001; },
       {"/lines/0/unit_price"}},
      {"amount of 2^53",
       [](R& r) {
         r.lines = {line("A", 9'007, 1'000'000'000'000), line("B", 1, 199'254'740'992)};
       },
       {"/lines"}},
      {"a sum beyond int64",
       [](R& r) {
         r.lines = many_lines(50);
         for (auto& each : r.lines) {
           each.quantity.units = 1'000'000;
           each.unit_price.minor = 1'000'000'000'000;
         }
       },
       {"/lines"}},
      {"a product beyond int64",
       [](R& r) { r.lines = {line("A", INT64_MAX, INT64_MAX)}; },
       {"/lines/0/quantity", "/lines/0/unit_price"}},
  });
}

TEST(ValidateOrder, ReportsAllFaultsAtOnce) {
  OrderRequest request;
  request.currency.code = "x";
  request.lines = {line("A", 0, -1), line("A", 1, 1)};
  request.plan.value = "";
  request.attributes["a b"] = std::string(300, 'v');
  EXPECT_EQ(
      pointers(validate(request)),
      (std::vector<std::string>{"/user_id", "/currency", "/lines/0/quantity", "/lines/0/unit_price",
                                "/lines/1/sku", "/plan", "/attributes/a b", "/attributes/a b"}));
}

TEST(ValidateRefund, PointsAtEachFault) {
  const auto found = [](std::optional<std::vector<RefundLine>> lines,
                        std::optional<std::string> reason = {}) {
    RefundRequest request;
    request.lines = std::move(lines);
    request.reason = std::move(reason);
    return pointers(validate(request));
  };
  using Pointers = std::vector<std::string>;
  using Lines = std::vector<RefundLine>;
  EXPECT_EQ(found({}), Pointers{});
  EXPECT_EQ(found(Lines{refund_line("A", 1), refund_line("B", 1'000'000)}), Pointers{});
  EXPECT_EQ(found({}, std::string(1024, 'r')), Pointers{});
  EXPECT_EQ(found({}, ""), Pointers{});
  EXPECT_EQ(found(Lines{}), Pointers{"/lines"});
  EXPECT_EQ(found(Lines{refund_line("A", 0)}), Pointers{"/lines/0/quantity"});
  EXPECT_EQ(found(Lines{refund_line("A", 1'000'001)}), Pointers{"/lines/0/quantity"});
  EXPECT_EQ(found(Lines{refund_line("A b", 1)}), Pointers{"/lines/0/sku"});
  EXPECT_EQ(found(Lines{refund_line("A", 1), refund_line("A", 1)}), Pointers{"/lines/1/sku"});
  EXPECT_EQ(found({}, std::string(1025, 'r')), Pointers{"/reason"});
  EXPECT_EQ(found({}, std::string("a\0b", 3)), Pointers{"/reason"});
  Lines many;
  for (int i = 0; i < 51; ++i) many.push_back(refund_line(("S-" + std::to_string(i)).c_str(), 1));
  EXPECT_EQ(found(many), Pointers{"/lines"});
}

TEST(MakeOrder, SortsLinesAndLaysOutTheSteps) {
  OrderRequest request = order_request();
  request.attributes["gift"] = "yes";
  const Plan plan = with_version(
      PlanName{"shipped"},
      {samples::step("ship", StepKind::http, {"stock"}), samples::step("stock", StepKind::stock)});
  const Order order = make_order(request, plan, samples::identity(7));

  EXPECT_EQ(order.id, samples::id<OrderId>(7));
  EXPECT_EQ(order.reservation_id, samples::id<ReservationId>(107));
  EXPECT_EQ(order.fingerprint, std::string(64, 'a'));
  EXPECT_EQ(order.user_id.value, "u-1");
  EXPECT_EQ(order.currency.code, "CNY");
  ASSERT_EQ(order.lines.size(), 2U);
  EXPECT_EQ(order.lines[0].sku.value, "A-1");
  EXPECT_EQ(order.lines[0].quantity, Quantity{3});
  EXPECT_EQ(order.lines[0].unit_price, Money{1000});
  EXPECT_EQ(order.lines[0].refunded, Quantity{0});
  EXPECT_EQ(order.lines[1].sku.value, "B-2");
  EXPECT_EQ(order.amount, Money{3500});
  EXPECT_EQ(order.refunded_amount, Money{0});
  EXPECT_EQ(order.status, OrderStatus::accepted);
  EXPECT_EQ(order.plan.value, "shipped");
  EXPECT_EQ(order.plan_version, plan.version);
  EXPECT_EQ(order.attributes.at("gift"), "yes");
  ASSERT_EQ(order.steps.size(), 2U);
  EXPECT_EQ(order.steps[0].name.value, "stock");
  EXPECT_EQ(order.steps[1].name.value, "ship");
  EXPECT_EQ(order.steps[1].kind, StepKind::http);
  for (const Step& made : order.steps) {
    EXPECT_EQ(made.status, StepStatus::pending);
    EXPECT_EQ(made.attempts, 0U);
    EXPECT_EQ(made.updated_at, samples::at_ms(1'000));
  }
  EXPECT_EQ(order.placed_at, samples::at_ms(1'000));
  EXPECT_FALSE(order.completed_at.has_value());
  EXPECT_EQ(order.points_earned, 0);
}

}  // namespace
}  // namespace holdfast
