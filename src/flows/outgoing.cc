#include "flows/outgoing.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <span>
#include <utility>

#include "codec/order_json.h"
#include "domain/digest.h"
#include "flows/limits.h"

namespace holdfast::flows {
namespace {

// Headers of a message in the parked queue.
const std::string kQueue = "hf-parked-queue";
const std::string kReason = "hf-parked-reason";
const std::string kSubject = "hf-parked-subject";
const std::string kOrder = "hf-parked-order";
const std::string kRefund = "hf-parked-refund";
const std::string kDetail = "hf-parked-detail";
const std::string kAt = "hf-parked-at";
// Set by the bus on a message that the broker dead-lettered by itself.
const std::string kDeadLetterQueue = "hf-dead-letter-queue";
const std::string kDeadLetterReason = "hf-dead-letter-reason";

std::string header(const Delivery& delivery, const std::string& key, std::string fallback = {}) {
  const auto found = delivery.headers.find(key);
  if (found == delivery.headers.end()) return fallback;
  return found->second;
}

OutgoingMessage wake_message(Ids& ids, std::span<const codec::RefundWake> refunds,
                             std::optional<Milliseconds> delay) {
  OutgoingMessage message;
  message.queue = queues::refunds;
  message.delay = delay;
  message.id = MessageId{ids.next()};
  message.body = codec::refunds_message(refunds);
  return message;
}

}  // namespace

OutgoingMessage refund_wake(Ids& ids, const codec::RefundWake& refund,
                            std::optional<Milliseconds> delay) {
  return wake_message(ids, {&refund, 1}, delay);
}

std::vector<OutgoingMessage> refund_wakes(Ids& ids, const std::vector<codec::RefundWake>& refunds,
                                          std::optional<Milliseconds> delay) {
  std::vector<OutgoingMessage> messages;
  std::span<const codec::RefundWake> rest(refunds);
  while (!rest.empty()) {
    const auto count = std::min(rest.size(), limits::kWakesInMessage);
    messages.push_back(wake_message(ids, rest.first(count), delay));
    rest = rest.subspan(count);
  }
  return messages;
}

OutgoingMessage order_again(Ids& ids, const codec::PlacedOrder& placed, std::uint32_t attempts,
                            std::optional<Milliseconds> delay) {
  const auto payload = codec::to_payload(placed.order, placed.generation);
  OutgoingMessage message;
  message.queue = queues::orders;
  message.delay = delay;
  message.id = MessageId{ids.next()};
  message.body = codec::orders_message({codec::OutgoingOrder{"", payload}});
  message.attempts = attempts;
  return message;
}

OutgoingMessage parked_message(Ids& ids, Instant now, const Parking& parking, std::string body) {
  OutgoingMessage message;
  message.queue = queues::parked;
  message.id = MessageId{ids.next()};
  message.body = std::move(body);
  message.attempts = parking.attempts;
  message.headers = {{kQueue, parking.queue.value},
                     {kReason, parking.reason},
                     {kSubject, parking.subject},
                     {kDetail, parking.detail},
                     {kAt, codec::to_rfc3339(now)}};
  if (parking.order_id) message.headers[kOrder] = parking.order_id->to_string();
  if (parking.refund_id) message.headers[kRefund] = parking.refund_id->to_string();
  return message;
}

ParkedMessage parked_from(const Delivery& delivery, Ids& ids, Instant now) {
  ParkedMessage parked;
  parked.id = ids.next();
  parked.queue = QueueName{header(delivery, kQueue, header(delivery, kDeadLetterQueue, "unknown"))};
  parked.reason = header(delivery, kReason, header(delivery, kDeadLetterReason, "unknown"));
  parked.subject = header(delivery, kSubject, "body:" + sha256_hex(delivery.body));
  parked.order_id = OrderId::parse(header(delivery, kOrder));
  parked.refund_id = RefundId::parse(header(delivery, kRefund));
  parked.attempts = delivery.attempts;
  parked.first_at = codec::parse_rfc3339(header(delivery, kAt)).value_or(now);
  parked.last_at = parked.first_at;
  parked.detail = header(delivery, kDetail, "dead-lettered by the broker");
  parked.body = delivery.body;
  return parked;
}

Milliseconds backoff(std::uint32_t attempts, Milliseconds first, Milliseconds max) {
  Milliseconds delay = first;
  for (std::uint32_t i = 1; i < attempts && delay < max; ++i) delay *= 2;
  return std::min(delay, max);
}

std::vector<Milliseconds> backoff_ladder(Milliseconds first, Milliseconds max) {
  std::vector<Milliseconds> ladder;
  for (std::uint32_t attempt = 1; ladder.empty() || ladder.back() < max; ++attempt) {
    const auto delay = backoff(attempt, first, max);
    if (!ladder.empty() && ladder.back() == delay) break;
    ladder.push_back(delay);
  }
  return ladder;
}

boost::asio::awaitable<void> publish_until_confirmed(MessageBus& bus, Clock& clock,
                                                     std::vector<OutgoingMessage> messages) {
  while (!messages.empty()) {
    const auto published = co_await bus.publish(messages);
    if (published) co_return;
    spdlog::warn("publishing again, not confirmed: {}", published.error().detail);
    co_await clock.sleep(limits::kServerAwayPause);
  }
}

std::vector<std::uint64_t> tags_of(const std::vector<Delivery>& deliveries) {
  std::vector<std::uint64_t> tags;
  tags.reserve(deliveries.size());
  for (const auto& delivery : deliveries) tags.push_back(delivery.tag);
  return tags;
}

}  // namespace holdfast::flows
