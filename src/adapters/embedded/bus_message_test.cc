#include "adapters/embedded/bus_message.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast::embedded::bus {
namespace {

RC_GTEST_PROP(BusMessage, HeadersAreReadAsTheyWereWritten, (const Headers& headers)) {
  RC_ASSERT(decode_headers(encode_headers(headers)) == headers);
}

TEST(BusMessage, HeadersAreLengthsAndTexts) {
  const std::string encoded("\1\0\0\0k\2\0\0\0vw", 11);
  EXPECT_EQ(encode_headers({{"k", "vw"}}), encoded);
  EXPECT_EQ(encode_headers({}), "");
}

TEST(BusMessage, DamagedHeadersAreReadAsFarAsTheyGo) {
  const std::string whole = encode_headers({{"a", "1"}, {"b", "2"}});
  const Headers first{{"a", "1"}};
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(decode_headers(whole.substr(0, size)), size < whole.size() / 2 ? Headers{} : first);
  }
  EXPECT_EQ(decode_headers("\xff\xff\xff\xff"), Headers{});
}

TEST(BusMessage, WhatCannotBeSentSaysWhy) {
  const auto why = [](auto change) {
    OutgoingMessage message;
    message.queue = queues::orders;
    change(message);
    return why_unsendable(message).value_or("");
  };
  EXPECT_EQ(why([](auto&) {}), "");
  EXPECT_EQ(why([](auto& m) { m.body = std::string(20U << 20U, 'b'); }),
            "the body is larger than 15 MiB");
  EXPECT_EQ(why([](auto& m) { m.queue.value = ""; }), "the message names no queue");
  EXPECT_EQ(why([](auto& m) { m.queue.value = std::string(256, 'q'); }),
            "the queue's name is too long");
  EXPECT_EQ(why([](auto& m) { m.topic = ""; }), "the event names no topic");
  EXPECT_EQ(why([](auto& m) { m.topic = std::string(256, 't'); }), "the topic's name is too long");
  EXPECT_EQ(why([](auto& m) { m.content_type = std::string(256, 'c'); }),
            "the content type is longer than 255 bytes");
  EXPECT_EQ(why([](auto& m) { m.headers[""] = "x"; }), "a header's name is empty or too long");
  EXPECT_EQ(why([](auto& m) { m.headers["h"] = std::string(66'000, 'h'); }),
            "the headers are larger than 64 KiB");
  EXPECT_EQ(why([](auto& m) { m.headers["idempotency-key"] = std::string(256, 'k'); }),
            "the idempotency key is longer than 255 bytes");
}

}  // namespace
}  // namespace holdfast::embedded::bus
