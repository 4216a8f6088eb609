#include "bench/book.h"

#include <gtest/gtest.h>

namespace holdfast::bench {
namespace {

TEST(Book, ReplacesTheDatabaseOfAnUrl) {
  EXPECT_EQ(with_database("postgresql://u@h:1/holdfast", "x"), "postgresql://u@h:1/x");
  EXPECT_EQ(with_database("postgresql://h:1", "x"), "postgresql://h:1/x");
  EXPECT_EQ(with_database("postgres://u:p@h/a?sslmode=disable", "x"),
            "postgres://u:p@h/x?sslmode=disable");
  EXPECT_EQ(with_database("postgres://h?application_name=a/b", "x"),
            "postgres://h/x?application_name=a/b");
}

}  // namespace
}  // namespace holdfast::bench
