#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/money.h"
#include "sim/random.h"

namespace holdfast::sim {

/// What can go wrong with one call of a port.
enum class CallFault {
  none,
  refuse,        ///< not sent: the server cannot be reached (effect none)
  lose_request,  ///< sent and never carried out; the caller is told after its timeout (unknown)
  lose_reply,    ///< carried out; the caller is told after its timeout (unknown)
  late,          ///< carried out long after the caller was told that its time is over (unknown)
  crash_before,  ///< the caller dies, the call is not made
  crash_after,   ///< the call is carried out, the caller dies before it knows
};

/// What can go wrong with one message between the broker and a consumer, or on its way to it.
enum class MessageFault {
  none,
  duplicate,       ///< delivered twice
  hold_back,       ///< delivered after those that came later
  very_late_copy,  ///< delivered once more, long after it was acknowledged
  drop_wait,       ///< a delayed message is lost
  early_wait,      ///< a delayed message comes at once
  late_wait,       ///< a delayed message comes long after its time
  nack,            ///< the broker refuses the publishing of it
  lose_answer,     ///< a worker does what it is asked and does not say so
  late_answer,     ///< a worker's answer comes long after
  worker_dies,     ///< after it has done what it is asked: it will be asked again
};

/// What the book refuses, for as long as anything goes wrong or for some changes of an order, as a
/// constraint does that the order's content breaks.
enum class OrderFault { settlement, update };

/// What can go wrong with a server, a process or a clock, at a time of its own.
enum class WorldFault {
  kill_process,
  jump_clock,
  ledger_away,
  ledger_loses_tail,
  ledger_loses_all,
  book_away,
  broker_away,
  broker_resets_connections,
  broker_alarm,  ///< takes no messages for a while, without closing anything
};

std::string_view to_string(CallFault fault);
std::string_view to_string(MessageFault fault);
std::string_view to_string(WorldFault fault);
std::string_view to_string(OrderFault fault);

/// One fault that was chosen. `key` names the place and how often it had been passed, as
/// `p1.2/book.update#14/lose_reply`: the same in a run that leaves other faults away.
struct FiredFault {
  std::string key;
  Instant at;
};

/// Which faults a run has: the rates are of the seed, each choice depends on the seed and its place
/// alone, so that leaving one fault away leaves the others where they were.
class Faults {
 public:
  /// `only`: of the faults that the seed chooses, those that are let happen; unset: all.
  Faults(std::uint64_t seed, std::optional<std::set<std::string>> only);

  CallFault of_call(const std::string& process, const std::string& call, Instant now);
  /// An operator asks `process` for something. In some seeds it dies at one of its next calls,
  /// which is seldom met otherwise: operators are few.
  void operator_asks(const std::string& process);
  /// Whether the process dies while something in it sleeps for `duration`.
  bool of_sleep(const std::string& process, Milliseconds duration, Instant now);
  /// `kinds`: those that can happen here.
  MessageFault of_message(const std::string& place, const std::vector<MessageFault>& kinds,
                          Instant now);
  /// Whether this order is one that the book refuses.
  bool of_order(OrderFault fault, const std::string& order_id, Instant now);
  /// The book refuses to settle this order so many times, once.
  void refuse(const std::string& order_id, std::int64_t times) {
    refusals_.emplace(order_id, times);
  }
  /// Those of the world, with their times after the start, in order.
  struct Planned {
    WorldFault fault = WorldFault::kill_process;
    Milliseconds after{0};
    Milliseconds lasts{0};
    std::uint64_t detail = 0;
    std::string key;
  };
  std::vector<Planned> of_world(Milliseconds length);

  /// Faults happen from here on.
  void start() { active_ = true; }
  /// No more faults from here on.
  void heal() { active_ = false; }
  void fired(std::string key, Instant now) { fired_.push_back({std::move(key), now}); }
  [[nodiscard]] const std::vector<FiredFault>& fired() const { return fired_; }
  /// The rates, a line for people.
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] Random random_for(const std::string& key) const;
  /// Some seeds let processes die a few times at each of a few kinds of calls, so that seldom
  /// ones have their turn.
  [[nodiscard]] CallFault of_sore_call(const std::string& call, const std::string& numbered);
  [[nodiscard]] CallFault of_doom(const std::string& process, const std::string& call, Instant now);
  bool is_planned(OrderFault fault, const std::string& order_id);
  bool is_chosen(OrderFault fault, const std::string& key);
  [[nodiscard]] bool allowed(const std::string& key) const {
    return !only_ || only_->contains(key);
  }

  std::uint64_t seed_;
  std::optional<std::set<std::string>> only_;
  std::map<CallFault, double> call_rates_;
  std::map<MessageFault, double> message_rates_;
  std::map<WorldFault, double> world_counts_;
  std::map<OrderFault, double> order_rates_;
  /// A death that is to come.
  struct Doom {
    std::string call;
    std::int64_t calls_left = 0;
    CallFault fault = CallFault::none;
    std::string key;
  };
  double doom_rate_ = 0;
  std::map<std::string, Doom> dooms_;  ///< by process
  bool has_sore_calls_ = false;
  std::map<std::string, int> sore_deaths_;        ///< by call
  std::set<std::string> refused_orders_;          ///< of which it was noted
  std::map<std::string, std::int64_t> refusals_;  ///< still to come, by order
  std::map<std::string, std::uint64_t> passed_;
  std::vector<FiredFault> fired_;
  bool active_ = false;
};

}  // namespace holdfast::sim
