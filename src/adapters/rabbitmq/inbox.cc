#include "adapters/rabbitmq/inbox.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "adapters/rabbitmq/consumer.h"

namespace holdfast::rabbitmq {

namespace asio = boost::asio;

Inbox::Waiter::Waiter(Inbox& inbox, const asio::any_io_executor& executor, std::size_t max_messages)
    : home(inbox),
      timer(executor),
      max(max_messages),
      place(inbox.waiters_.insert(inbox.waiters_.end(), this)) {}

Inbox::Waiter::~Waiter() {
  home.waiters_.erase(place);
}

void Inbox::end_epoch(std::uint64_t epoch) {
  std::erase_if(buffer_, [&](const Incoming& message) {
    return DeliveryTag::epoch_of(message.delivery.tag) <= epoch;
  });
  std::erase_if(in_hand_, [&](auto tag) { return DeliveryTag::epoch_of(tag) <= epoch; });
}

void Inbox::acknowledged(const std::vector<std::uint64_t>& tags) {
  for (const auto tag : tags) in_hand_.erase(tag);
}

std::size_t Inbox::demand(std::size_t max_messages) const {
  std::size_t total = in_hand_.size() + max_messages;
  for (const auto* waiter : waiters_) total += waiter->max;
  return total;
}

bool Inbox::raise_prefetch(std::size_t prefetch) {
  if (prefetch <= prefetch_) return false;
  prefetch_ = prefetch;
  return true;
}

std::vector<std::uint64_t> Inbox::take_returnable(std::int64_t delivery_limit) {
  std::vector<std::uint64_t> tags;
  std::erase_if(buffer_, [&](const Incoming& message) {
    if (message.delivery_count >= delivery_limit / 2) return false;
    tags.push_back(message.delivery.tag);
    return true;
  });
  return tags;
}

void Inbox::set_paused(bool paused) {
  paused_ = paused;
  if (!paused) wake();
}

void Inbox::stop() {
  stopped_ = true;
  buffer_.clear();
  for (auto* waiter : waiters_) waiter->timer.cancel();
}

void Inbox::wake() {
  if (paused_) return;
  for (auto* waiter : waiters_) {
    if (buffer_.size() >= waiter->wanted) waiter->timer.cancel();
  }
}

asio::awaitable<void> Inbox::wait(Waiter& waiter, std::size_t wanted,
                                  std::chrono::steady_clock::time_point until) {
  waiter.wanted = wanted;
  waiter.timer.expires_at(until);
  boost::system::error_code cancelled;
  co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

asio::awaitable<std::vector<Delivery>> Inbox::receive(std::shared_ptr<Inbox> self,
                                                      asio::any_io_executor executor,
                                                      BatchLimits limits) {
  const std::size_t max = std::max<std::size_t>(1, limits.max_messages);
  Waiter waiter(*self, executor, max);
  while (!self->stopped_) {
    if (!self->has_any()) {
      co_await wait(waiter, 1, std::chrono::steady_clock::time_point::max());
      continue;
    }
    if (self->buffer_.size() < max && limits.linger.count() > 0) {
      co_await wait(waiter, max, std::chrono::steady_clock::now() + limits.linger);
      if (self->stopped_ || !self->has_any()) continue;
    }
    co_return self->take(max);
  }
  co_return std::vector<Delivery>{};
}

std::vector<Delivery> Inbox::take(std::size_t max) {
  const std::size_t count = std::min(max, buffer_.size());
  std::vector<Delivery> batch;
  batch.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    in_hand_.insert(buffer_.front().delivery.tag);
    batch.push_back(std::move(buffer_.front().delivery));
    buffer_.pop_front();
  }
  return batch;
}

}  // namespace holdfast::rabbitmq
