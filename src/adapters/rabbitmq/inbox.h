#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <unordered_set>
#include <vector>

#include "adapters/rabbitmq/message_codec.h"
#include "ports/message_bus.h"

namespace holdfast::rabbitmq {

/// Deliveries of one queue that nobody has taken yet, who waits for them, and which were handed out
/// and are not acknowledged. On the loop's thread only. Outlives the bus for as long as a `receive`
/// still holds it.
class Inbox {
 public:
  void add(Incoming message) { buffer_.push_back(std::move(message)); }
  /// Forgets deliveries of channels up to `epoch`.
  void end_epoch(std::uint64_t epoch);
  /// Takes out those whose delivery count permits one more delivery; the rest waits for `resume`.
  std::vector<std::uint64_t> take_returnable(std::int64_t delivery_limit);
  void set_paused(bool paused);
  [[nodiscard]] bool paused() const { return paused_; }
  void stop();
  /// Lets the waiting look again.
  void wake();
  void acknowledged(const std::vector<std::uint64_t>& tags);
  /// What the broker must deliver without an acknowledgement so that one more receiver, who takes
  /// `max_messages`, can have them beside all that is in hand and waited for.
  [[nodiscard]] std::size_t demand(std::size_t max_messages) const;
  /// True when this is more than was asked for before; asked for from now on.
  [[nodiscard]] bool raise_prefetch(std::size_t prefetch);

  /// As `MessageBus::receive`. `self` keeps the inbox alive.
  static boost::asio::awaitable<std::vector<Delivery>> receive(
      std::shared_ptr<Inbox> self, boost::asio::any_io_executor executor, BatchLimits limits);

 private:
  using Timer = boost::asio::steady_timer;

  struct Waiter {
    Waiter(Inbox& inbox, const boost::asio::any_io_executor& executor, std::size_t max_messages);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    Inbox& home;
    Timer timer;
    const std::size_t max;
    std::size_t wanted = 1;
    std::list<Waiter*>::iterator place;
  };

  static boost::asio::awaitable<void> wait(Waiter& waiter, std::size_t wanted,
                                           std::chrono::steady_clock::time_point until);
  [[nodiscard]] bool has_any() const { return !paused_ && !buffer_.empty(); }
  std::vector<Delivery> take(std::size_t max);

  std::deque<Incoming> buffer_;
  std::list<Waiter*> waiters_;
  std::unordered_set<std::uint64_t> in_hand_;
  std::size_t prefetch_ = 0;
  bool paused_ = false;
  bool stopped_ = false;
};

}  // namespace holdfast::rabbitmq
