#include "adapters/postgres/cursor.h"

#include <gtest/gtest.h>

#include "adapters/postgres/failure.h"

namespace holdfast::postgres {
namespace {

TEST(PostgresCursor, it_is_base64url_of_its_parts) {
  const Cursor cursor{'o', Instant(Milliseconds(1'700'000'000'123)), "k>?"};
  const auto text = encode_cursor(cursor);
  EXPECT_EQ(text, "bzE3MDAwMDAwMDAxMjN8az4_");  // base64 -w0 <<< 'o1700000000123|k>?', / as _
  const auto decoded = decode_cursor(text, 'o');
  EXPECT_EQ(decoded.at, cursor.at);
  EXPECT_EQ(decoded.key, cursor.key);
}

TEST(PostgresCursor, another_lists_and_malformed_ones_are_rejected) {
  EXPECT_THROW(decode_cursor("bzE3MDAwMDAwMDAxMjN8az4_", 'r'), Failure);
  for (const auto* text : {"", "b", "bw", "b3w", "bzF4fA", "bzE3MDAwMDAwMDAxMjN8az4/",
                           "====", "bzk5OTk5OTk5OTk5OTk5OTk5OTk5fGs"}) {
    EXPECT_THROW(decode_cursor(text, 'o'), Failure) << text;
  }
}

TEST(PostgresCursor, keys_are_checked) {
  EXPECT_EQ(integer_key(Cursor{'j', {}, "42"}), 42);
  EXPECT_THROW(integer_key(Cursor{'j', {}, "42x"}), Failure);
  EXPECT_THROW(uuid_key(Cursor{'o', {}, "42"}), Failure);
}

}  // namespace
}  // namespace holdfast::postgres
