#include <array>
#include <deque>
#include <memory>
#include <optional>

#include "tests/contract/rabbitmq_harness.h"
#include "tests/contract/tcp_proxy.h"

namespace holdfast::testing {
namespace {

amqp_table_entry_t header(const char* key, std::uint8_t kind) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = kind;
  return entry;
}

amqp_table_entry_t text_header(const char* key, std::string_view text,
                               std::uint8_t kind = AMQP_FIELD_KIND_UTF8) {
  auto entry = header(key, kind);
  entry.value.value.bytes = rabbitmq::bytes_of(text);
  return entry;
}

amqp_basic_properties_t with_headers(std::vector<amqp_table_entry_t>& headers) {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_HEADERS_FLAG;
  properties.headers = {static_cast<int>(headers.size()), headers.data()};
  return properties;
}

/// RabbitMQ and programs that are not Holdfast.
class RabbitOutsideTest : public RabbitFixture {
 protected:
  RabbitOutsideTest() { harness_.options.queues = {queues::answers}; }

  std::unique_ptr<TcpProxy> through_proxy() {
    const auto url = rabbitmq::parse_amqp_url(harness_.options.url);
    auto proxy = std::make_unique<TcpProxy>(url->host, url->port);
    harness_.options.url = "amqp://" + url->user + ":" + url->password +
                           "@127.0.0.1:" + std::to_string(proxy->port()) + "/%2f";
    return proxy;
  }
  bool exists(const std::string& queue) {
    return harness_.management.queue(harness_.name(queue)).is_object();
  }
  void send(const QueueName& queue, const amqp_basic_properties_t& properties,
            std::string_view body) {
    harness_.foreigner().send(harness_.name(queue.value), properties, body);
  }
};

TEST_F(RabbitOutsideTest, AnEventWhoseConfirmWasLostIsSentAgainUnderItsId) {
  const auto proxy = through_proxy();
  auto bus = open_connected();
  HeardEvents heard(harness_.listen("#"));
  std::optional<PortResult<void>> outcome;
  proxy->mute_server(true);
  boost::asio::co_spawn(
      loop_, bus->publish({event("order.completed", 1, "a"), event("refund.refunded", 2, "b")}),
      [&outcome](std::exception_ptr, PortResult<void> value) { outcome = std::move(value); });
  ASSERT_TRUE(wait_until([&] { return heard.count() == 2; }));
  EXPECT_FALSE(outcome);
  proxy->cut();
  proxy->mute_server(false);
  ASSERT_TRUE(wait_until([&] { return outcome.has_value(); }));
  EXPECT_TRUE(*outcome);
  ASSERT_TRUE(wait_until([&] { return heard.count() == 4; }));
  EXPECT_EQ(heard.bodies(), (std::vector<std::string>{"a", "b", "a", "b"}));
  EXPECT_EQ(heard.events[2].id, message_id(1).to_string());
  EXPECT_EQ(heard.events[3].id, message_id(2).to_string());
  close_rabbit(bus);
}

TEST_F(RabbitOutsideTest, ADeletedExchangeIsDeclaredAgain) {
  auto bus = open_connected();
  publish(*bus, {event("order.completed", 1, "1")});
  harness_.management.remove("exchanges/%2f/" + harness_.name("events"));
  publish(*bus, {event("order.completed", 2, "2"), message(queues::orders, 3, "3")});
  HeardEvents heard(harness_.listen("#"));
  publish(*bus, {event("order.completed", 4, "4")});
  ASSERT_TRUE(wait_until([&] { return heard.count() == 1; }));
  EXPECT_EQ(heard.bodies(), std::vector<std::string>{"4"});
  close_rabbit(bus);
}

TEST_F(RabbitOutsideTest, AListenersFullQueueIsNamedAndTheOthersMayHaveHeard) {
  auto bus = open_connected();
  HeardEvents heard(harness_.listen("#"));
  auto& program = harness_.foreigner();
  std::array arguments{header("x-max-length", AMQP_FIELD_KIND_I32),
                       text_header("x-overflow", "reject-publish")};
  arguments[0].value.value.i32 = 1;
  const std::string queue = harness_.name("small-listener");
  amqp_queue_declare(program.raw(), ForeignProgram::kChannel, rabbitmq::bytes_of(queue), 0, 0, 1, 1,
                     {static_cast<int>(arguments.size()), arguments.data()});
  program.connection().check_rpc(ForeignProgram::kChannel, "declare");
  amqp_queue_bind(program.raw(), ForeignProgram::kChannel, rabbitmq::bytes_of(queue),
                  rabbitmq::bytes_of(harness_.name("events")), rabbitmq::bytes_of("order.#"),
                  amqp_empty_table);
  program.connection().check_rpc(ForeignProgram::kChannel, "bind");
  publish(*bus, {event("order.completed", 1, "1")});
  const auto result = run(bus->publish({event("order.completed", 2, "2")}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, PortErrorKind::rejected);
  EXPECT_EQ(result.error().effect, Effect::unknown);
  EXPECT_THAT(result.error().detail, ::testing::HasSubstr("order.completed"));
  ASSERT_TRUE(wait_until([&] { return heard.count() == 2; }));
  close_rabbit(bus);
}

TEST_F(RabbitOutsideTest, TheMessageIdOfAWorkersMessageIsItsIdempotencyKey) {
  auto bus = open_connected();
  auto outgoing = message(QueueName{"work.payment"}, 9, "{}");
  outgoing.headers = {{"idempotency-key", "0198-7/payment/reverse/cancel"}};
  publish(*bus, {outgoing});
  const auto got = harness_.management.post_json(
      "queues/%2f/" + harness_.name("work.payment") + "/get",
      R"({"count":1,"ackmode":"ack_requeue_true","encoding":"auto"})");
  const auto& properties = got.at(0).at("properties");
  EXPECT_EQ(properties.at("message_id").as_string(), "0198-7/payment/reverse/cancel");
  EXPECT_EQ(properties.at("headers").at("idempotency-key").as_string(),
            "0198-7/payment/reverse/cancel");
  EXPECT_EQ(properties.at("delivery_mode").as_int64(), 2);

  // Deleted and returned as unroutable, it is known again by its key.
  harness_.management.delete_queue(harness_.name("work.payment"));
  publish(*bus, {outgoing});
  const auto again = consume(*bus, QueueName{"work.payment"});
  ASSERT_TRUE(arrive(again, 1));
  close_rabbit(bus);
}

TEST_F(RabbitOutsideTest, HeadersOfEveryKindDoNoHarm) {
  auto bus = open_connected();
  std::vector<amqp_table_entry_t> headers;
  for (const char* kind = "tbBsuIiLlfdDTV"; *kind != '\0'; ++kind) {
    headers.push_back(header("", static_cast<std::uint8_t>(*kind)));
    headers.back().key = amqp_bytes_t{1, const_cast<char*>(kind)};
    headers.back().value.value.u64 = 0;
  }
  const std::string bytes("\xff\0\x80", 3);
  headers.push_back(text_header("x", bytes, AMQP_FIELD_KIND_BYTES));
  headers.push_back(header("F", AMQP_FIELD_KIND_TABLE));
  headers.push_back(header("x-death", AMQP_FIELD_KIND_TABLE));
  headers.push_back(text_header("x-delivery-count", "several"));
  headers.push_back(header("hf-attempts", AMQP_FIELD_KIND_ARRAY));
  headers.push_back(text_header("same", "first"));
  headers.push_back(text_header("same", "second"));
  send(queues::answers, with_headers(headers), "all kinds");
  const auto got = consume(*bus, queues::answers);
  ASSERT_TRUE(arrive(got, 1));
  EXPECT_EQ(got->deliveries[0].attempts, 0U);
  EXPECT_EQ(got->deliveries[0].headers, (std::map<std::string, std::string>{{"t", "false"},
                                                                            {"b", "0"},
                                                                            {"B", "0"},
                                                                            {"s", "0"},
                                                                            {"u", "0"},
                                                                            {"I", "0"},
                                                                            {"i", "0"},
                                                                            {"L", "0"},
                                                                            {"l", "0"},
                                                                            {"f", "0"},
                                                                            {"d", "0"},
                                                                            {"T", "0"},
                                                                            {"x", bytes},
                                                                            {"same", "first"}}));
  EXPECT_EQ(bus->last_error(), "");
  close_rabbit(bus);
}

/// A list in a list in a list …, and the size of its encoding: five bytes each.
struct Nested {
  explicit Nested(std::size_t depth) : lists(depth) {
    for (std::size_t i = 0; i < depth; ++i) {
      lists[i].kind = AMQP_FIELD_KIND_ARRAY;
      if (i + 1 < depth) lists[i].value.array = {1, &lists[i + 1]};
    }
  }
  std::vector<amqp_field_value_t> lists;
};

TEST_F(RabbitOutsideTest, HeadersThatFillAFrameDoNoHarm) {
  auto bus = open_connected();
  const auto got = consume(*bus, queues::answers);
  const Nested nested(26'000);
  std::vector<amqp_table_entry_t> deep{header("deep", AMQP_FIELD_KIND_ARRAY)};
  deep[0].value = nested.lists[0];
  send(queues::answers, with_headers(deep), "deep");
  const std::string text(130'900, 't');
  std::vector<amqp_table_entry_t> long_ones{text_header("long", text)};
  send(queues::answers, with_headers(long_ones), "long");
  ASSERT_TRUE(arrive(got, 2));
  EXPECT_EQ(got->bodies(), (std::vector<std::string>{"deep", "long"}));
  EXPECT_TRUE(got->deliveries[0].headers.empty());
  EXPECT_EQ(got->deliveries[1].headers.at("long"), text);
  close_rabbit(bus);
}

TEST_F(RabbitOutsideTest, AnExpirationThatAnotherProgramSetIsTold) {
  auto bus = open_connected();
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_EXPIRATION_FLAG;
  properties.expiration = amqp_cstring_bytes("1");
  send(queues::answers, properties, "brief");
  const auto parked = consume(*bus, queues::parked);
  ASSERT_TRUE(arrive(parked, 1));
  EXPECT_EQ(parked->deliveries[0].headers,
            (std::map<std::string, std::string>{{"hf-dead-letter-queue", "answers"},
                                                {"hf-dead-letter-reason", "expired"}}));
  close_rabbit(bus);
}

TEST_F(RabbitOutsideTest, QueuesAreThereOnceConnectedAndDelaysOnceUsed) {
  const QueueName step{"step.default.payment"};
  harness_.options.queues = {queues::answers, QueueName{"work.payment"}, step};
  auto bus = open_connected();
  EXPECT_TRUE(exists("answers"));
  EXPECT_TRUE(exists("work.payment"));
  EXPECT_TRUE(exists("step.default.payment"));
  auto delayed = message(step, 1, "1");
  delayed.delay = kShortDelay;
  EXPECT_FALSE(exists("wait.step.default.payment.300"));
  publish(*bus, {delayed});
  EXPECT_TRUE(exists("wait.step.default.payment.300"));
  const auto got = consume(*bus, step);
  ASSERT_TRUE(arrive(got, 1));
  close_rabbit(bus);
}

TEST_F(RabbitOutsideTest, AStepsQueueThatIsRefusedTakesOnlyItselfAway) {
  auto& program = harness_.foreigner();
  const std::string taken = harness_.name("work.payment");
  amqp_queue_declare(program.raw(), ForeignProgram::kChannel, rabbitmq::bytes_of(taken), 0, 1, 0, 0,
                     amqp_empty_table);
  program.connection().check_rpc(ForeignProgram::kChannel, "declare");
  harness_.options.queues = {QueueName{"work.payment"}, QueueName{"work.fraud"}};
  auto bus = open_connected();
  EXPECT_THAT(bus->last_error(), ::testing::HasSubstr(taken));
  EXPECT_TRUE(exists("work.fraud"));
  publish(*bus, {message(queues::orders, 1, "1"), message(QueueName{"work.fraud"}, 2, "2")});
  const auto result = run(bus->publish({message(QueueName{"work.payment"}, 3, "3")}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, PortErrorKind::rejected);
  EXPECT_EQ(result.error().effect, Effect::none);
  EXPECT_THAT(result.error().detail, ::testing::HasSubstr(taken));
  close_rabbit(bus);
}

/// What a queue without a leader does: it confirms nothing, while the connection lives.
TEST_F(RabbitOutsideTest, MessagesThatAreNeverConfirmedDoNotHoldUpOthersForEver) {
  harness_.options.confirm_window = 10;
  harness_.options.publish_deadline = 300ms;
  const auto proxy = through_proxy();
  auto bus = open_connected();
  proxy->mute_server(true);
  const auto given_up = run(bus->publish(numbered(queues::orders, 1, 10)));
  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().effect, Effect::unknown);
  EXPECT_EQ(proxy->accepted(), 1);
  std::optional<PortResult<void>> outcome;
  boost::asio::co_spawn(
      loop_, bus->publish(numbered(queues::refunds, 11, 11)),
      [&outcome](std::exception_ptr, PortResult<void> value) { outcome = std::move(value); });
  // The window is full of what nobody waits for; only a new connection gets rid of it.
  ASSERT_TRUE(wait_until([&] { return proxy->accepted() == 2; }));
  ASSERT_TRUE(wait_until([&] { return outcome.has_value(); }));
  proxy->mute_server(false);
  ASSERT_TRUE(wait_until([&] { return bus->connected(); }));
  publish(*bus, numbered(queues::refunds, 12, 12));
  close_rabbit(bus);
}

/// What RabbitMQ 3.10 does over a queue without a leader: it closes the consumer's connection.
TEST_F(RabbitOutsideTest, AQueueThatCostTheConnectionWaitsWhileTheOthersGoOn) {
  const QueueName bad{"step.default.bad"};
  const QueueName good{"step.default.good"};
  const auto proxy = through_proxy();
  auto bus = open_connected();
  const auto from_good = consume(*bus, good);
  publish(*bus, {message(good, 1, "1"), message(bad, 2, "2")});
  ASSERT_TRUE(arrive(from_good, 1));
  proxy->mute_server(true);
  const std::size_t sent = proxy->sent_by_clients();
  const auto from_bad = consume(*bus, bad);
  ASSERT_TRUE(wait_until([&] { return proxy->sent_by_clients() > sent; }));
  proxy->cut();
  const auto cut_at = std::chrono::steady_clock::now();
  proxy->mute_server(false);
  // Both connections: the one that publishes may not have noticed yet that it was cut.
  ASSERT_TRUE(wait_until([&] { return proxy->accepted() >= 4 && bus->connected(); }));
  publish(*bus, {message(good, 3, "3")});
  ASSERT_TRUE(arrive(from_good, 2));
  ASSERT_TRUE(arrive(from_bad, 1));
  EXPECT_GE(from_bad->at[0] - cut_at, 900ms);
  close_rabbit(bus);
}

TEST_F(RabbitOutsideTest, AConnectionWithHundredsOfQueuesComesBackSoon) {
  constexpr int kQueues = 200;
  const auto proxy = through_proxy();
  harness_.options.queues.clear();
  for (int i = 0; i < kQueues; ++i) {
    harness_.options.queues.emplace_back("step.default.s" + std::to_string(i));
  }
  const auto first_start = std::chrono::steady_clock::now();
  auto bus = open_connected();
  std::vector<std::shared_ptr<Collected>> got;
  for (const auto& queue : harness_.options.queues) {
    got.push_back(consume(*bus, queue, Acknowledge::yes, {16, 0ms}));
  }
  const auto one_for_each = [&](std::uint16_t first) {
    std::vector<OutgoingMessage> messages;
    for (int i = 0; i < kQueues; ++i) {
      messages.push_back(message(harness_.options.queues[static_cast<std::size_t>(i)],
                                 static_cast<std::uint16_t>(first + i), "x"));
    }
    return messages;
  };
  const auto all_have = [&](std::size_t count) {
    return std::all_of(got.begin(), got.end(),
                       [&](const auto& one) { return one->deliveries.size() >= count; });
  };
  publish(*bus, one_for_each(1));
  ASSERT_TRUE(wait_until([&] { return all_have(1); }));
  const auto first_took = std::chrono::steady_clock::now() - first_start;
  proxy->cut();
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(wait_until([&] { return proxy->accepted() >= 4 && bus->connected(); }));
  publish(*bus, one_for_each(1'000));
  ASSERT_TRUE(wait_until([&] { return all_have(2); }));
  // Queues that are there are declared in a fraction of the time that new ones take.
  EXPECT_LT(std::chrono::steady_clock::now() - start, first_took);
  close_rabbit(bus);
}

}  // namespace
}  // namespace holdfast::testing
