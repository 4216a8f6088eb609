#include "adapters/redis/commands.h"

#include <gtest/gtest.h>

#include <limits>

namespace holdfast::redis {
namespace {

// Expected texts are from the protocol's specification.

TEST(Commands, EncodesWordsAsBulkStrings) {
  Commands commands;
  commands.begin(3).word("SET").word("key:", "name").word(std::int64_t{-42});
  EXPECT_EQ(commands.text(), "*3\r\n$3\r\nSET\r\n$8\r\nkey:name\r\n$3\r\n-42\r\n");
  EXPECT_EQ(commands.count(), 1U);
  EXPECT_TRUE(commands.complete());
}

TEST(Commands, KeepsBytesAsTheyAre) {
  Commands commands;
  commands.begin(2).word("").word(std::string_view("a\0\r\n", 4));
  EXPECT_EQ(commands.text(), std::string_view("*2\r\n$0\r\n\r\n$4\r\na\0\r\n\r\n", 20));
}

TEST(Commands, KnowsWhenWordsAreMissing) {
  Commands commands;
  commands.begin(2).word("GET");
  EXPECT_FALSE(commands.complete());
  commands.word(std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(commands.complete());
  EXPECT_NE(commands.text().find("$20\r\n-9223372036854775808\r\n"), std::string_view::npos);
}

TEST(Commands, AppendsOthers) {
  Commands first;
  first.begin(1).word("PING");
  Commands second;
  second.begin(1).word("INFO");
  second.begin(1).word("TIME");
  first.append(second);
  EXPECT_EQ(first.count(), 3U);
  EXPECT_EQ(first.text(), "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nINFO\r\n*1\r\n$4\r\nTIME\r\n");
}

}  // namespace
}  // namespace holdfast::redis
