#include "adapters/postgres/encoding.h"

#include <gtest/gtest.h>

namespace holdfast::postgres {
namespace {

using std::string_literals::operator""s;

std::string bytes_of(const Parameters& parameters, std::size_t i) {
  const auto* value = parameters.values()[i];
  return value == nullptr ? "NULL"
                          : std::string(value, static_cast<std::size_t>(parameters.lengths()[i]));
}

TEST(PostgresEncoding, values_are_in_network_order) {
  Parameters parameters;
  parameters.add(std::int64_t{-2}).add("text"s).add(true).add(std::optional<std::string>{});
  // 2000-01-01 00:00:00.001 UTC, PostgreSQL's epoch and a millisecond.
  parameters.add(Instant(Milliseconds(946'684'800'001)));
  parameters.add(Json{"{}"});
  EXPECT_EQ(bytes_of(parameters, 0), "\xff\xff\xff\xff\xff\xff\xff\xfe");
  EXPECT_EQ(bytes_of(parameters, 1), "text");
  EXPECT_EQ(bytes_of(parameters, 2), "\1");
  EXPECT_EQ(bytes_of(parameters, 3), "NULL");
  EXPECT_EQ(bytes_of(parameters, 4), "\0\0\0\0\0\0\x03\xe8"s);
  EXPECT_EQ(bytes_of(parameters, 5), "\1{}");
}

TEST(PostgresEncoding, arrays_carry_dimensions_nulls_and_element_type) {
  Column<std::string> column;
  Parameters empty;
  empty.add(column);
  EXPECT_EQ(bytes_of(empty, 0), "\0\0\0\0\0\0\0\0\0\0\0\x19"s);
  column.push("ab"s);
  column.push_null();
  Parameters parameters;
  parameters.add(column);
  EXPECT_EQ(bytes_of(parameters, 0),
            "\0\0\0\1\0\0\0\1\0\0\0\x19\0\0\0\2\0\0\0\1\0\0\0\2"s + "ab\xff\xff\xff\xff");
}

}  // namespace
}  // namespace holdfast::postgres
