#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "async/completion.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

/// An accepted order on its way to the queue.
struct OutboxItem {
  std::string outbox_id;
  std::string payload;
};

struct OutboxOptions {
  std::size_t batch_max = 256;     ///< orders in one message
  Milliseconds ack_timeout{2000};  ///< after which a waiter is told `false`
};

/// Publishes accepted orders, as one message whatever has gathered while the last confirm was in
/// flight, or a few milliseconds: what RabbitMQ does for a message costs it as much as a hundred
/// orders in it. An order that comes alone is published at once. Deletes from the outbox only what
/// is confirmed (I8). One per API loop.
class OutboxPublisher {
 public:
  OutboxPublisher(StockLedger& ledger, MessageBus& bus, Clock& clock, Ids& ids,
                  OutboxOptions options)
      : ledger_(ledger), bus_(bus), clock_(clock), ids_(ids), options_(options) {}

  /// True once RabbitMQ has confirmed the order; false when it has not within `ack_timeout` or is
  /// away: the outbox keeps the order and the sweep publishes it. Once one has waited in vain, none
  /// waits until RabbitMQ confirms again.
  boost::asio::awaitable<bool> publish(OutboxItem item);
  /// Hands the item over without waiting.
  void enqueue(OutboxItem item);

  /// Publishes rounds until the loop ends. Run it once.
  boost::asio::awaitable<void> run();
  /// Deletes from the outbox what is confirmed, beside the next rounds. Run it once.
  boost::asio::awaitable<void> delete_confirmed();
  /// Tells waiters past their time. Run it once.
  boost::asio::awaitable<void> expire_waiters();

  [[nodiscard]] std::size_t pending() const { return pending_.size(); }

 private:
  struct Pending {
    OutboxItem item;
    std::shared_ptr<async::Completion<bool>> waiter;  ///< null: nobody waits
  };
  /// All wait equally long, so the first is always the first to expire.
  struct Waiter {
    std::shared_ptr<async::Completion<bool>> completion;
    Instant until;
  };
  boost::asio::awaitable<void> keep_pace();
  boost::asio::awaitable<void> publish_round(std::vector<Pending> round);
  /// Tells those in front whose time is over, and forgets those that were told.
  void expire(Instant now);

  StockLedger& ledger_;
  MessageBus& bus_;
  Clock& clock_;
  Ids& ids_;
  OutboxOptions options_;
  std::deque<Pending> pending_;
  std::deque<Waiter> waiters_;
  async::Signal waited_for_;
  async::Signal work_;
  Instant last_round_at_{};
  bool is_stuck_ = false;
  std::vector<std::string> confirmed_;  ///< outbox ids to be deleted
  async::Signal confirmed_work_;
};

}  // namespace holdfast::flows
