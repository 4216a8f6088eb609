#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "domain/samples_for_test.h"

namespace holdfast {
namespace {

using samples::line;
using samples::order_request;
using samples::refund_line;

OrderRequest changed(const std::function<void(OrderRequest&)>& change) {
  OrderRequest request = order_request();
  change(request);
  return request;
}

std::string content(const std::function<void(OrderRequest&)>& change) {
  return canonical_content(changed(change));
}

std::string refund_content(const std::function<void(RefundRequest&)>& change,
                           std::uint8_t order = 1) {
  RefundRequest request;
  change(request);
  return canonical_content(samples::id<OrderId>(order), request);
}

TEST(CanonicalOrder, IsOneTextThatAnyReleaseMakes) {
  EXPECT_EQ(content([](OrderRequest& r) { r.attributes["gift"] = "yes"; }),
            "7:order/1,3:u-1,3:CNY,1:2,3:A-1,1:3,4:1000,3:B-2,1:2,3:250,7:default,"
            "1:1,4:gift,3:yes,");
}

TEST(CanonicalOrder, IsTheSameForTheSameContent) {
  const std::string base = canonical_content(order_request());
  using R = OrderRequest;
  EXPECT_EQ(base, content([](R& r) { std::swap(r.lines[0], r.lines[1]); }));
  EXPECT_EQ(base, content([](R& r) { r.order_id = samples::id<OrderId>(9); }));
  EXPECT_EQ(base, content([](R& r) { r.plan = PlanName{"default"}; }));
  EXPECT_EQ(base, content([](R& r) { r.attributes.clear(); }));
}

TEST(CanonicalOrder, DiffersInEachField) {
  using R = OrderRequest;
  const std::vector<std::function<void(R&)>> changes{
      [](R&) {},
      [](R& r) { r.user_id.value = "u-2"; },
      [](R& r) { r.currency.code = "EUR"; },
      [](R& r) { r.lines[0].quantity.units = 4; },
      [](R& r) { r.lines[0].unit_price.minor = 4; },
      [](R& r) { r.lines[0].sku.value = "C-3"; },
      [](R& r) { r.lines.pop_back(); },
      [](R& r) { std::swap(r.lines[0].quantity, r.lines[1].quantity); },
      [](R& r) { r.plan.value = "other"; },
      [](R& r) { r.attributes["a"] = "b"; },
      [](R& r) { r.attributes["a"] = ""; },
      [](R& r) { r.attributes["ab"] = ""; },
      [](R& r) {
        r.attributes = {{"a", "b"}, {"c", "d"}};
      },
      [](R& r) {
        r.attributes = {{"a", "b1:c1:d"}};
      },
      [](R& r) {
        r.attributes = {{"a", "b,1:c,1:d"}};
      },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_NE(content(changes[i]), content(changes[j])) << i << " and " << j;
    }
  }
}

TEST(CanonicalRefund, IsOneTextThatAnyReleaseMakes) {
  EXPECT_EQ(refund_content([](RefundRequest& r) {
              r.lines = {{refund_line("B", 2, false), refund_line("A", 1)}};
              r.reason = "broken";
            }),
            "8:refund/1,36:01000000-0000-0000-0000-000000000001,5:lines,1:2,1:A,1:1,7:restock,"
            "1:B,1:2,4:keep,6:reason,6:broken,4:wait,");
  EXPECT_EQ(refund_content([](RefundRequest&) {}),
            "8:refund/1,36:01000000-0000-0000-0000-000000000001,3:all,9:no reason,4:wait,");
}

TEST(CanonicalRefund, IsTheSameForTheSameContent) {
  using R = RefundRequest;
  EXPECT_EQ(refund_content([](R& r) {
              r.lines = {{refund_line("A", 1), refund_line("B", 2)}};
            }),
            refund_content([](R& r) {
              r.lines = {{refund_line("B", 2, true), refund_line("A", 1, true)}};
              r.refund_id = samples::id<RefundId>(4);
            }));
}

TEST(CanonicalRefund, DiffersInEachField) {
  using R = RefundRequest;
  const std::vector<std::function<void(R&)>> changes{
      [](R&) {},
      [](R& r) { r.lines = {{refund_line("A", 1)}}; },
      [](R& r) { r.lines = {{refund_line("A", 2)}}; },
      [](R& r) { r.lines = {{refund_line("B", 1)}}; },
      [](R& r) { r.lines = {{refund_line("A", 1, false)}}; },
      [](R& r) {
        r.lines = {{refund_line("A", 1), refund_line("B", 1)}};
      },
      [](R& r) { r.reason = "x"; },
      [](R& r) { r.reason = ""; },
      [](R& r) { r.reason = "no reason"; },
      [](R& r) { r.when_incomplete = WhenIncomplete::preempt; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_NE(refund_content(changes[i]), refund_content(changes[j])) << i << " and " << j;
    }
  }
  EXPECT_NE(refund_content(changes[0], 1), refund_content(changes[0], 2));
}

// Texts of few different characters, among them those that the format itself is made of.
RC_GTEST_PROP(CanonicalOrder, IsEqualOnlyForEqualAttributes, ()) {
  const auto text = rc::gen::container<std::string>(rc::gen::elementOf(std::string("a1:,")));
  const auto attributes = rc::gen::container<std::map<std::string, std::string>>(text, text);
  const auto first = *attributes;
  const auto second = *attributes;
  const bool same_text = content([&first](OrderRequest& r) { r.attributes = first; }) ==
                         content([&second](OrderRequest& r) { r.attributes = second; });
  RC_ASSERT(same_text == (first == second));
}

}  // namespace
}  // namespace holdfast
