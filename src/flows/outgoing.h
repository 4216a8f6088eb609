#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codec/messages.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"

namespace holdfast::flows {

/// A wake-up of one refund, at once or after `delay`.
OutgoingMessage refund_wake(Ids& ids, const codec::RefundWake& refund,
                            std::optional<Milliseconds> delay = std::nullopt);
/// Wake-ups of many, in as few messages as will do.
std::vector<OutgoingMessage> refund_wakes(Ids& ids, const std::vector<codec::RefundWake>& refunds,
                                          std::optional<Milliseconds> delay = std::nullopt);

/// One order alone, to be handled again after `delay`.
OutgoingMessage order_again(Ids& ids, const codec::PlacedOrder& placed, std::uint32_t attempts,
                            std::optional<Milliseconds> delay = std::nullopt);

/// Why a message is parked; the subject keeps it to one row however often it comes.
struct Parking {
  QueueName queue;  ///< where it was being handled
  std::string reason;
  std::string subject;
  std::optional<OrderId> order_id;
  std::optional<RefundId> refund_id;
  std::uint32_t attempts = 0;
  std::string detail;
};

/// The message for the parked queue; `body` is what to handle again on a retry.
OutgoingMessage parked_message(Ids& ids, Instant now, const Parking& parking, std::string body);

/// Reads what `parked_message` wrote, or what the broker dead-lettered by itself.
ParkedMessage parked_from(const Delivery& delivery, Ids& ids, Instant now);

/// Delays that retries go through: `first`, doubled, at most `max`. Few and fixed, since each is a
/// queue.
Milliseconds backoff(std::uint32_t attempts, Milliseconds first, Milliseconds max);
std::vector<Milliseconds> backoff_ladder(Milliseconds first, Milliseconds max);

/// Publishes, again and again while RabbitMQ is away or full; the ids stay, so that a repeat can
/// be told. Returns once all are confirmed.
boost::asio::awaitable<void> publish_until_confirmed(MessageBus& bus, Clock& clock,
                                                     std::vector<OutgoingMessage> messages);

std::vector<std::uint64_t> tags_of(const std::vector<Delivery>& deliveries);

}  // namespace holdfast::flows
