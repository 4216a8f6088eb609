#include "adapters/step_http/printable.h"

#include <gtest/gtest.h>

namespace holdfast::step_http {
namespace {

TEST(Printable, KeepsTextAndReplacesTheRest) {
  EXPECT_EQ(printable("plain", 100), "plain");
  EXPECT_EQ(printable("a\r\nb\tc\x7f"
                      "d",
                      100),
            "a  b c d");
  EXPECT_EQ(printable(std::string_view("a\0b", 3), 100), "a b");
  EXPECT_EQ(printable("a\xc2\x85z", 100), "a z");  // U+0085, a line break among C1
  EXPECT_EQ(printable("库存不足 é 😀", 100), "库存不足 é 😀");
}

TEST(Printable, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("a\xff\xfez", 100), "a??z");
  EXPECT_EQ(printable("\xc0\xaf", 100), "??");            // overlong /
  EXPECT_EQ(printable("\xe0\x80\xaf", 100), "???");       // overlong in three bytes
  EXPECT_EQ(printable("\xed\xa0\x80", 100), "???");       // a surrogate
  EXPECT_EQ(printable("\xf0\x80\x80\xaf", 100), "????");  // overlong in four bytes
  EXPECT_EQ(printable("\xf4\x90\x80\x80", 100), "????");  // beyond U+10FFFF
  EXPECT_EQ(printable("\xe5\xba", 100), "??");            // cut off
  EXPECT_EQ(printable("\xf4\x8f\xbf\xbf", 100), "\xf4\x8f\xbf\xbf");
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(printable("库存", 6), "库存");
  EXPECT_EQ(printable("库存", 5), "库");
  EXPECT_EQ(printable("库存", 2), "");
  EXPECT_EQ(printable("abc", 2), "ab");
  EXPECT_EQ(printable_characters("库存不足", 3), "库存不");
  EXPECT_EQ(printable_characters("ab", 3), "ab");
}

}  // namespace
}  // namespace holdfast::step_http
