#include "codec/cursor.h"

#include <gtest/gtest.h>

namespace holdfast::codec {
namespace {

TEST(CursorCodec, it_is_base64url_of_its_parts) {
  const Cursor cursor{'o', Instant(Milliseconds(1'700'000'000'123)), "k>?"};
  const auto text = encode_cursor(cursor);
  EXPECT_EQ(text, "bzE3MDAwMDAwMDAxMjN8az4_");  // base64 -w0 <<< 'o1700000000123|k>?', / as _
  const auto decoded = decode_cursor(text, 'o');
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->at, cursor.at);
  EXPECT_EQ(decoded->key, cursor.key);
}

TEST(CursorCodec, another_lists_and_malformed_ones_are_rejected) {
  EXPECT_FALSE(decode_cursor("bzE3MDAwMDAwMDAxMjN8az4_", 'r'));
  for (const auto* text : {"", "b", "bw", "b3w", "bzF4fA", "bzE3MDAwMDAwMDAxMjN8az4/",
                           "====", "bzk5OTk5OTk5OTk5OTk5OTk5OTk5fGs"}) {
    EXPECT_FALSE(decode_cursor(text, 'o')) << text;
  }
}

TEST(CursorCodec, keys_are_checked) {
  EXPECT_EQ(integer_key(Cursor{'j', {}, "42"}), 42);
  EXPECT_FALSE(integer_key(Cursor{'j', {}, "42x"}));
  EXPECT_FALSE(uuid_key(Cursor{'o', {}, "42"}));
}

}  // namespace
}  // namespace holdfast::codec
