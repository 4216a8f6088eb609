#include "http/query.h"

#include <gtest/gtest.h>

namespace holdfast::http {
namespace {

TEST(PercentDecode, DecodesEscapesAndRefusesBrokenOnes) {
  EXPECT_EQ(percent_decode("a%2Fb%20c", false), "a/b c");
  EXPECT_EQ(percent_decode("a+b", false), "a+b");
  EXPECT_EQ(percent_decode("a+b%2B", true), "a b+");
  EXPECT_EQ(percent_decode("%e4%b8%ad", false), "\xe4\xb8\xad");
  for (const char* broken : {"%", "%4", "%zz", "%00", "%ff", "%c0%80", "%ed%a0%80"}) {
    EXPECT_EQ(percent_decode(broken, false), std::nullopt) << broken;
  }
}

TEST(Query, RefusesUnknownAndRepeatedParametersByName) {
  const auto unknown = Query::parse("limit=1&colour=red", {"limit"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind.code, "invalid_request");
  EXPECT_NE(unknown.error().detail.find("`colour`"), std::string::npos);

  const auto repeated = Query::parse("limit=1&limit=1", {"limit"});
  ASSERT_FALSE(repeated);
  EXPECT_NE(repeated.error().detail.find("`limit`"), std::string::npos);

  EXPECT_FALSE(Query::parse("limit=%zz", {"limit"}));
  EXPECT_TRUE(Query::parse("", {"limit"}));
  EXPECT_TRUE(Query::parse("&&limit=1&", {"limit"}));
}

TEST(Query, PagesHaveBounds) {
  struct Case {
    const char* query;
    bool valid;
    std::size_t limit;
  };
  for (const Case& c :
       {Case{"", true, 50}, Case{"limit=1", true, 1}, Case{"limit=200", true, 200},
        Case{"limit=0", false, 0}, Case{"limit=201", false, 0}, Case{"limit=-1", false, 0},
        Case{"limit=1.0", false, 0}, Case{"limit=", false, 0},
        Case{"limit=99999999999999999999", false, 0}, Case{"cursor=", false, 0}}) {
    auto query = Query::parse(c.query, {"limit", "cursor"});
    ASSERT_TRUE(query) << c.query;
    const PageRequest page = query->page();
    EXPECT_EQ(!query->problem(), c.valid) << c.query;
    if (c.valid) {
      EXPECT_EQ(page.limit, c.limit) << c.query;
    }
  }
}

TEST(Query, ReadsTypedValues) {
  auto query = Query::parse("status=completed&placed_after=2026-01-01T02:00:00.5%2B02:00&sku=A-1",
                            {"status", "placed_after", "sku"});
  ASSERT_TRUE(query);
  EXPECT_EQ(query->word("status", parse_order_status), OrderStatus::completed);
  EXPECT_EQ(query->time("placed_after"), Instant{std::chrono::milliseconds(1'767'225'600'500)});
  EXPECT_EQ(query->name("sku"), "A-1");
  EXPECT_FALSE(query->problem());

  auto wrong = Query::parse("status=done", {"status"});
  wrong->word("status", parse_order_status);
  ASSERT_TRUE(wrong->problem());
  EXPECT_NE(wrong->problem()->detail.find("`status`"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::http
