#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "domain/money.h"
#include "psp/chance.h"
#include "psp/step_call.h"
#include "psp/switches.h"

namespace holdfast::psp {

/// What a call meets; decided when it arrives, carried out after `delay`.
struct Reception {
  StepCall call;
  Behaviour behaviour = Behaviour::normal;
  bool declined = false;   ///< if the call comes to be decided upon, and no decision stands yet
  bool conflict = false;   ///< its key stands for another content
  bool cut_short = false;  ///< of `lose_answer`: the connection ends, rather than a 500 comes
  Milliseconds delay{0};
  std::uint64_t epoch = 0;  ///< the life of the records in which it arrived
};

enum class Manner {
  answer,  ///< with status and body
  hold,    ///< keep the connection, say nothing
  drop,    ///< end the connection, say nothing
};

/// A charge whose effect and report are still to come.
struct Deferral {
  std::string key;
  Milliseconds after{0};
  std::uint64_t epoch = 0;
};

struct Outcome {
  Manner manner = Manner::answer;
  unsigned status = 200;
  boost::json::object body;
  std::optional<Deferral> deferral;
};

/// What Holdfast is told of a deferred charge.
struct Report {
  std::string order_id;
  std::string step;
  bool succeeded = false;
  std::string reference;  ///< empty when it did not succeed
};

struct Totals {
  std::int64_t charged = 0;
  std::int64_t refunded = 0;
  std::uint64_t charges = 0;
  std::uint64_t refunds = 0;
  std::uint64_t calls = 0;
  std::uint64_t declined = 0;
  std::uint64_t refused = 0;
  std::uint64_t anomalies = 0;
};

/// The payment provider without its network: charges, refunds, and an account of everything that
/// was asked of it. Each key has its effect once; whoever calls it wrongly is found out by the
/// anomalies. Does no I/O and asks no clock; one thread; everything is lost with it.
class Provider {
 public:
  Provider(Switches switches, std::uint64_t seed) : switches_(switches), chance_(seed) {}

  /// Counts the call and decides what it meets.
  Reception receive(StepCall call);
  /// Carries it out: the effect, if any, and the answer.
  Outcome act(const Reception& reception, Instant now);
  /// The effect of a deferred charge. Unset: it is not to be reported, as the records are new.
  std::optional<Report> carry_out(const Deferral& deferral, Instant now);

  [[nodiscard]] const Switches& switches() const { return switches_; }
  void set(const Switches& switches) { switches_ = switches; }  ///< for calls to come
  /// Forgets every call. What is under way then has no effect any more; the switches stay.
  void reset();

  /// Of one order, or of all.
  [[nodiscard]] boost::json::object records(std::optional<std::string_view> order_id) const;
  [[nodiscard]] Totals totals() const;

 private:
  enum class State {
    seen,      ///< nothing decided yet
    deferred,  ///< answered 202
    done,
    declined,
    refused,  ///< a charge whose refund came first
  };
  /// All that is known of one key. `given` is what a refund gave back.
  struct Entry {
    StepCall call;
    State state = State::seen;
    std::uint64_t calls = 0;
    std::int64_t given = 0;
    std::string reference;
    Instant at{};
  };
  /// The charge of one step of one order and what was given back of it.
  struct Account {
    const Entry* charge = nullptr;
    std::int64_t refunded = 0;
    bool closed = false;  ///< a refund came before the charge, which must not take place any more
  };
  struct Anomaly {
    std::string kind;
    std::string key;
    std::string order_id;
    std::string step;
    std::string detail;
    std::uint64_t calls = 0;
    Instant at{};
  };

  Entry& entry_of(const StepCall& call);
  Outcome decide(Entry& entry, const Reception& reception, Instant now);
  Outcome charge(Entry& entry, bool declined, Instant now);
  Outcome refund(Entry& entry, const StepCall& call, Instant now);
  Outcome refund_without_charge(Entry& entry, const StepCall& call, Instant now);
  void charge_now(Entry& entry, Account& account, Instant now);
  struct Refusal {
    unsigned status;
    std::string kind;
    std::string detail;
  };
  /// Refuses what a caller that keeps to the rules would not ask, and notes it.
  Outcome refuse(const StepCall& call, Refusal refusal, Instant now);
  [[nodiscard]] std::vector<const Entry*> entries(std::optional<std::string_view> order_id) const;
  [[nodiscard]] static Totals totals_of(const std::vector<const Entry*>& entries);
  [[nodiscard]] boost::json::object to_json(const Entry& entry) const;

  Switches switches_;
  Chance chance_;
  std::uint64_t epoch_ = 0;
  std::deque<Entry> entries_;  ///< in the order of their first calls; pointers to them hold
  std::unordered_map<std::string, Entry*> by_key_;
  std::unordered_map<std::string, std::vector<const Entry*>> by_order_;
  std::unordered_map<std::string, Account> accounts_;
  std::deque<Anomaly> anomalies_;
  std::map<std::pair<std::string, std::string>, Anomaly*> anomaly_by_kind_and_key_;
};

}  // namespace holdfast::psp
