#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "adapters/rabbitmq/confirm_window.h"
#include "adapters/rabbitmq/connection.h"
#include "adapters/rabbitmq/link.h"
#include "adapters/rabbitmq/mailbox.h"
#include "adapters/rabbitmq/message_codec.h"
#include "adapters/rabbitmq/topology.h"
#include "ports/message_bus.h"

namespace holdfast::rabbitmq {

/// The end of one call: of `publish` (depth unset) or of `depth`.
struct PublisherOutcome {
  std::uint64_t call = 0;
  std::optional<PortError> error;
  QueueDepth depth;
};

/// Publishes with confirms. Owns a thread and, on it, a connection with a channel for publishing
/// and one for declarations. Lives from `start` to `stop`; the other calls come from the loop.
///
/// A message is pending, then sent (in the window), then confirmed, refused or returned. A lost
/// connection makes all that is sent pending again, in front, until its call is abandoned.
///
/// Events go to the exchange for topics and are never returned: nobody needs to listen.
class Publisher {
 public:
  /// Called on the publisher's thread with all outcomes of one turn.
  using Sink = std::function<void(std::vector<PublisherOutcome>)>;

  Publisher(ConnectionSettings settings, const RabbitOptions& options, Sink sink);
  ~Publisher();

  void start();
  /// Ends the thread. Calls under way get an outcome; messages sent by then may be queued.
  void stop();
  /// Asks the thread to end without waiting for it, so that several may end at once.
  void begin_stop();

  void publish(std::uint64_t call, std::vector<OutgoingMessage> messages);
  /// Nobody waits for this call any more: what is not sent, is not sent; no outcome.
  void abandon(std::uint64_t call);
  void depth(std::uint64_t call, QueueName queue);

  [[nodiscard]] const LinkStatus& status() const { return status_; }

 private:
  struct Call {
    std::uint64_t id = 0;
    std::vector<OutgoingMessage> messages;
    std::size_t open = 0;
    bool any_sent = false;
    bool any_confirmed = false;
    bool abandoned = false;
    std::optional<PortError> error;  // the first
  };
  struct Item {
    std::shared_ptr<Call> call;
    std::uint32_t index = 0;
    bool sent_before = false;  // on a connection that was lost: may be queued already
    bool returned = false;     // basic.return came, its confirm has not
    bool retried = false;      // returned once, and sent again
  };
  struct Publish {
    std::shared_ptr<Call> call;
  };
  struct Abandon {
    std::uint64_t call = 0;
  };
  struct Depth {
    std::uint64_t call = 0;
    QueueName queue;
  };
  using Command = std::variant<Publish, Abandon, Depth>;

  struct Session;  // what lives as long as one connection

  void run();
  void run_session();
  void wait_to_reconnect(Milliseconds pause);
  void take_commands();
  void on_publish(const Publish& command);
  void on_abandon(const Abandon& command);
  void answer_depths(Session& session);
  void refuse_depths();
  void send_pending(Session& session);
  void refuse_stuck_window();
  bool prepare(Session& session, const Item& item, std::string& routing_key);
  void send(Session& session, Item item, const std::string& routing_key);
  void drain(Session& session);
  void on_method(Session& session, const amqp_method_t& method);
  void on_returned(const std::string& routing_key, const Incoming& message);
  void settle(Session& session, std::uint64_t tag, bool multiple, bool accepted);
  void finish(const Item& item, std::optional<PortError> error);
  void reclaim_sent();
  void fail_everything();
  void flush_outcomes();
  void note_blocked(Session& session);
  [[nodiscard]] static const OutgoingMessage& message_of(const Item& item);
  [[nodiscard]] std::string routing_key_of(const OutgoingMessage& message) const;
  [[nodiscard]] std::string why_refused(const OutgoingMessage& message) const;

  const ConnectionSettings settings_;
  const std::size_t confirm_window_;
  const Topology topology_;
  const std::string events_exchange_;
  const Sink sink_;

  // Shared with the loop's thread.
  Mailbox<Command> mailbox_;
  LinkStatus status_{"publisher"};
  SocketInterrupt interrupt_;
  std::atomic<bool> stopping_{false};
  std::promise<void> finished_;
  std::thread thread_;
  std::chrono::steady_clock::time_point give_up_at_{};  // the loop's; see begin_stop

  // The publisher's thread only.
  std::unordered_map<std::uint64_t, std::shared_ptr<Call>> calls_;
  std::deque<Item> pending_;
  std::deque<Depth> depths_;
  ConfirmWindow<Item> window_;
  std::size_t unconfirmed_bytes_ = 0;
  std::vector<PublisherOutcome> outcomes_;
  Backoff backoff_;
};

}  // namespace holdfast::rabbitmq
