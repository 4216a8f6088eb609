#include "adapters/rabbitmq/message_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace holdfast::rabbitmq {
namespace {

amqp_table_entry_t text(const char* key, const char* value) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = amqp_cstring_bytes(value);
  return entry;
}

amqp_table_entry_t number(const char* key, std::int64_t value) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_I64;
  entry.value.value.i64 = value;
  return entry;
}

class MessageCodec : public ::testing::Test {
 protected:
  Incoming decode_headers(std::vector<amqp_table_entry_t> entries) {
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_HEADERS_FLAG;
    properties.headers = {static_cast<int>(entries.size()), entries.data()};
    return decode(properties, topology_);
  }
  /// `x-death` of one death.
  Incoming decode_death(const char* queue, const char* reason) {
    std::array death{text("queue", queue), text("reason", reason)};
    amqp_field_value_t table{};
    table.kind = AMQP_FIELD_KIND_TABLE;
    table.value.table = {static_cast<int>(death.size()), death.data()};
    amqp_table_entry_t entry{};
    entry.key = amqp_cstring_bytes("x-death");
    entry.value.kind = AMQP_FIELD_KIND_ARRAY;
    entry.value.value.array = {1, &table};
    return decode_headers({text("x-first-death-queue", "hf.wait.refunds.300"), entry,
                           text("x-first-death-reason", "expired"),
                           text(kDeadLetterReasonHeader, "an old one")});
  }

  Topology topology_{[] {
    RabbitOptions options;
    options.name_space = "hf";
    return options;
  }()};
};

TEST_F(MessageCodec, WhatIsEncodedIsDecoded) {
  OutgoingMessage outgoing;
  outgoing.id.value.bytes[3] = 7;
  outgoing.attempts = 4'000'000'000;
  outgoing.headers = {{"a", "1"}, {"b", ""}};
  PropertiesEncoder encoder;
  const auto incoming = decode(encoder.encode(outgoing), topology_);
  EXPECT_EQ(incoming.delivery.id, outgoing.id);
  EXPECT_EQ(incoming.delivery.attempts, outgoing.attempts);
  EXPECT_EQ(incoming.delivery.headers, outgoing.headers);
}

TEST_F(MessageCodec, TheBrokersMarksAreStripped) {
  const auto incoming = decode_headers(
      {number("x-delivery-count", 3), text("x-first-death-exchange", ""),
       text("x-last-death-queue", "q"), number("x-acquired-count", 5), text("x-mine", "kept")});
  EXPECT_EQ(incoming.delivery_count, 3U);
  EXPECT_EQ(incoming.delivery.headers, (std::map<std::string, std::string>{{"x-mine", "kept"}}));
  OutgoingMessage outgoing;
  outgoing.headers = {{"x-death", "forged"}, {"hf-attempts", "9"}, {"ok", "1"}};
  PropertiesEncoder encoder;
  EXPECT_EQ(encoder.encode(outgoing).headers.num_entries, 2);  // hf-attempts (0) and ok
}

TEST_F(MessageCodec, ADeathOtherThanADelayIsTold) {
  const auto parked = decode_death("hf.step.default.payment", "delivery_limit");
  EXPECT_EQ(parked.delivery.headers.at(kDeadLetterQueueHeader), "step.default.payment");
  EXPECT_EQ(parked.delivery.headers.at(kDeadLetterReasonHeader), "delivery_limit");
  const auto delayed = decode_death("hf.wait.refunds.300", "expired");
  EXPECT_FALSE(delayed.delivery.headers.contains(kDeadLetterQueueHeader));
}

TEST_F(MessageCodec, AnExpirationInAWorkQueueIsTold) {
  const auto expired = decode_death("hf.answers", "expired");
  EXPECT_EQ(expired.delivery.headers.at(kDeadLetterQueueHeader), "answers");
  EXPECT_EQ(expired.delivery.headers.at(kDeadLetterReasonHeader), "expired");
}

TEST_F(MessageCodec, PlainValuesBecomeText) {
  std::vector<amqp_table_entry_t> entries(5);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    static constexpr const char* kKeys[] = {"single", "double", "unsigned", "time", "void"};
    entries[i].key = amqp_cstring_bytes(kKeys[i]);
  }
  entries[0].value.kind = AMQP_FIELD_KIND_F32;
  entries[0].value.value.f32 = 0.1F;
  entries[1].value.kind = AMQP_FIELD_KIND_F64;
  entries[1].value.value.f64 = -2.5e300;
  entries[2].value.kind = AMQP_FIELD_KIND_U64;
  entries[2].value.value.u64 = 18'446'744'073'709'551'615U;
  entries[3].value.kind = AMQP_FIELD_KIND_TIMESTAMP;
  entries[3].value.value.u64 = 1'700'000'000;
  entries[4].value.kind = AMQP_FIELD_KIND_VOID;
  EXPECT_EQ(decode_headers(entries).delivery.headers,
            (std::map<std::string, std::string>{{"single", "0.1"},
                                                {"double", "-2.5e+300"},
                                                {"unsigned", "18446744073709551615"},
                                                {"time", "1700000000"}}));
}

TEST_F(MessageCodec, AnIdempotencyKeyIsTheMessageId) {
  OutgoingMessage outgoing;
  outgoing.id.value.bytes[3] = 7;
  outgoing.content_type = "application/cloudevents+json";
  PropertiesEncoder encoder;
  EXPECT_EQ(view(encoder.encode(outgoing).message_id), outgoing.id.to_string());
  outgoing.headers = {{kIdempotencyKeyHeader, "0198/payment/forward"}};
  const auto& properties = encoder.encode(outgoing);
  EXPECT_EQ(view(properties.message_id), "0198/payment/forward");
  EXPECT_EQ(view(properties.content_type), "application/cloudevents+json");
  EXPECT_EQ(decode(properties, topology_).delivery.headers, outgoing.headers);
}

TEST_F(MessageCodec, StrangeValuesDoNoHarm) {
  const auto incoming = decode_headers({text(kAttemptsHeader, "many"), number("n", -3)});
  EXPECT_EQ(incoming.delivery.attempts, 0U);
  EXPECT_EQ(incoming.delivery.headers.at("n"), "-3");
  EXPECT_EQ(decode_headers({number(kAttemptsHeader, -1)}).delivery.attempts, 0U);
}

TEST_F(MessageCodec, WhatABrokerWouldChokeOnIsUnsendable) {
  OutgoingMessage outgoing;
  outgoing.queue = QueueName{"orders"};
  EXPECT_FALSE(why_unsendable(outgoing, "hf.orders"));
  EXPECT_TRUE(why_unsendable(outgoing, std::string(256, 'q')));
  outgoing.headers = {{kIdempotencyKeyHeader, std::string(255, 'k')}};
  EXPECT_FALSE(why_unsendable(outgoing, "hf.orders"));
  outgoing.headers = {{kIdempotencyKeyHeader, std::string(256, 'k')}};
  EXPECT_TRUE(why_unsendable(outgoing, "hf.orders"));
  outgoing.headers.clear();
  outgoing.content_type = std::string(256, 'c');
  EXPECT_TRUE(why_unsendable(outgoing, "hf.orders"));
  outgoing.content_type = "text/plain";
  outgoing.topic = "";
  EXPECT_TRUE(why_unsendable(outgoing, ""));
  outgoing.topic = std::string(256, 't');
  EXPECT_TRUE(why_unsendable(outgoing, *outgoing.topic));
  outgoing.topic = "order.completed";
  outgoing.queue = QueueName{""};
  EXPECT_FALSE(why_unsendable(outgoing, *outgoing.topic));
  outgoing.headers = {{"", "x"}};
  EXPECT_TRUE(why_unsendable(outgoing, "hf.orders"));
}

}  // namespace
}  // namespace holdfast::rabbitmq
