#include "psp/provider.h"

#include "domain/assert.h"
#include "psp/limits.h"
#include "psp/problem.h"

namespace holdfast::psp {
namespace {

/// The behaviours that exclude each other share one draw: each gets a part of [0, 1).
Behaviour drawn(const Switches& switches, Direction direction, double draw) {
  const auto falls_into = [&draw](double part) {
    draw -= part;
    return draw < 0;
  };
  if (falls_into(switches.unavailable)) return Behaviour::unavailable;
  if (falls_into(switches.hang)) return Behaviour::hang;
  if (falls_into(switches.lose_answer)) return Behaviour::lose_answer;
  const bool may_defer = direction == Direction::forward;
  return may_defer && falls_into(switches.defer) ? Behaviour::defer : Behaviour::normal;
}

Outcome problem(unsigned status, std::string_view code, std::string_view detail) {
  return {Manner::answer, status, problem_body(status, code, detail), {}};
}

Outcome silence(Manner manner) {
  return {manner, 0, {}, {}};
}

}  // namespace

Provider::Entry& Provider::entry_of(const StepCall& call) {
  auto& known = by_key_[call.key];
  if (known == nullptr) {
    known = &entries_.emplace_back();
    known->call = call;
    by_order_[call.order_id].push_back(known);
  }
  return *known;
}

Reception Provider::receive(StepCall call) {
  Entry& entry = entry_of(call);
  const std::uint64_t attempt = ++entry.calls;
  const std::string& key = entry.call.key;
  const bool forward = call.direction == Direction::forward;
  Reception reception;
  // Order, step, direction and cause are in the key; the reference and what is known of the
  // forward may come to light between two attempts.
  reception.conflict = call.amount != entry.call.amount || call.currency != entry.call.currency;
  if (call.forced) {
    reception.behaviour = *call.forced;
    reception.declined = *call.forced == Behaviour::decline;
  } else {
    reception.behaviour = drawn(switches_, call.direction, chance_.draw("behaviour", key, attempt));
    // By key alone: were it drawn anew for each attempt, retries would raise the rate.
    reception.declined = forward && chance_.draw("decline", key, 0) < switches_.decline;
  }
  reception.cut_short = chance_.draw("cut short", key, attempt) < 0.5;
  const double jitter = chance_.draw("jitter", key, attempt);
  reception.delay =
      switches_.delay + Milliseconds(static_cast<std::int64_t>(
                            jitter * static_cast<double>(switches_.jitter.count() + 1)));
  if (reception.behaviour == Behaviour::slow) reception.delay += limits::kSlow;
  reception.epoch = epoch_;
  reception.call = std::move(call);
  return reception;
}

Outcome Provider::act(const Reception& reception, Instant now) {
  if (reception.epoch != epoch_) {
    return problem(503, "reset", "the records were reset while this call was under way");
  }
  if (reception.conflict) {
    return refuse(reception.call,
                  {422, "key_reused", "this key was used before with another amount or currency"},
                  now);
  }
  Entry& entry = entry_of(reception.call);
  switch (reception.behaviour) {
    case Behaviour::unavailable:
      return problem(503, "unavailable", "the provider is away for a moment; nothing was done");
    case Behaviour::hang: return silence(Manner::hold);
    case Behaviour::lose_answer:
      (void)decide(entry, reception, now);
      return reception.cut_short
                 ? silence(Manner::drop)
                 : problem(500, "internal_error", "something went wrong; who knows what was done");
    case Behaviour::normal:
    case Behaviour::slow:
    case Behaviour::decline:
    case Behaviour::defer: return decide(entry, reception, now);
  }
  HF_UNREACHABLE("no known behaviour");
}

Outcome Provider::decide(Entry& entry, const Reception& reception, Instant now) {
  if (entry.state == State::declined) {
    return problem(402, "declined", "the payment is declined, for good");
  }
  if (entry.state == State::done) {
    const bool forward = entry.call.direction == Direction::forward;
    const std::int64_t amount = forward ? entry.call.amount : entry.given;
    return {Manner::answer, 200, {{"reference", entry.reference}, {"amount", amount}}, {}};
  }
  if (reception.call.direction == Direction::forward) {
    const bool first = entry.state == State::seen;
    Outcome outcome;
    const bool closed = accounts_[entry.call.account()].closed;
    if (!closed && !reception.declined && first && reception.behaviour == Behaviour::defer) {
      entry.state = State::deferred;
      outcome.deferral = Deferral{entry.call.key, switches_.report_delay, epoch_};
    }
    if (entry.state == State::deferred) {
      outcome.status = 202;
      outcome.body["status"] = "pending";
      return outcome;
    }
    return charge(entry, reception.declined, now);
  }
  if (reception.declined) {
    entry.state = State::declined;
    return decide(entry, reception, now);
  }
  return refund(entry, reception.call, now);
}

void Provider::charge_now(Entry& entry, Account& account, Instant now) {
  entry.state = State::done;
  entry.reference = chance_.reference("ch_", entry.call.key);
  entry.at = now;
  account.charge = &entry;
}

Outcome Provider::charge(Entry& entry, bool declined, Instant now) {
  Account& account = accounts_[entry.call.account()];
  if (account.closed) {
    entry.state = State::refused;
    return problem(409, "refunded_before", "its refund came first, so this charge is refused");
  }
  if (declined) {
    entry.state = State::declined;
    return problem(402, "declined", "the payment is declined, for good");
  }
  charge_now(entry, account, now);
  return {Manner::answer, 200, {{"reference", entry.reference}, {"amount", entry.call.amount}}, {}};
}

Outcome Provider::refund_without_charge(Entry& entry, const StepCall& call, Instant now) {
  if (!call.forward_unknown) {
    return refuse(call, {409, "refund_without_charge", "there is no charge to give back"}, now);
  }
  accounts_[call.account()].closed = true;
  entry.state = State::done;
  entry.reference = chance_.reference("rf_", call.key);
  entry.at = now;
  return {Manner::answer, 200, {{"reference", entry.reference}, {"amount", 0}}, {}};
}

Outcome Provider::refund(Entry& entry, const StepCall& call, Instant now) {
  Account& account = accounts_[call.account()];
  if (account.charge == nullptr) return refund_without_charge(entry, call, now);
  const StepCall& charged = account.charge->call;
  if (call.currency != charged.currency) {
    return refuse(call, {409, "currency_differs", "the charge was in " + charged.currency}, now);
  }
  if (call.forward_reference && *call.forward_reference != account.charge->reference) {
    return refuse(call, {409, "reference_differs", "the charge is " + account.charge->reference},
                  now);
  }
  if (call.amount > charged.amount - account.refunded) {
    return refuse(
        call,
        {409, "refund_exceeds_charge",
         "of " + std::to_string(charged.amount) + ", " + std::to_string(account.refunded) +
             " are given back already, and " + std::to_string(call.amount) + " are asked for"},
        now);
  }
  account.refunded += call.amount;
  entry.state = State::done;
  entry.given = call.amount;
  entry.reference = chance_.reference("rf_", call.key);
  entry.at = now;
  return {Manner::answer, 200, {{"reference", entry.reference}, {"amount", entry.given}}, {}};
}

Outcome Provider::refuse(const StepCall& call, Refusal refusal, Instant now) {
  Outcome outcome = problem(refusal.status, refusal.kind, refusal.detail);
  auto& known = anomaly_by_kind_and_key_[{refusal.kind, call.key}];
  if (known == nullptr) {
    known = &anomalies_.emplace_back(Anomaly{std::move(refusal.kind), call.key, call.order_id,
                                             call.step, std::move(refusal.detail), 0, now});
  }
  ++known->calls;
  return outcome;
}

std::optional<Report> Provider::carry_out(const Deferral& deferral, Instant now) {
  if (deferral.epoch != epoch_) return std::nullopt;
  Entry& entry = *by_key_.at(deferral.key);
  HF_ASSERT(entry.state == State::deferred);
  (void)charge(entry, false, now);
  return Report{entry.call.order_id, entry.call.step, entry.state == State::done, entry.reference};
}

void Provider::reset() {
  ++epoch_;
  anomaly_by_kind_and_key_.clear();
  anomalies_.clear();
  accounts_.clear();
  by_order_.clear();
  by_key_.clear();
  entries_.clear();
}

}  // namespace holdfast::psp
