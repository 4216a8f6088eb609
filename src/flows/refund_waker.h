#pragma once

#include <boost/asio/awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "async/completion.h"
#include "codec/messages.h"
#include "ports/clock.h"
#include "ports/message_bus.h"

namespace holdfast::flows {

/// Sends wake-ups of refunds, in one message what has gathered while the last was being confirmed:
/// what a message costs RabbitMQ hardly depends on how many it wakes. One per API loop.
class RefundWaker {
 public:
  RefundWaker(MessageBus& bus, Ids& ids) : bus_(bus), ids_(ids) {}

  /// True once RabbitMQ has confirmed it; false: it is left to the sweep.
  boost::asio::awaitable<bool> wake(codec::RefundWake refund, std::optional<Milliseconds> delay);
  /// Publishes until the loop ends. Run it once.
  boost::asio::awaitable<void> run();

 private:
  struct End {
    bool confirmed = false;
    std::exception_ptr thrown;
  };
  struct Pending {
    codec::RefundWake refund;
    std::optional<Milliseconds> delay;
    std::shared_ptr<async::Completion<End>> done;
  };
  boost::asio::awaitable<End> publish(std::vector<OutgoingMessage> messages);
  [[nodiscard]] std::vector<OutgoingMessage> messages_of(const std::vector<Pending>& round) const;

  MessageBus& bus_;  // HELD NOT OWNED
  Ids& ids_;         // HELD NOT OWNED
  std::vector<Pending> pending_;
  async::Signal work_;
};

}  // namespace holdfast::flows
