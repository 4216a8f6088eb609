#include "adapters/rabbitmq/topology.h"

#include <algorithm>

#include "adapters/rabbitmq/limits.h"

namespace holdfast::rabbitmq {
namespace {

using namespace std::string_literals;

amqp_table_entry_t to_entry(const QueueArgument& argument) {
  amqp_table_entry_t entry{};
  entry.key = bytes_of(argument.key);
  if (const auto* text = std::get_if<std::string>(&argument.value)) {
    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = bytes_of(*text);
  } else {
    entry.value.kind = AMQP_FIELD_KIND_I64;
    entry.value.value.i64 = std::get<std::int64_t>(argument.value);
  }
  return entry;
}

/// The broker says: inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received … but …
std::string quoted_argument(const std::string& text) {
  const auto mark = text.find("arg '");
  if (mark == std::string::npos) return {};
  const auto end = text.find('\'', mark + 5);
  return end == std::string::npos ? std::string{} : text.substr(mark + 5, end - mark - 5);
}

}  // namespace

Topology::Topology(const RabbitOptions& options)
    : prefix_(options.name_space + "."),
      max_length_(options.max_length),
      delivery_limit_(std::max<std::uint32_t>(1, options.delivery_limit)),
      waits_(options.waits),
      queues_(options.queues) {}

std::string Topology::queue_name(const QueueName& queue) const {
  return prefix_ + queue.value;
}

std::string Topology::wait_queue_name(const QueueName& target, Milliseconds delay) const {
  return prefix_ + "wait." + target.value + "." + std::to_string(delay.count());
}

std::string Topology::events_exchange() const {
  return prefix_ + "events";
}

bool Topology::is_wait_queue(std::string_view broker_name) const {
  return broker_name.starts_with(prefix_ + "wait.");
}

std::string Topology::without_name_space(std::string_view broker_name) const {
  if (broker_name.starts_with(prefix_)) broker_name.remove_prefix(prefix_.size());
  return std::string(broker_name);
}

std::int64_t Topology::delivery_limit(const QueueName& queue) const {
  return queue == queues::parked ? limits::kParkedDeliveryLimit : delivery_limit_;
}

QueueSpec Topology::queue(const QueueName& queue) const {
  QueueSpec spec{queue_name(queue), {{"x-queue-type", "quorum"s}}};
  spec.arguments.push_back({"x-delivery-limit", delivery_limit(queue)});
  if (queue == queues::parked) return spec;  // the last place: takes everything, keeps everything
  spec.arguments.push_back({"x-overflow", "reject-publish"s});
  spec.arguments.push_back({"x-max-length", static_cast<std::int64_t>(max_length_)});
  spec.arguments.push_back({"x-dead-letter-exchange", ""s});
  spec.arguments.push_back({"x-dead-letter-routing-key", queue_name(queues::parked)});
  spec.arguments.push_back({"x-dead-letter-strategy", "at-least-once"s});
  return spec;
}

QueueSpec Topology::wait_queue(const QueueName& target, Milliseconds delay) const {
  return QueueSpec{wait_queue_name(target, delay),
                   {{"x-queue-type", "quorum"s},
                    {"x-message-ttl", static_cast<std::int64_t>(delay.count())},
                    {"x-overflow", "reject-publish"s},
                    {"x-dead-letter-exchange", ""s},
                    {"x-dead-letter-routing-key", queue_name(target)},
                    {"x-dead-letter-strategy", "at-least-once"s}}};
}

std::vector<QueueSpec> Topology::known_queues() const {
  std::vector<QueueSpec> specs{queue(queues::parked), queue(queues::orders),
                               queue(queues::refunds)};
  for (const auto& wait : waits_) {
    specs.push_back(queue(wait.target));
    specs.push_back(wait_queue(wait.target, wait.delay));
  }
  return specs;
}

std::vector<QueueSpec> Topology::further_queues() const {
  std::vector<QueueSpec> specs;
  for (const auto& name : queues_) specs.push_back(queue(name));
  return specs;
}

std::optional<std::string> Declarer::declare_all() {
  const std::string exchange = topology_.events_exchange();
  amqp_exchange_declare(connection_.raw(), channel_, bytes_of(exchange), bytes_of("topic"), 0, 1, 0,
                        0, amqp_empty_table);
  try {
    connection_.check_rpc(channel_, "declare exchange " + exchange);
  } catch (const ChannelError& error) {
    refuse(exchange, error);
  }
  for (const auto& spec : topology_.known_queues()) ensure(spec);
  std::optional<std::string> complaint;
  for (const auto& spec : topology_.further_queues()) {
    try {
      ensure(spec);
    } catch (const TopologyRefused& refused) {
      if (!complaint) complaint = refused.what();
    }
  }
  return complaint;
}

void Declarer::ensure(const QueueSpec& spec) {
  if (declared_.contains(spec.name)) return;
  std::vector<amqp_table_entry_t> entries;
  for (const auto& argument : spec.arguments) entries.push_back(to_entry(argument));
  const amqp_table_t table{static_cast<int>(entries.size()), entries.data()};
  amqp_queue_declare(connection_.raw(), channel_, bytes_of(spec.name), 0, 1, 0, 0, table);
  try {
    connection_.check_rpc(channel_, "declare queue " + spec.name);
  } catch (const ChannelError& error) {
    refuse(spec.name, error);
  }
  connection_.release(channel_);
  declared_.insert(spec.name);
}

void Declarer::refuse(const std::string& name, const ChannelError& error) {
  connection_.open_channel(channel_);
  const std::string argument = quoted_argument(error.what());
  std::string text = "RabbitMQ refused '" + name + "'";
  if (!argument.empty()) text += " because of its argument '" + argument + "'";
  text += ": " + std::string(error.what()) +
          ". Let it run empty and delete it, or set the configuration back to what it was declared "
          "with; or choose another namespace";
  throw TopologyRefused(text);
}

QueueDepth Declarer::depth(const QueueName& queue) {
  const std::string name = topology_.queue_name(queue);
  const auto* counts =
      amqp_queue_declare(connection_.raw(), channel_, bytes_of(name), 1, 0, 0, 0, amqp_empty_table);
  try {
    connection_.check_rpc(channel_, "depth of " + name);
  } catch (const ChannelError& error) {
    connection_.open_channel(channel_);
    if (error.code == AMQP_NOT_FOUND) return {};
    throw ConnectionError(error.what());
  }
  QueueDepth depth;
  depth.ready = counts->message_count;
  depth.consumers = counts->consumer_count;
  connection_.release(channel_);
  return depth;
}

}  // namespace holdfast::rabbitmq
