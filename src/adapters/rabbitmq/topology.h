#pragma once

#include <amqp.h>

#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "adapters/rabbitmq/connection.h"
#include "adapters/rabbitmq/options.h"
#include "ports/message_bus.h"

namespace holdfast::rabbitmq {

/// The broker has something else under a name of ours. Needs a person; `what()` says what to do.
struct TopologyRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct QueueArgument {
  std::string key;
  std::variant<std::string, std::int64_t> value;

  bool operator==(const QueueArgument&) const = default;
};

/// A durable queue as it must be in the broker.
struct QueueSpec {
  std::string name;
  std::vector<QueueArgument> arguments;
};

/// Names and arguments of everything Holdfast has in the broker. A value, no connection.
class Topology {
 public:
  explicit Topology(const RabbitOptions& options);

  [[nodiscard]] std::string queue_name(const QueueName& queue) const;
  [[nodiscard]] std::string wait_queue_name(const QueueName& target, Milliseconds delay) const;
  [[nodiscard]] std::string events_exchange() const;
  [[nodiscard]] bool is_wait_queue(std::string_view broker_name) const;
  /// The port's name of a broker's queue; the name itself where it is not ours.
  [[nodiscard]] std::string without_name_space(std::string_view broker_name) const;

  /// A work queue, or `parked`.
  [[nodiscard]] QueueSpec queue(const QueueName& queue) const;
  [[nodiscard]] QueueSpec wait_queue(const QueueName& target, Milliseconds delay) const;
  /// What is declared on every connect, targets before what dead-letters to them.
  [[nodiscard]] std::vector<QueueSpec> known_queues() const;
  /// Declared after those, each for itself.
  [[nodiscard]] std::vector<QueueSpec> further_queues() const;
  /// How often `queue` delivers a message before the broker parks it.
  [[nodiscard]] std::int64_t delivery_limit(const QueueName& queue) const;

 private:
  std::string prefix_;
  std::uint64_t max_length_;
  std::uint32_t delivery_limit_;
  std::vector<WaitQueue> waits_;
  std::vector<QueueName> queues_;
};

/// Declares on one channel of one connection and remembers what it has declared.
class Declarer {
 public:
  Declarer(Connection& connection, amqp_channel_t channel, const Topology& topology)
      : connection_(connection), channel_(channel), topology_(topology) {}

  /// The events exchange, known queues, further queues. One of the further ones that is refused
  /// takes only itself away: returns why. Throws TopologyRefused for the others, ConnectionError.
  std::optional<std::string> declare_all();
  /// Declares a queue unless this object has. Throws TopologyRefused, ConnectionError.
  void ensure(const QueueSpec& spec);
  /// True when it needs no declaration any more; cheaper than making the spec.
  [[nodiscard]] bool has(const std::string& name) const { return declared_.contains(name); }
  void forget_all() { declared_.clear(); }
  /// Counts of a queue; a queue that does not exist holds nothing. Throws ConnectionError.
  QueueDepth depth(const QueueName& queue);

 private:
  [[noreturn]] void refuse(const std::string& name, const ChannelError& error);

  Connection& connection_;    // HELD NOT OWNED
  amqp_channel_t channel_;    // open; opened again when the broker closes it
  const Topology& topology_;  // HELD NOT OWNED
  std::set<std::string> declared_;
};

}  // namespace holdfast::rabbitmq
