#pragma once

#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>

#include "adapters/rabbitmq/rabbit_message_bus.h"
#include "tests/contract/message_bus_fixture.h"
#include "tests/contract/rabbitmq_foreign.h"
#include "tests/contract/rabbitmq_management.h"

namespace holdfast::testing {

inline std::string rabbitmq_test_url() {
  const char* url = std::getenv("HOLDFAST_TEST_AMQP_URL");
  if (url == nullptr) throw std::runtime_error("HOLDFAST_TEST_AMQP_URL is not set");
  return url;
}

/// Queues under a name space that nobody else has; deletes them at the end.
class RabbitHarness final : public MessageBusHarness {
 public:
  RabbitHarness() {
    options.url = rabbitmq_test_url();
    options.name_space = "hf-test-" + std::to_string(std::random_device{}());
    options.waits = {{queues::refunds, kShortDelay}};  // the other is declared when first used
  }
  ~RabbitHarness() override { management.delete_all(options.name_space + "."); }

  std::unique_ptr<MessageBus> open(boost::asio::any_io_executor executor) override {
    return open_rabbit(std::move(executor));
  }
  void send_foreign(const QueueName& queue, const ForeignMessage& message) override {
    foreigner().send(name(queue.value), message);
  }
  std::unique_ptr<EventListener> listen(const std::string& pattern) override {
    return std::make_unique<RabbitListener>(rabbitmq_test_url(), name("events"), pattern);
  }
  /// Goes to the broker directly, whatever the bus does.
  ForeignProgram& foreigner() {
    if (!foreigner_) foreigner_ = std::make_unique<ForeignProgram>(rabbitmq_test_url());
    return *foreigner_;
  }
  std::unique_ptr<rabbitmq::RabbitMessageBus> open_rabbit(boost::asio::any_io_executor executor) {
    auto bus = std::make_unique<rabbitmq::RabbitMessageBus>(std::move(executor), options);
    bus->start();
    return bus;
  }
  [[nodiscard]] std::string name(const std::string& queue) const {
    return options.name_space + "." + queue;
  }

  rabbitmq::RabbitOptions options;
  RabbitManagement management = RabbitManagement::from_environment();

 private:
  std::unique_ptr<ForeignProgram> foreigner_;
};

/// Base of the tests that only RabbitMQ has.
class RabbitFixture : public ::testing::Test, public MessageBusFixture {
 protected:
  using Bus = rabbitmq::RabbitMessageBus;

  std::unique_ptr<Bus> open() { return harness_.open_rabbit(loop_.get_executor()); }
  std::unique_ptr<Bus> open_connected() {
    auto bus = open();
    EXPECT_TRUE(wait_until([&] { return bus->connected(); })) << bus->last_error();
    return bus;
  }
  void close_rabbit(std::unique_ptr<Bus>& bus) {
    bus->stop();
    run_for(1ms);
    bus.reset();
  }

  RabbitHarness harness_;
};

}  // namespace holdfast::testing
