#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "adapters/rabbitmq/ack_tracker.h"
#include "adapters/rabbitmq/connection.h"
#include "adapters/rabbitmq/link.h"
#include "adapters/rabbitmq/mailbox.h"
#include "adapters/rabbitmq/message_codec.h"
#include "adapters/rabbitmq/topology.h"
#include "ports/message_bus.h"

namespace holdfast::rabbitmq {

/// A message for the loop; its tag names the channel's epoch and the broker's delivery tag.
struct Delivered {
  QueueName queue;
  Incoming message;
};
/// Deliveries of `queue` with an epoch up to this one are void: the broker delivers them again.
struct EpochEnded {
  QueueName queue;
  std::uint64_t epoch = 0;
};
/// A call of `pause`, `resume` or `depth` was carried out.
struct ConsumerAnswer {
  std::uint64_t call = 0;
  std::optional<PortError> error;
  QueueDepth depth;
};
using ConsumerEvent = std::variant<Delivered, EpochEnded, ConsumerAnswer>;

/// Tags of the port: the epoch (one per opened channel) above 40 bits of delivery tag, which at
/// 100,000 deliveries a second last for four months of one connection.
struct DeliveryTag {
  static constexpr unsigned kBits = 40;
  static std::uint64_t join(std::uint64_t epoch, std::uint64_t tag) {
    return (epoch << kBits) | tag;
  }
  static std::uint64_t epoch_of(std::uint64_t joined) { return joined >> kBits; }
  static std::uint64_t tag_of(std::uint64_t joined) {
    return joined & ((std::uint64_t{1} << kBits) - 1);
  }
};

/// Consumes queues. Owns a thread and, on it, a connection with a channel for declarations and one
/// for each queue. Lives from `start` to `stop`; the other calls come from the loop.
///
/// It keeps no messages: each goes to the loop at once, and a queue's prefetch bounds how many are
/// not acknowledged.
class Consumer {
 public:
  /// Called on the consumer's thread with all events of one turn, in order.
  using Sink = std::function<void(std::vector<ConsumerEvent>)>;

  Consumer(ConnectionSettings settings, const RabbitOptions& options, Sink sink);
  ~Consumer();

  void start();
  /// Sends the acknowledgements asked for by then and ends the thread. No event after that.
  void stop();
  /// Asks the thread to end without waiting for it, so that several may end at once.
  void begin_stop();

  /// Consumes a queue from now on, or with a larger prefetch than before; a smaller one is ignored.
  void subscribe(QueueName queue, std::size_t prefetch);
  void pause(std::uint64_t call, QueueName queue);
  void resume(std::uint64_t call, QueueName queue);
  void acknowledge(QueueName queue, std::vector<std::uint64_t> tags);
  /// Returns deliveries to the queue; each counts towards its delivery limit.
  void give_back(QueueName queue, std::vector<std::uint64_t> tags);
  void depth(std::uint64_t call, QueueName queue);

  [[nodiscard]] const LinkStatus& status() const { return status_; }

 private:
  using SteadyClock = std::chrono::steady_clock;

  struct Subscribe {
    QueueName queue;
    std::uint16_t prefetch = 1;
  };
  struct Flow {
    std::uint64_t call = 0;
    QueueName queue;
    bool paused = false;
  };
  struct Tags {
    QueueName queue;
    std::vector<std::uint64_t> tags;
    bool give_back = false;
  };
  struct Depth {
    std::uint64_t call = 0;
    QueueName queue;
  };
  using Command = std::variant<Subscribe, Flow, Tags, Depth>;

  /// One queue's channel on the present connection, and what is wanted of it on any.
  struct Subscription {
    Subscription(QueueName name, amqp_channel_t number, const Topology& topology)
        : queue(std::move(name)), channel(number), content(topology) {}

    QueueName queue;
    amqp_channel_t channel;
    bool subscribed = false;  // somebody receives
    bool paused = false;
    std::uint16_t prefetch = 0;              // wanted
    bool open = false;                       // the channel is open
    bool consuming = false;                  // basic.consume was confirmed
    std::uint16_t granted = 0;               // prefetch of that consumer
    SteadyClock::time_point retry_at{};      // on this connection
    SteadyClock::time_point blamed_until{};  // the last attempt cost the connection: on any
    Milliseconds blame{0};
    std::string consumer_tag;
    std::uint64_t epoch = 0;
    AckTracker acks;
    ContentAssembler content;
    std::uint64_t delivery_tag = 0;  // of the message that `content` puts together
    bool redelivered = false;
    std::vector<std::uint64_t> to_acknowledge;
    std::vector<std::uint64_t> to_give_back;

    [[nodiscard]] bool is_wanted() const { return subscribed && !paused; }
    [[nodiscard]] bool is_matched() const {
      return is_wanted() == consuming && (!consuming || granted == prefetch);
    }
  };
  struct Session;  // what lives as long as one connection

  void run();
  void run_session();
  void turn(Session& session);
  void close_session(Session& session);
  void wait_to_reconnect(Milliseconds pause);
  void take_commands();
  void on_flow(const Flow& command);
  void on_tags(const Tags& command);
  Subscription& subscription(const QueueName& queue);
  Subscription* subscription_of(amqp_channel_t channel);

  void match_all(Session& session);
  void match(Session& session, Subscription& subscription);
  void cancel(Session& session, Subscription& subscription);
  void open(Session& session, Subscription& subscription);
  void begin_consuming(Session& session, Subscription& subscription);
  void lose(Subscription& subscription, const std::string& why, Milliseconds retry);
  void send_tags(Session& session);
  void answer_depths(Session& session);
  void refuse_depths();
  void drain(Session& session);
  void on_frame(Session& session, const amqp_frame_t& frame);
  void on_method(Session& session, Subscription& subscription, const amqp_method_t& method);
  void on_content(Subscription& subscription, const amqp_frame_t& frame);
  void flush_events();
  [[nodiscard]] Milliseconds poll_time() const;

  const ConnectionSettings settings_;
  const Topology topology_;
  const Sink sink_;

  // Shared with the loop's thread.
  Mailbox<Command> mailbox_;
  LinkStatus status_{"consumer"};
  SocketInterrupt interrupt_;
  std::atomic<bool> stopping_{false};
  std::promise<void> finished_;
  std::thread thread_;
  std::chrono::steady_clock::time_point give_up_at_{};  // the loop's; see begin_stop

  // The consumer's thread only.
  std::map<QueueName, std::unique_ptr<Subscription>> subscriptions_;
  std::vector<Subscription*> by_channel_;  // channel kFirstQueueChannel is the first
  std::deque<Depth> depths_;
  std::vector<std::uint64_t> flows_done_;
  std::vector<ConsumerEvent> events_;
  std::uint64_t last_epoch_ = 0;
  std::uint64_t last_consumer_ = 0;
  bool complained_ = false;  // a queue could not be consumed; cleared when all are
  bool unfinished_ = false;  // some queues could be matched right away, and had no time yet
  Backoff backoff_;
};

}  // namespace holdfast::rabbitmq
