#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "adapters/embedded/bus_message.h"
#include "async/completion.h"
#include "ports/message_bus.h"

namespace holdfast::embedded::bus {

/// One bus, of all that were ever opened over a broker.
using BusNumber = std::uint64_t;
/// Names one delivery in this process.
using Tag = std::uint64_t;
using WaiterNumber = std::uint64_t;
using Resumption = std::unique_ptr<async::detail::Resumption>;

/// What one try to receive comes to.
struct Taking {
  std::vector<Delivery> batch;
  std::size_t wanted = 0;  ///< nothing taken: to be tried again once so many are there
};

/// Deliveries that one call acknowledges.
struct Acknowledgement {
  std::vector<Tag> tags;
  std::vector<Seq> seqs;  ///< ascending
};

/// Messages at the end of a queue whose job has been committed.
struct Tail {
  Seq first = 0;
  Seq last = 0;
  bool loaded = false;           ///< may be handed out from memory
  std::uint64_t generation = 0;  ///< of the queue when the job ran
};

/// What is known in memory of one queue: the next messages, who waits for them, and which are in
/// somebody's hand. The table has them all: what is here may be dropped and read again. Passive;
/// whoever calls holds the broker's lock.
///
/// `cursor` is the place up to which every message of the table has been loaded. Loading goes on
/// behind it; to return a message is to put the cursor back.
class Queue {
 public:
  Queue(QueueName name, std::int64_t number, Seq last_seq, bool exists);

  const QueueName name;
  const std::int64_t number;
  bool exists;            ///< its row is committed
  bool fetching = false;  ///< a job is under way that reads messages

  // Who receives.
  void subscribe(BusNumber bus, std::size_t max_messages);
  void set_paused(BusNumber bus, bool paused);
  [[nodiscard]] bool has(BusNumber bus) const { return subscriptions_.contains(bus); }
  /// True when at least one bus receives and is not paused.
  [[nodiscard]] bool is_live() const;
  [[nodiscard]] std::uint32_t consumers() const;

  // Messages come.
  /// How many messages may be in the queue so that new ones are kept in memory.
  [[nodiscard]] std::size_t room() const { return is_live() ? bound_ : 0; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  /// Takes the committed `messages` of `tail` into memory where nothing before them is missing.
  void append(const Tail& tail, std::vector<Delivery> messages);
  /// There are messages up to `last`, in the table.
  void extended_to(Seq last);
  /// True when messages are missing in memory that there is somebody for, and room.
  [[nodiscard]] bool wants_messages() const;
  [[nodiscard]] Seq cursor() const { return cursor_; }
  [[nodiscard]] std::size_t missing() const { return bound_ - ready_.size(); }
  /// Takes what a job has read behind the cursor as it was in `generation`.
  void fill(std::vector<Loaded> messages, Seq through, std::uint64_t generation);

  // Messages go.
  /// `lingered`: fewer than `max_messages` will do.
  Taking take(BusNumber bus, std::size_t max_messages, bool lingered, Tag& last_tag);
  /// Those of `tags` that are in the hand of `bus`, and of no acknowledgement under way. They stay
  /// there until `acknowledged` or `not_acknowledged`.
  Acknowledgement acknowledging(BusNumber bus, const std::vector<Tag>& tags);
  void acknowledged(const std::vector<Tag>& tags);
  /// Those whose bus has ended meanwhile are returned.
  void not_acknowledged(const std::vector<Tag>& tags);
  /// Ends what `bus` had here: its waiting calls are resumed, what was in its hand is returned.
  /// The places of the latter, ascending.
  std::vector<Seq> detach(BusNumber bus);
  [[nodiscard]] std::size_t in_hand() const { return in_hand_.size(); }
  /// The last place that may have been handed out and is not gone.
  [[nodiscard]] Seq last_in_hand() const { return hands_.empty() ? 0 : *hands_.rbegin(); }

  // Who waits. Resumed once, when there are `wanted` messages or memory takes no more.
  void wait(WaiterNumber number, BusNumber bus, std::size_t wanted, Resumption resumption);
  void end_wait(WaiterNumber number);

 private:
  struct Subscription {
    bool receives = false;
    bool paused = false;
  };
  struct Waiter {
    BusNumber bus;
    std::size_t wanted;
    Resumption resumption;
  };
  struct InHand {
    Seq seq;
    BusNumber bus;
    bool acknowledging = false;
  };

  [[nodiscard]] bool is_paused(BusNumber bus) const;
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] bool satisfies(BusNumber bus, std::size_t wanted) const;
  void wake();
  void push(Loaded message);
  Delivery hand_out(BusNumber bus, Tag tag);
  /// Forgets what is loaded behind `through`, to be read again.
  void rewind(Seq through);
  void drop_if_not_live();

  std::map<BusNumber, Subscription> subscriptions_;
  std::map<WaiterNumber, Waiter> waiters_;  // in the order in which they came
  std::size_t bound_;

  std::deque<Loaded> ready_;
  std::size_t ready_bytes_ = 0;
  Seq cursor_ = 0;
  Seq last_seq_;
  std::uint64_t generation_ = 0;  // counts how often the cursor was put back

  std::map<Tag, InHand> in_hand_;
  std::set<Seq> hands_;  // the places in `in_hand_`
};

}  // namespace holdfast::embedded::bus
