#include "demo/json_view.h"

#include <gtest/gtest.h>

namespace holdfast::demo {
namespace {

TEST(JsonView, FindsWhatIsThere) {
  const auto value = parse_json(R"({"a":"x","n":7,"b":true,"in":{"m":9}})");
  EXPECT_EQ(text_at(value, "a"), "x");
  EXPECT_EQ(number_at(value, "n"), 7);
  EXPECT_EQ(flag_at(value, "b"), true);
  EXPECT_EQ(number_within(value, "n"), 7);
  EXPECT_EQ(number_within(value, "m"), 9);
}

TEST(JsonView, IsEmptyForWhatIsNot) {
  const auto value = parse_json("not json");
  EXPECT_TRUE(value.is_null());
  EXPECT_EQ(text_at(value, "a"), "");
  EXPECT_EQ(number_at(value, "n"), std::nullopt);
  const auto other = parse_json(R"({"a":1,"n":"7","b":0})");
  EXPECT_EQ(text_at(other, "a"), "");
  EXPECT_EQ(number_at(other, "n"), std::nullopt);
  EXPECT_EQ(flag_at(other, "b"), std::nullopt);
  EXPECT_EQ(number_within(other, "m"), std::nullopt);
}

TEST(JsonView, ReadsTimes) {
  const auto time = parse_time("1970-01-02T00:00:01.250Z");
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(time->time_since_epoch().count(), 86'401'250);
  EXPECT_EQ(parse_time("2024-05-06T07:08:09Z"), std::nullopt);
  EXPECT_EQ(parse_time("2024-05-06 07:08"), std::nullopt);
  EXPECT_EQ(parse_time(""), std::nullopt);
}

}  // namespace
}  // namespace holdfast::demo
