#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports/step_gateway.h"
#include "tests/stack/faulty_ports.h"
#include "tests/support/scripted_gateway.h"

namespace holdfast::testing {

/// The other sides of all steps, outliving the processes that call them: an effect takes place
/// once per idempotency key, and whatever breaks the rules of reverses (I4) is noted.
class OtherSide {
 public:
  /// The process dies at the next call: before the other side has it, or before its answer comes.
  void crash_next(Fault fault) { next_ = fault; }
  /// Final no of every forward of `step`.
  void refuse(const std::string& step) { refused_.insert(step); }

  StepAnswer take(const StepCall& call) {
    const auto fault = std::exchange(next_, Fault::none);
    if (fault == Fault::crash_before) throw Crash("before the call " + call.idempotency_key);
    auto answer = answer_of(call.idempotency_key, call.body);
    if (fault == Fault::crash_after) throw Crash("after the call " + call.idempotency_key);
    return answer;
  }
  StepAnswer answer_of(const std::string& key, const std::string& body) {
    calls_[key] += 1;
    const auto forward = forward_of(key);
    if (key != forward) return reverse(key, forward, body);
    if (refused_.contains(step_of(key)) || closed_.contains(key)) return ScriptedGateway::failed();
    effects_.insert(key);
    return ScriptedGateway::done("ref-" + step_of(key));
  }

  void serve(ScriptedGateway& gateway) {
    for (const auto* step : {"payment", "parcel", "buyer_pays"}) {
      for (const auto direction : {Direction::forward, Direction::reverse}) {
        gateway.always(step, direction, [this](const StepCall& call) { return take(call); });
      }
    }
  }

  [[nodiscard]] bool has(const std::string& key) const { return effects_.contains(key); }
  [[nodiscard]] int calls(const std::string& key) const {
    const auto found = calls_.find(key);
    return found == calls_.end() ? 0 : found->second;
  }
  /// Keys of one order that have taken effect.
  [[nodiscard]] std::vector<std::string> effects_of(const std::string& order_id) const {
    std::vector<std::string> found;
    for (const auto& key : effects_) {
      if (key.starts_with(order_id + "/")) found.push_back(key.substr(order_id.size() + 1));
    }
    return found;
  }
  [[nodiscard]] const std::vector<std::string>& anomalies() const { return anomalies_; }

 private:
  /// `<order_id>/<step>/forward` or `<order_id>/<step>/reverse/<cause>`.
  static std::string forward_of(const std::string& key) {
    const auto direction_at = key.find('/', key.find('/') + 1);
    return key.substr(0, direction_at) + "/forward";
  }
  static std::string step_of(const std::string& key) {
    const auto step_at = key.find('/') + 1;
    return key.substr(step_at, key.find('/', step_at) - step_at);
  }

  StepAnswer reverse(const std::string& key, const std::string& forward, const std::string& body) {
    const bool unknown = body.find(R"("forward_unknown":true)") != std::string::npos;
    if (unknown) closed_.insert(forward);
    if (!effects_.contains(forward)) {
      if (!unknown) anomalies_.push_back("nothing to reverse: " + key);
      return ScriptedGateway::done("nothing", 0);
    }
    // One cause takes all of it back in these tests: another one would give it back twice.
    for (const auto& other : effects_) {
      const bool same_step = other != forward && forward_of(other) == forward;
      if (same_step && other != key) anomalies_.push_back("reversed twice: " + key);
    }
    effects_.insert(key);
    return ScriptedGateway::done("back-" + step_of(key));
  }

  Fault next_ = Fault::none;
  std::set<std::string> refused_;  // steps
  std::set<std::string> closed_;   // forward keys that must not come any more
  std::set<std::string> effects_;
  std::map<std::string, int> calls_;
  std::vector<std::string> anomalies_;
};

}  // namespace holdfast::testing
