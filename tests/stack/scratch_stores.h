#pragma once

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <libpq-fe.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "adapters/postgres/migrate.h"
#include "adapters/rabbitmq/topology.h"
#include "adapters/rabbitmq/url.h"
#include "tests/contract/redis_test_support.h"

/// Empty stores on the real servers that no other test has; all is removed at the end.
namespace holdfast::testing {

/// Missing is a failure, never a reason to skip.
inline std::string server_url(const char* variable) {
  const char* url = std::getenv(variable);
  if (url == nullptr) throw std::runtime_error(std::string(variable) + " is not set");
  return url;
}

/// Letters and digits that nobody else has.
inline std::string unique_name() {
  std::random_device device;
  return std::to_string(device()) + std::to_string(device());
}

/// A blocking client that looks into a database behind the book's back.
class SqlClient {
 public:
  explicit SqlClient(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
      throw std::runtime_error(PQerrorMessage(connection_.get()));
    }
  }
  /// The first column of the first row as text; "" when there is none.
  std::string ask(const std::string& sql) {
    const std::unique_ptr<PGresult, Free> result(PQexec(connection_.get(), sql.c_str()));
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
      throw std::runtime_error(sql + ": " + PQerrorMessage(connection_.get()));
    }
    return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
  }

 private:
  struct Free {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGconn, Free> connection_;
};

/// A database of its own, empty or copied from another one.
class ScratchDatabase {
 public:
  explicit ScratchDatabase(const ScratchDatabase* copied = nullptr)
      : name_("hf_flow_" + unique_name()) {
    SqlClient server(server_url("HOLDFAST_TEST_POSTGRES_URL"));
    server.ask("create database " + name_ + (copied ? " template " + copied->name_ : ""));
  }
  ~ScratchDatabase() {
    try {
      SqlClient server(server_url("HOLDFAST_TEST_POSTGRES_URL"));
      server.ask("drop database " + name_ + " with (force)");
    } catch (const std::exception& error) {
      std::fprintf(stderr, "a scratch database is left: %s\n", error.what());
    }
  }
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;

  [[nodiscard]] std::string url() const {
    const auto base = server_url("HOLDFAST_TEST_POSTGRES_URL");
    return base.substr(0, base.rfind('/') + 1) + name_;
  }

 private:
  std::string name_;
};

/// The book's tables, made once for all tests of the program.
inline const ScratchDatabase& migrated_template() {
  struct Migrated {
    Migrated() {
      const auto done = postgres::migrate(database.url());
      if (!done) throw std::runtime_error(done.error());
    }
    ScratchDatabase database;
  };
  static const Migrated migrated;
  return migrated.database;
}

/// Deletes the queues and the exchange of one name space.
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
  for (const auto& queue : topology.known_queues()) {
    amqp_queue_delete(state.get(), 1, amqp_cstring_bytes(queue.name.c_str()), 0, 0);
  }
  const auto exchange = topology.events_exchange();
  amqp_exchange_delete(state.get(), 1, amqp_cstring_bytes(exchange.c_str()), 0);
}

/// The three stores of one test.
class ScratchStores {
 public:
  /// `waits`: every delay that a test will use, so that its queue can be deleted.
  explicit ScratchStores(std::vector<rabbitmq::WaitQueue> waits) {
    rabbit.url = server_url("HOLDFAST_TEST_AMQP_URL");
    rabbit.name_space = "hf-flow-" + unique_name();
    rabbit.waits = std::move(waits);
  }
  ~ScratchStores() {
    try {
      delete_queues(rabbit);
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
  std::string ask_book(const std::string& sql) {
    SqlClient client(database_.url());
    return client.ask(sql);
  }

  rabbitmq::RabbitOptions rabbit;

 private:
  RedisLedgerFactory redis_;
  ScratchDatabase database_{&migrated_template()};
};

}  // namespace holdfast::testing
