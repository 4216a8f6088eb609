#pragma once

#include <amqp.h>
#include <amqp_tcp_socket.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "adapters/rabbitmq/topology.h"
#include "adapters/rabbitmq/url.h"
#include "tests/contract/postgres_server.h"
#include "tests/contract/redis_test_support.h"

/// Empty stores on the real servers that no other test has; all is removed at the end.
namespace holdfast::testing {

/// The server's address; a test of a server that is not there fails.
inline std::string amqp_url() {
  const char* url = std::getenv("HOLDFAST_TEST_AMQP_URL");
  if (url == nullptr) throw std::runtime_error("HOLDFAST_TEST_AMQP_URL is not set");
  return url;
}

/// Letters and digits that nobody else has.
inline std::string unique_name() {
  std::random_device device;
  return std::to_string(device()) + std::to_string(device());
}

/// A migrated database of its own.
class BookDatabase {
 public:
  BookDatabase() : name_("holdfast_flow_" + unique_name()) {
    run_sql(postgres_url(), "create database " + name_ + " template " + shared_database().name());
  }
  ~BookDatabase() {
    try {
      run_sql(postgres_url(), "drop database " + name_ + " with (force)");
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s is left behind: %s\n", name_.c_str(), error.what());
    }
  }
  BookDatabase(const BookDatabase&) = delete;
  BookDatabase& operator=(const BookDatabase&) = delete;
  [[nodiscard]] std::string url() const { return with_database(postgres_url(), name_); }

 private:
  std::string name_;
};

/// Deletes the queues and the exchange of one name space; of those that are not there, nothing.
inline void delete_queues(const rabbitmq::RabbitOptions& options) {
  struct Destroy {
    void operator()(amqp_connection_state_t state) const { amqp_destroy_connection(state); }
  };
  const std::unique_ptr<std::remove_pointer_t<amqp_connection_state_t>, Destroy> state(
      amqp_new_connection());
  const auto url = rabbitmq::parse_amqp_url(options.url);
  if (!url) throw std::runtime_error(url.error());
  auto* socket = amqp_tcp_socket_new(state.get());
  if (amqp_socket_open(socket, url->host.c_str(), url->port) != AMQP_STATUS_OK) return;
  amqp_login(state.get(), url->virtual_host.c_str(), 0, 131'072, 0, AMQP_SASL_METHOD_PLAIN,
             url->user.c_str(), url->password.c_str());
  amqp_channel_open(state.get(), 1);
  const rabbitmq::Topology topology(options);
  auto queues = topology.known_queues();
  for (auto& queue : topology.further_queues()) queues.push_back(std::move(queue));
  for (const auto& queue : queues) {
    amqp_queue_delete(state.get(), 1, amqp_cstring_bytes(queue.name.c_str()), 0, 0);
  }
  const auto exchange = topology.events_exchange();
  amqp_exchange_delete(state.get(), 1, amqp_cstring_bytes(exchange.c_str()), 0);
}

/// The three stores of one test.
class ScratchStores {
 public:
  /// `waits` are declared by every process; `perhaps` and `queues` when a test comes to use them.
  /// Together they are all that a test may use, so that it can be deleted.
  ScratchStores(std::vector<rabbitmq::WaitQueue> waits, std::vector<rabbitmq::WaitQueue> perhaps,
                std::vector<QueueName> queues)
      : perhaps_(std::move(perhaps)), queues_(std::move(queues)) {
    rabbit.url = amqp_url();
    rabbit.name_space = "hf-flow-" + unique_name();
    rabbit.waits = std::move(waits);
  }
  ~ScratchStores() {
    try {
      auto all = rabbit;
      all.waits.insert(all.waits.end(), perhaps_.begin(), perhaps_.end());
      all.queues.insert(all.queues.end(), queues_.begin(), queues_.end());
      delete_queues(all);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "scratch queues are left: %s\n", error.what());
    }
  }
  ScratchStores(const ScratchStores&) = delete;
  ScratchStores& operator=(const ScratchStores&) = delete;

  [[nodiscard]] redis::RedisOptions redis_options() { return redis_.options(); }
  [[nodiscard]] std::string redis_key(const std::string& name) const { return redis_.key(name); }
  [[nodiscard]] std::string database_url() const { return database_.url(); }

  /// Redis comes back with nothing in it.
  void lose_redis() {
    RedisClient client(redis_.options().url);
    client.ask({"EVAL",
                "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end "
                "return 'OK'",
                "0", redis_.key("*")});
  }
  std::string ask_redis(std::vector<std::string> words) {
    RedisClient client(redis_.options().url);
    return client.ask(words);
  }
  std::string ask_book(const std::string& sql) { return run_sql(database_.url(), sql); }

  rabbitmq::RabbitOptions rabbit;

 private:
  std::vector<rabbitmq::WaitQueue> perhaps_;
  std::vector<QueueName> queues_;
  RedisLedgerFactory redis_;
  BookDatabase database_;
};

}  // namespace holdfast::testing
