#include "adapters/postgres/list_query.h"

#include <gtest/gtest.h>

#include <optional>

namespace holdfast::postgres {
namespace {

constexpr std::string_view kSql =
    "-- A comment with :nothing in it.\n"
    "select a from t\n"
    "where true\n"
    "/*if user*/  and u = :user::text\n"
    "/*if status*/  and s = '{status}'\n"
    "/*if cursor*/  and (a, b) < (:at::int, :at::int + :b)\n"
    "limit {limit};\n";

TEST(ListQuery, lines_that_are_not_asked_for_are_left_out) {
  ListQuery query(kSql);
  query.put("limit", "3").filter("user", std::optional<std::string>{});
  EXPECT_EQ(query.statement().sql, "select a from t\nwhere true\nlimit 3;\n");
  EXPECT_EQ(query.parameters().count(), 0);
  EXPECT_TRUE(query.statement().name.empty());
}

TEST(ListQuery, names_become_numbers_in_the_order_bound) {
  ListQuery query(kSql);
  query.put("limit", "3").keep("status").put("status", "waiting");
  query.keep("cursor").bind("b", std::int64_t{1}).bind("at", std::int64_t{2});
  query.filter("user", std::optional<std::string>{"x"});
  EXPECT_EQ(query.statement().sql,
            "select a from t\nwhere true\n  and u = $3::text\n  and s = 'waiting'\n"
            "  and (a, b) < ($2::int, $2::int + $1)\nlimit 3;\n");
  EXPECT_EQ(query.parameters().count(), 3);
}

}  // namespace
}  // namespace holdfast::postgres
