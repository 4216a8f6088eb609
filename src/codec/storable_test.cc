#include "codec/storable.h"

#include <gtest/gtest.h>

namespace holdfast::codec {
namespace {

using std::string_literals::operator""s;

TEST(StorableText, utf8_stays_as_it_is) {
  for (const auto& text : {""s, "plain"s, "\xc3\xa9"s, "\xe5\xa4\xaa"s, "\xf0\x9f\x9b\x92 cart"s}) {
    EXPECT_TRUE(is_storable(text));
    EXPECT_EQ(storable(text), text);
  }
}

TEST(StorableText, what_is_no_utf8_is_replaced_byte_by_byte) {
  EXPECT_EQ(storable("a\0b"s), "a?b");
  EXPECT_EQ(storable("a\xff"s), "a?");
  EXPECT_EQ(storable("\xe5\xa4"s), "??") << "cut short";
  EXPECT_EQ(storable("\xe5\xa4z"s), "??z");
  EXPECT_EQ(storable("\xc0\xaf"s), "??") << "overlong";
  EXPECT_EQ(storable("\xed\xa0\x80"s), "???") << "a surrogate";
  EXPECT_EQ(storable("\xf4\x90\x80\x80"s), "????") << "above U+10FFFF";
  EXPECT_FALSE(is_storable("\x80"s));
}

}  // namespace
}  // namespace holdfast::codec
