#include "sim/faults.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace holdfast::sim {
namespace {

constexpr std::array kCallFaults{CallFault::refuse,       CallFault::lose_request,
                                 CallFault::lose_reply,   CallFault::late,
                                 CallFault::crash_before, CallFault::crash_after};
constexpr std::array kMessageFaults{
    MessageFault::duplicate, MessageFault::hold_back,  MessageFault::very_late_copy,
    MessageFault::drop_wait, MessageFault::early_wait, MessageFault::late_wait,
    MessageFault::nack};
constexpr std::array kWorldFaults{
    WorldFault::kill_process,     WorldFault::jump_clock,
    WorldFault::ledger_away,      WorldFault::ledger_loses_tail,
    WorldFault::ledger_loses_all, WorldFault::book_away,
    WorldFault::broker_away,      WorldFault::broker_resets_connections,
    WorldFault::broker_alarm};

constexpr std::array kWorkerFaults{MessageFault::lose_answer, MessageFault::late_answer,
                                   MessageFault::worker_dies};
constexpr std::array kOrderFaults{OrderFault::settlement, OrderFault::update};

constexpr double kSwitchedOn = 0.4;  // of the kinds, in a seed
constexpr std::int64_t kForGood = 1'000'000;

/// Of a kind that is switched on: seldom, or often enough to meet others.
double rate(Random& random, double most) {
  if (!random.chance(kSwitchedOn)) return 0;
  const double part = static_cast<double>(random.between(1, 100)) / 100;
  return most * part * part;
}

bool is_crash(CallFault fault) {
  return fault == CallFault::crash_before || fault == CallFault::crash_after;
}

}  // namespace

std::string_view to_string(CallFault fault) {
  switch (fault) {
    case CallFault::none: return "none";
    case CallFault::refuse: return "refuse";
    case CallFault::lose_request: return "lose_request";
    case CallFault::lose_reply: return "lose_reply";
    case CallFault::late: return "late";
    case CallFault::crash_before: return "crash_before";
    case CallFault::crash_after: return "crash_after";
  }
  HF_UNREACHABLE("CallFault");
}

std::string_view to_string(MessageFault fault) {
  switch (fault) {
    case MessageFault::none: return "none";
    case MessageFault::duplicate: return "duplicate";
    case MessageFault::hold_back: return "hold_back";
    case MessageFault::very_late_copy: return "very_late_copy";
    case MessageFault::drop_wait: return "drop_wait";
    case MessageFault::early_wait: return "early_wait";
    case MessageFault::late_wait: return "late_wait";
    case MessageFault::nack: return "nack";
    case MessageFault::lose_answer: return "lose_answer";
    case MessageFault::late_answer: return "late_answer";
    case MessageFault::worker_dies: return "worker_dies";
  }
  HF_UNREACHABLE("MessageFault");
}

std::string_view to_string(WorldFault fault) {
  switch (fault) {
    case WorldFault::kill_process: return "kill_process";
    case WorldFault::jump_clock: return "jump_clock";
    case WorldFault::ledger_away: return "ledger_away";
    case WorldFault::ledger_loses_tail: return "ledger_loses_tail";
    case WorldFault::ledger_loses_all: return "ledger_loses_all";
    case WorldFault::book_away: return "book_away";
    case WorldFault::broker_away: return "broker_away";
    case WorldFault::broker_resets_connections: return "broker_resets_connections";
    case WorldFault::broker_alarm: return "broker_alarm";
  }
  HF_UNREACHABLE("WorldFault");
}

std::string_view to_string(OrderFault fault) {
  switch (fault) {
    case OrderFault::settlement: return "settlement";
    case OrderFault::update: return "update";
  }
  HF_UNREACHABLE("OrderFault");
}

Faults::Faults(std::uint64_t seed, std::optional<std::set<std::string>> only)
    : seed_(seed), only_(std::move(only)) {
  Random random = random_for("rates");
  for (const auto fault : kCallFaults) {
    call_rates_[fault] = rate(random, is_crash(fault) ? 0.02 : 0.15);
  }
  for (const auto fault : kMessageFaults) message_rates_[fault] = rate(random, 0.25);
  for (const auto fault : kWorldFaults) world_counts_[fault] = rate(random, 5);
  for (const auto fault : kWorkerFaults) message_rates_[fault] = rate(random, 0.4);
  for (const auto fault : kOrderFaults) order_rates_[fault] = rate(random, 0.3);
  has_sore_calls_ = random.chance(kSwitchedOn);
  doom_rate_ = random.chance(kSwitchedOn) ? static_cast<double>(random.between(1, 100)) / 100 : 0;
}

Random Faults::random_for(const std::string& key) const {
  return Random(Random(seed_ ^ hash_of(key)).next());
}

CallFault Faults::of_call(const std::string& process, const std::string& call, Instant now) {
  if (!active_) return CallFault::none;
  const std::string place = process + "/" + call;
  const std::string numbered = place + "#" + std::to_string(++passed_[place]);
  if (const auto fault = of_doom(process, call, now); fault != CallFault::none) return fault;
  if (const auto fault = of_sore_call(call, numbered); fault != CallFault::none) {
    fired(numbered + "/" + std::string(to_string(fault)), now);
    return fault;
  }
  Random random = random_for(numbered);
  for (const auto fault : kCallFaults) {
    if (!random.chance(call_rates_[fault])) continue;
    const std::string key = numbered + "/" + std::string(to_string(fault));
    if (!allowed(key)) continue;
    fired(key, now);
    return fault;
  }
  return CallFault::none;
}

CallFault Faults::of_sore_call(const std::string& call, const std::string& numbered) {
  constexpr double kSoreCalls = 1.0 / 8;  // of the kinds of calls
  constexpr double kDies = 0.25;
  constexpr int kDeaths = 3;
  if (!has_sore_calls_ || !random_for("sore/" + call).chance(kSoreCalls)) return CallFault::none;
  Random random = random_for("sore/" + numbered);
  if (!random.chance(kDies) || sore_deaths_[call] >= kDeaths) return CallFault::none;
  const auto fault = random.chance(0.5) ? CallFault::crash_before : CallFault::crash_after;
  if (!allowed(numbered + "/" + std::string(to_string(fault)))) return CallFault::none;
  ++sore_deaths_[call];
  return fault;
}

void Faults::operator_asks(const std::string& process) {
  // Those that are seldom met even so stand for several.
  constexpr std::array kCalls{"book.claim_parked",  "book.update",        "book.update",
                              "book.settle",        "book.settle",        "book.ledger_record",
                              "book.ledger_record", "book.ledger_record", "ledger.give_back",
                              "ledger.give_back",   "ledger.give_back",   "ledger.give_back",
                              "book.remove_parked", "bus.publish"};
  if (!active_) return;
  const std::string place = process + "/operator";
  const std::string numbered = place + "#" + std::to_string(++passed_[place]);
  Random random = random_for(numbered);
  if (!random.chance(doom_rate_)) return;
  Doom doom;
  doom.call = kCalls.at(static_cast<std::size_t>(random.between(0, kCalls.size() - 1)));
  doom.calls_left = random.chance(0.7) ? 1 : random.between(2, 3);
  doom.fault = random.chance(0.5) ? CallFault::crash_before : CallFault::crash_after;
  doom.key = numbered + "/" + doom.call + "/" + std::string(to_string(doom.fault));
  if (allowed(doom.key)) dooms_[process] = std::move(doom);
}

CallFault Faults::of_doom(const std::string& process, const std::string& call, Instant now) {
  const auto found = dooms_.find(process);
  if (found == dooms_.end() || found->second.call != call) return CallFault::none;
  if (--found->second.calls_left > 0) return CallFault::none;
  const Doom doom = std::move(found->second);
  dooms_.erase(found);
  fired(doom.key, now);
  return doom.fault;
}

bool Faults::of_sleep(const std::string& process, Milliseconds duration, Instant now) {
  if (!active_) return false;
  const std::string call = "clock.sleep/" + std::to_string(duration.count()) + "ms";
  const std::string place = process + "/" + call;
  const std::string numbered = place + "#" + std::to_string(++passed_[place]);
  const auto fault = of_sore_call(call, numbered);
  if (fault == CallFault::none) return false;
  fired(numbered + "/" + std::string(to_string(fault)), now);
  return true;
}

bool Faults::of_order(OrderFault fault, const std::string& order_id, Instant now) {
  if (!active_) return false;
  const std::string key = "book/" + order_id + "/refuses_" + std::string(to_string(fault));
  if (!allowed(key) || !(is_planned(fault, order_id) || is_chosen(fault, key))) return false;
  if (refused_orders_.insert(key).second) fired(key, now);
  return true;
}

bool Faults::is_planned(OrderFault fault, const std::string& order_id) {
  const auto found = refusals_.find(order_id);
  if (fault != OrderFault::settlement || found == refusals_.end()) return false;
  return found->second-- > 0;
}

bool Faults::is_chosen(OrderFault fault, const std::string& key) {
  Random random = random_for(key);
  if (!random.chance(order_rates_[fault])) return false;
  // From the first change on or from a later one, for good or for some.
  const auto first = fault == OrderFault::update ? random.between(1, 4) : 1;
  const auto changes = random.chance(0.5) ? kForGood : random.between(2, 20);
  const auto nth = static_cast<std::int64_t>(++passed_[key]);
  return nth >= first && nth < first + changes;
}

MessageFault Faults::of_message(const std::string& place, const std::vector<MessageFault>& kinds,
                                Instant now) {
  if (!active_) return MessageFault::none;
  const std::string numbered = place + "#" + std::to_string(++passed_[place]);
  Random random = random_for(numbered);
  for (const auto fault : kinds) {
    if (!random.chance(message_rates_[fault])) continue;
    const std::string key = numbered + "/" + std::string(to_string(fault));
    if (!allowed(key)) continue;
    fired(key, now);
    return fault;
  }
  return MessageFault::none;
}

std::vector<Faults::Planned> Faults::of_world(Milliseconds length) {
  std::vector<Planned> planned;
  for (const auto fault : kWorldFaults) {
    const auto count = std::lround(world_counts_[fault]);
    for (int i = 0; i < count; ++i) {
      Planned one;
      one.fault = fault;
      one.key = "world/" + std::string(to_string(fault)) + "#" + std::to_string(i + 1);
      if (!allowed(one.key)) continue;
      Random random = random_for(one.key);
      one.after = Milliseconds{random.between(0, length.count())};
      one.lasts = Milliseconds{random.between(100, random.chance(0.2) ? 60'000 : 5'000)};
      one.detail = random.next();
      planned.push_back(std::move(one));
    }
  }
  std::stable_sort(planned.begin(), planned.end(),
                   [](const Planned& a, const Planned& b) { return a.after < b.after; });
  return planned;
}

std::string Faults::text() const {
  std::string text;
  char number[32];
  const auto add = [&](std::string_view name, double value) {
    if (value == 0) return;
    std::snprintf(number, sizeof number, " %.4f", value);
    text += (text.empty() ? "" : ", ") + std::string(name) + number;
  };
  for (const auto& [fault, value] : call_rates_) add(to_string(fault), value);
  for (const auto& [fault, value] : message_rates_) add(to_string(fault), value);
  for (const auto& [fault, value] : world_counts_) add(to_string(fault), value);
  for (const auto& [fault, value] : order_rates_) {
    add("book_refuses_" + std::string(to_string(fault)), value);
  }
  add("dies_for_operators", doom_rate_);
  return text.empty() ? "no faults" : text;
}

}  // namespace holdfast::sim
