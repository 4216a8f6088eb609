#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace holdfast::rabbitmq {

/// What was published on one channel and is not confirmed. RabbitMQ numbers publishes from 1 in
/// the order they are sent (https://www.rabbitmq.com/confirms.html); confirms come in any order.
template <class Item>
class ConfirmWindow {
 public:
  struct Slot {
    Item item;
    bool open = true;
  };

  void sent(Item item) { slots_.push_back(Slot{std::move(item)}); }

  /// Removes and returns what a confirm is about: one publish, or with `multiple` all up to it.
  std::vector<Item> settle(std::uint64_t tag, bool multiple) {
    std::vector<Item> settled;
    const std::uint64_t end = first_ + slots_.size();
    if (multiple && tag == 0) tag = end - 1;  // AMQP: zero means all
    if (tag < first_ || tag >= end) return settled;
    const std::uint64_t from = multiple ? first_ : tag;
    for (std::uint64_t at = from; at <= tag; ++at) {
      Slot& slot = slots_[static_cast<std::size_t>(at - first_)];
      if (!slot.open) continue;
      slot.open = false;
      settled.push_back(std::move(slot.item));
    }
    while (!slots_.empty() && !slots_.front().open) {
      slots_.pop_front();
      ++first_;
    }
    return settled;
  }

  /// The first open publish for which `matches` holds, or null.
  template <class Predicate>
  Item* find(Predicate matches) {
    for (auto& slot : slots_) {
      if (slot.open && matches(slot.item)) return &slot.item;
    }
    return nullptr;
  }

  /// Takes everything that is open, in the order sent, and starts anew (a new channel).
  std::vector<Item> reset() {
    std::vector<Item> open;
    for (auto& slot : slots_) {
      if (slot.open) open.push_back(std::move(slot.item));
    }
    slots_.clear();
    first_ = 1;
    return open;
  }

  /// From the oldest open publish to the newest: what the window's size bounds.
  [[nodiscard]] std::size_t span() const { return slots_.size(); }

 private:
  std::deque<Slot> slots_;
  std::uint64_t first_ = 1;  // number of slots_.front()
};

}  // namespace holdfast::rabbitmq
