#include "cli/lines.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace holdfast::cli {
namespace {

std::string order_line(std::string_view text) {
  const auto line = parse_order_line(text);
  return line ? boost::json::serialize(*line) : "wrong";
}
std::string refund_line(std::string_view text) {
  const auto line = parse_refund_line(text);
  return line ? boost::json::serialize(*line) : "wrong";
}

TEST(OrderLine, IsSkuQuantityPrice) {
  EXPECT_EQ(order_line("A-1:2:1999"), R"({"sku":"A-1","quantity":2,"unit_price":1999})");
  EXPECT_EQ(order_line("A-1:1:0"), R"({"sku":"A-1","quantity":1,"unit_price":0})");
  EXPECT_EQ(order_line("shop:A:1:2:3"), R"({"sku":"shop:A:1","quantity":2,"unit_price":3})");
  EXPECT_EQ(order_line("7:1:1000000000000"),
            R"({"sku":"7","quantity":1,"unit_price":1000000000000})");
}

TEST(OrderLine, RefusesAllElse) {
  for (const auto* text : {"", "A", "A:1", "A:1:", ":1:2", "A:0:1", "A:-1:1", "A:1:-1", "A:1:1.5",
                           "A:x:1", "A:1:1 ", "A:99999999999999999999:1", "1:2"}) {
    EXPECT_EQ(order_line(text), "wrong") << text;
  }
  EXPECT_NE(parse_order_line("A:1").error().find("SKU:QUANTITY:PRICE"), std::string::npos);
}

TEST(RefundLine, IsSkuQuantityAndPerhapsNorestock) {
  EXPECT_EQ(refund_line("A-1:2"), R"({"sku":"A-1","quantity":2})");
  EXPECT_EQ(refund_line("A:1:2"), R"({"sku":"A:1","quantity":2})");
  EXPECT_EQ(refund_line("A:1:2:norestock"), R"({"sku":"A:1","quantity":2,"restock":false})");
  for (const auto* text : {"", "A", "A:", ":1", "A:0", "A:norestock", "A:1:restock"}) {
    EXPECT_EQ(refund_line(text), "wrong") << text;
  }
}

TEST(Attribute, IsSplitAtTheFirstEquals) {
  const auto attribute = parse_attribute("note=a=b");
  ASSERT_TRUE(attribute.has_value());
  EXPECT_EQ(attribute->key, "note");
  EXPECT_EQ(attribute->value, "a=b");
  EXPECT_EQ(parse_attribute("k=")->value, "");
  EXPECT_FALSE(parse_attribute("=v").has_value());
  EXPECT_FALSE(parse_attribute("k").has_value());
}

}  // namespace
}  // namespace holdfast::cli
