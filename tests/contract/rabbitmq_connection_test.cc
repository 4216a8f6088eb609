#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "adapters/rabbitmq/url.h"
#include "tests/contract/rabbitmq_harness.h"
#include "tests/contract/tcp_proxy.h"

namespace holdfast::testing {
namespace {

/// An AMQP method frame on channel 0 (AMQP 0-9-1, 4.2.3 and 4.2.4).
std::string method_frame(char class_id, char method_id, const std::string& arguments) {
  const auto size = static_cast<char>(4 + arguments.size());
  return std::string{1, 0, 0, 0, 0, 0, size, 0, class_id, 0, method_id} + arguments + '\xce';
}

class RabbitConnectionTest : public RabbitFixture {
 protected:
  using Outcome = std::shared_ptr<std::optional<PortResult<void>>>;

  /// From here on the bus reaches the broker through the proxy.
  std::unique_ptr<TcpProxy> through_proxy() {
    const auto url = rabbitmq::parse_amqp_url(harness_.options.url);
    auto proxy = std::make_unique<TcpProxy>(url->host, url->port);
    harness_.options.url = "amqp://" + url->user + ":" + url->password +
                           "@127.0.0.1:" + std::to_string(proxy->port()) + "/%2f";
    return proxy;
  }
  Outcome start_publish(MessageBus& bus, std::vector<OutgoingMessage> messages) {
    auto outcome = std::make_shared<std::optional<PortResult<void>>>();
    boost::asio::co_spawn(
        loop_, bus.publish(std::move(messages)),
        [outcome](std::exception_ptr, PortResult<void> value) { *outcome = std::move(value); });
    return outcome;
  }
  /// Messages ready, as a bus of its own sees them that goes round the proxy.
  std::uint64_t ready(const QueueName& queue) {
    if (!observer_) {
      auto options = harness_.options;
      options.url = rabbitmq_test_url();
      observer_ = std::make_unique<Bus>(loop_.get_executor(), options);
      observer_->start();
      EXPECT_TRUE(wait_until([&] { return observer_->connected(); }));
    }
    const auto depth = run(observer_->depth(queue));
    return depth ? depth->ready : 0;
  }
  void TearDown() override {
    if (observer_) close_rabbit(observer_);
  }

  std::unique_ptr<Bus> observer_;
};

/// What the publishing coroutines of one test share.
struct Load {
  bool stop = false;
  int running = 0;
  std::uint16_t last = 0;  // number of the last message made
};

/// Publishes ten messages a call, each call until it succeeds, until told to stop.
boost::asio::awaitable<void> publish_persistently(MessageBus* bus, std::shared_ptr<Load> load) {
  ++load->running;
  while (!load->stop && load->last < 60'000) {
    const auto first = static_cast<std::uint16_t>(load->last + 1);
    load->last = static_cast<std::uint16_t>(load->last + 10);
    const std::uint16_t last = load->last;
    while (true) {
      auto messages = numbered(queues::orders, first, last);
      const auto result = co_await bus->publish(std::move(messages));
      if (result) break;
      boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor, 20ms);
      co_await pause.async_wait(boost::asio::use_awaitable);
    }
  }
  --load->running;
}

TEST_F(RabbitConnectionTest, KilledConnectionsLoseNothing) {
  auto bus = open_connected();
  const auto got = consume(*bus, queues::orders);
  const auto load = std::make_shared<Load>();
  for (int worker = 0; worker < 8; ++worker) {
    boost::asio::co_spawn(loop_, publish_persistently(bus.get(), load), boost::asio::detached);
  }
  std::atomic<int> killed{0};
  std::atomic<bool> over{false};
  std::thread killer([&] {
    while (!over && killed < 4) {
      killed += harness_.management.kill_connections(harness_.options.name_space + " ");
    }
  });
  // The management API may learn of a connection some seconds after it was opened.
  const bool all_killed = wait_until([&] { return killed >= 4; }, 40s);
  over = true;
  killer.join();
  load->stop = true;
  ASSERT_TRUE(wait_until([&] { return load->running == 0; })) << bus->last_error();
  EXPECT_TRUE(all_killed) << killed << " of 4";
  std::set<std::string> seen;
  std::size_t counted = 0;
  ASSERT_TRUE(wait_until([&] {
    for (; counted < got->deliveries.size(); ++counted) seen.insert(got->deliveries[counted].body);
    return seen.size() == load->last;
  })) << seen.size()
      << " of " << load->last;
  close_rabbit(bus);
}

TEST_F(RabbitConnectionTest, APublishWhoseConfirmWasLostIsSentAgain) {
  const auto proxy = through_proxy();
  auto bus = open_connected();
  const auto outcome = start_publish(*bus, numbered(queues::orders, 1, 20));
  proxy->mute_server(true);
  // The queue has them all, and the publisher cannot know.
  ASSERT_TRUE(wait_until([&] { return ready(queues::orders) == 20; }));
  run_for(50ms);
  EXPECT_FALSE(outcome->has_value());
  proxy->cut();
  proxy->mute_server(false);
  ASSERT_TRUE(wait_until([&] { return outcome->has_value(); }));
  EXPECT_TRUE(outcome->value()) << outcome->value().error().detail;
  ASSERT_TRUE(wait_until([&] { return ready(queues::orders) == 40; }));
  const auto got = consume(*bus, queues::orders);
  ASSERT_TRUE(arrive(got, 40));
  std::map<MessageId, int> copies;
  for (const auto& delivery : got->deliveries) ++copies[delivery.id];
  EXPECT_EQ(copies.size(), 20U) << "sent again under other ids";
  close_rabbit(bus);
}

TEST_F(RabbitConnectionTest, PastItsDeadlineAPublishIsUnknownAndNotSentAgain) {
  harness_.options.publish_deadline = 400ms;
  const auto proxy = through_proxy();
  auto bus = open_connected();
  const auto outcome = start_publish(*bus, numbered(queues::orders, 1, 20));
  proxy->mute_server(true);
  ASSERT_TRUE(wait_until([&] { return ready(queues::orders) == 20; }));
  ASSERT_TRUE(wait_until([&] { return outcome->has_value(); }));
  ASSERT_FALSE(outcome->value());
  EXPECT_EQ(outcome->value().error().kind, PortErrorKind::timed_out);
  EXPECT_EQ(outcome->value().error().effect, Effect::unknown);
  proxy->cut();
  proxy->mute_server(false);
  ASSERT_TRUE(wait_until([&] { return proxy->accepted() >= 2 && bus->connected(); }));
  publish(*bus, {message(queues::orders, 21, "next")});
  EXPECT_EQ(ready(queues::orders), 21U);
  close_rabbit(bus);
}

TEST_F(RabbitConnectionTest, ALostConnectionIsSeenByItsHeartbeats) {
  harness_.options.heartbeat = 1s;
  const auto proxy = through_proxy();
  auto bus = open_connected();
  const auto got = consume(*bus, queues::orders);
  publish(*bus, numbered(queues::orders, 1, 1));
  ASSERT_TRUE(arrive(got, 1));
  // Quiet for longer than two heartbeats, and both connections live.
  run_for(2'500ms);
  EXPECT_EQ(proxy->accepted(), 2);
  EXPECT_TRUE(bus->connected());
  proxy->mute_server(true);
  ASSERT_TRUE(wait_until([&] { return !bus->connected(); }));
  proxy->cut();  // or the broker would see the silent connections as living consumers
  proxy->mute_server(false);
  ASSERT_TRUE(wait_until([&] { return bus->connected(); }));
  publish(*bus, numbered(queues::orders, 2, 2));
  ASSERT_TRUE(arrive(got, 2));
  close_rabbit(bus);
}

TEST_F(RabbitConnectionTest, ABlockedBrokerIsNotConnected) {
  const auto proxy = through_proxy();
  auto bus = open_connected();
  const std::string reason = "low on memory";
  proxy->say(method_frame(10, 60, static_cast<char>(reason.size()) + reason));
  ASSERT_TRUE(wait_until([&] { return !bus->connected(); }));
  EXPECT_THAT(bus->last_error(), ::testing::HasSubstr(reason));
  const auto result = run(bus->publish(numbered(queues::orders, 1, 1)));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, PortErrorKind::unavailable);
  EXPECT_EQ(result.error().effect, Effect::none);
  EXPECT_EQ(proxy->accepted(), 1) << "a blocked connection is not a lost one";
  proxy->say(method_frame(10, 61, ""));
  ASSERT_TRUE(wait_until([&] { return bus->connected(); }));
  EXPECT_EQ(bus->last_error(), "");
  publish(*bus, numbered(queues::orders, 1, 1));
  close_rabbit(bus);
}

TEST_F(RabbitConnectionTest, DeliveriesOfALostConnectionComeAgainAndTheirTagsAreVoid) {
  const auto proxy = through_proxy();
  auto bus = open_connected();
  publish(*bus, numbered(queues::orders, 1, 3));
  const auto got = consume(*bus, queues::orders, Acknowledge::no);
  ASSERT_TRUE(arrive(got, 3));
  proxy->cut();
  ASSERT_TRUE(arrive(got, 6));
  std::vector<std::uint64_t> tags;
  for (std::size_t i = 0; i < 6; ++i) tags.push_back(got->deliveries[i].tag);
  EXPECT_EQ(std::set<std::uint64_t>(tags.begin(), tags.end()).size(), 6U);
  // The old tags name nothing on the new channel; were they taken for its own, 1 to 3 were gone.
  ASSERT_TRUE(run(bus->ack(queues::orders, {tags[0], tags[1], tags[2]})));
  proxy->cut();
  ASSERT_TRUE(arrive(got, 9));
  EXPECT_TRUE(got->deliveries[8].redelivered);
  close_rabbit(bus);
}

TEST_F(RabbitConnectionTest, NobodyIsHandedWhatALostConnectionHadPrefetched) {
  const auto proxy = through_proxy();
  auto bus = open_connected();
  publish(*bus, numbered(queues::orders, 1, 3));
  const auto got = consume(*bus, queues::orders, Acknowledge::yes, {10, 1s});
  ASSERT_TRUE(wait_until([&] { return ready(queues::orders) == 0; }));
  proxy->cut();  // the batch lingers still
  ASSERT_TRUE(arrive(got, 3));
  run_for(1'500ms);
  EXPECT_EQ(got->deliveries.size(), 3U) << "handed out, and delivered again";
  close_rabbit(bus);
}

TEST_F(RabbitConnectionTest, WithoutABrokerCallsFailAtOnceWithoutEffect) {
  harness_.options.url = "amqp://guest:guest@127.0.0.1:1/%2f";
  auto bus = open();
  ASSERT_TRUE(wait_until([&] { return bus->last_error().find("refused") != std::string::npos; }))
      << bus->last_error();
  EXPECT_FALSE(bus->connected());
  const auto result = run(bus->publish(numbered(queues::orders, 1, 1)));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, PortErrorKind::unavailable);
  EXPECT_EQ(result.error().effect, Effect::none);
  EXPECT_FALSE(run(bus->depth(queues::orders)));
  const auto got = consume(*bus, queues::orders);
  EXPECT_TRUE(run(bus->pause(queues::orders)));
  EXPECT_TRUE(run(bus->resume(queues::orders)));
  const auto before = std::chrono::steady_clock::now();
  close_rabbit(bus);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
  EXPECT_TRUE(got->ended);
}

TEST_F(RabbitConnectionTest, AWrongPasswordIsSaid) {
  auto url = rabbitmq::parse_amqp_url(harness_.options.url);
  ASSERT_TRUE(url);
  harness_.options.url =
      "amqp://guest:wrong@" + url->host + ":" + std::to_string(url->port) + "/%2f";
  auto bus = open();
  ASSERT_TRUE(wait_until([&] {
    return bus->last_error().find("ACCESS_REFUSED") != std::string::npos;
  })) << bus->last_error();
  close_rabbit(bus);
}

TEST_F(RabbitConnectionTest, ASilentServerDoesNotHoldUpStop) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  harness_.options.url =
      "amqp://guest:guest@127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/%2f";
  harness_.options.rpc_timeout = 60s;
  auto bus = open();
  const auto got = consume(*bus, queues::orders);
  run_for(50ms);
  const auto before = std::chrono::steady_clock::now();
  close_rabbit(bus);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
  ::close(listener);
}

TEST(RabbitMessageBusOptions, ABadUrlIsRefusedAtOnce) {
  boost::asio::io_context loop;
  rabbitmq::RabbitOptions options;
  options.url = "http://nowhere";
  EXPECT_THROW(rabbitmq::RabbitMessageBus(loop.get_executor(), options), std::invalid_argument);
}

}  // namespace
}  // namespace holdfast::testing
