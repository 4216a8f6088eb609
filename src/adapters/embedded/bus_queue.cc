#include "adapters/embedded/bus_queue.h"

#include <algorithm>
#include <utility>

#include "adapters/embedded/bus_limits.h"

namespace holdfast::embedded::bus {

Queue::Queue(QueueName queue, std::int64_t its_number, Seq last_seq, bool is_there)
    : name(std::move(queue)),
      number(its_number),
      exists(is_there),
      bound_(limits::kMinLoaded),
      last_seq_(last_seq) {}

void Queue::subscribe(BusNumber bus, std::size_t max_messages) {
  subscriptions_[bus].receives = true;
  const std::size_t wanted = limits::kLoadedPerReceive * max_messages;
  bound_ = std::clamp(wanted, bound_, limits::kMaxLoaded);
}

void Queue::set_paused(BusNumber bus, bool paused) {
  subscriptions_[bus].paused = paused;
  drop_if_not_live();
  wake();
}

bool Queue::is_live() const {
  return consumers() != 0;
}

std::uint32_t Queue::consumers() const {
  return static_cast<std::uint32_t>(
      std::count_if(subscriptions_.begin(), subscriptions_.end(), [](const auto& subscription) {
        return subscription.second.receives && !subscription.second.paused;
      }));
}

void Queue::append(const Tail& tail, std::vector<Delivery> messages) {
  extended_to(tail.last);
  if (!tail.loaded || tail.generation != generation_ || cursor_ != tail.first - 1) return;
  for (auto& message : messages) {
    if (is_full()) break;
    push({cursor_ + 1, 0, std::move(message)});
    ++cursor_;
  }
  wake();
}

void Queue::extended_to(Seq last) {
  exists = true;
  last_seq_ = std::max(last_seq_, last);
}

bool Queue::wants_messages() const {
  return !fetching && cursor_ < last_seq_ && ready_.size() <= bound_ / 2 &&
         ready_bytes_ <= limits::kMaxLoadedBytes / 2 && is_live();
}

void Queue::fill(std::vector<Loaded> messages, Seq through, std::uint64_t generation) {
  if (generation != generation_) return;
  for (auto& message : messages) {
    if (!hands_.contains(message.seq)) push(std::move(message));
  }
  cursor_ = std::max(cursor_, through);
  wake();
}

void Queue::push(Loaded message) {
  ready_bytes_ += message.delivery.body.size();
  ready_.push_back(std::move(message));
}

Taking Queue::take(BusNumber bus, std::size_t max_messages, bool lingered, Tag& last_tag) {
  Taking taking;
  if (!satisfies(bus, 1)) {
    taking.wanted = 1;
    return taking;
  }
  if (!lingered && !satisfies(bus, max_messages)) {
    taking.wanted = max_messages;
    return taking;
  }
  const std::size_t count = std::min(max_messages, ready_.size());
  taking.batch.reserve(count);
  while (taking.batch.size() < count) taking.batch.push_back(hand_out(bus, ++last_tag));
  return taking;
}

Delivery Queue::hand_out(BusNumber bus, Tag tag) {
  Loaded& front = ready_.front();
  Delivery delivery = std::move(front.delivery);
  delivery.tag = tag;
  delivery.redelivered = front.deliveries > 0;
  in_hand_.emplace_hint(in_hand_.end(), tag, InHand{front.seq, bus});
  hands_.emplace_hint(hands_.end(), front.seq);
  ready_bytes_ -= delivery.body.size();
  ready_.pop_front();
  return delivery;
}

Acknowledgement Queue::acknowledging(BusNumber bus, const std::vector<Tag>& tags) {
  Acknowledgement acknowledgement;
  acknowledgement.tags.reserve(tags.size());
  acknowledgement.seqs.reserve(tags.size());
  for (const Tag tag : tags) {
    const auto found = in_hand_.find(tag);
    if (found == in_hand_.end() || found->second.bus != bus) continue;
    if (std::exchange(found->second.acknowledging, true)) continue;
    acknowledgement.tags.push_back(tag);
    acknowledgement.seqs.push_back(found->second.seq);
  }
  std::sort(acknowledgement.seqs.begin(), acknowledgement.seqs.end());
  return acknowledgement;
}

void Queue::acknowledged(const std::vector<Tag>& tags) {
  for (const Tag tag : tags) {
    const auto found = in_hand_.find(tag);
    hands_.erase(found->second.seq);
    in_hand_.erase(found);
  }
}

void Queue::not_acknowledged(const std::vector<Tag>& tags) {
  for (const Tag tag : tags) {
    const auto found = in_hand_.find(tag);
    found->second.acknowledging = false;
    if (subscriptions_.contains(found->second.bus)) continue;
    const Seq seq = found->second.seq;
    hands_.erase(seq);
    in_hand_.erase(found);
    rewind(seq - 1);
  }
}

std::vector<Seq> Queue::detach(BusNumber bus) {
  subscriptions_.erase(bus);
  std::erase_if(waiters_, [&](const auto& waiter) {
    if (waiter.second.bus != bus) return false;
    waiter.second.resumption->resume();
    return true;
  });
  std::vector<Seq> returned;
  std::erase_if(in_hand_, [&](const auto& entry) {
    if (entry.second.bus != bus || entry.second.acknowledging) return false;
    returned.push_back(entry.second.seq);
    hands_.erase(entry.second.seq);
    return true;
  });
  std::sort(returned.begin(), returned.end());
  if (!returned.empty()) rewind(returned.front() - 1);
  drop_if_not_live();
  return returned;
}

void Queue::rewind(Seq through) {
  if (!ready_.empty()) through = std::min(through, ready_.front().seq - 1);
  ready_.clear();
  ready_bytes_ = 0;
  cursor_ = std::min(cursor_, through);
  ++generation_;
}

void Queue::drop_if_not_live() {
  if (!is_live()) rewind(cursor_);
}

void Queue::wait(WaiterNumber waiter, BusNumber bus, std::size_t wanted, Resumption resumption) {
  if (!subscriptions_.contains(bus) || satisfies(bus, wanted)) {
    resumption->resume();
  } else {
    waiters_.emplace(waiter, Waiter{bus, wanted, std::move(resumption)});
  }
}

void Queue::end_wait(WaiterNumber waiter) {
  const auto found = waiters_.find(waiter);
  if (found == waiters_.end()) return;
  found->second.resumption->resume();
  waiters_.erase(found);
}

void Queue::wake() {
  std::erase_if(waiters_, [&](const auto& waiter) {
    if (!satisfies(waiter.second.bus, waiter.second.wanted)) return false;
    waiter.second.resumption->resume();
    return true;
  });
}

bool Queue::is_paused(BusNumber bus) const {
  const auto found = subscriptions_.find(bus);
  return found == subscriptions_.end() || found->second.paused;
}

bool Queue::is_full() const {
  return ready_.size() >= bound_ || ready_bytes_ >= limits::kMaxLoadedBytes;
}

bool Queue::satisfies(BusNumber bus, std::size_t wanted) const {
  if (ready_.empty() || is_paused(bus)) return false;
  return ready_.size() >= wanted || is_full();
}

}  // namespace holdfast::embedded::bus
