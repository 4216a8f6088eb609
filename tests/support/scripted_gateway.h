#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "domain/step_action.h"
#include "ports/step_gateway.h"

namespace holdfast::testing {

/// A call that a ScriptedGateway keeps back until the test lets it go. Lives on the gateway's loop.
class HeldCall {
 public:
  explicit HeldCall(const boost::asio::any_io_executor& executor)
      : timer_(executor, boost::asio::steady_timer::time_point::max()) {}

  /// The call has come, and waits unless it was released before that.
  [[nodiscard]] bool reached() const { return reached_; }
  /// The call ends with its scripted answer, or with this one.
  void release(std::optional<StepAnswer> instead = std::nullopt) {
    released_ = true;
    instead_ = std::move(instead);
    timer_.cancel();
  }

 private:
  friend class ScriptedGateway;

  boost::asio::steady_timer timer_;  // wakes the call; a context that ends takes the waiter along
  bool reached_ = false;
  bool released_ = false;
  std::optional<StepAnswer> instead_;
};

/// A step's other sides as a test scripts them, told apart by step and direction, which a call's
/// idempotency key names. Unless scripted, a call is `done`, with the reference `ref-<n>` for the
/// n-th key that has come to that answer, again for the same key: as a real other side would do.
/// Lives on one loop.
class ScriptedGateway final : public StepGateway {
 public:
  using Answer = std::function<StepAnswer(const StepCall&)>;

  explicit ScriptedGateway(boost::asio::any_io_executor executor)
      : executor_(std::move(executor)) {}

  /// One more answer in the queue of `step`: each call takes one.
  void next(const std::string& step, Direction direction, StepAnswer answer) {
    sides_[{step, direction}].queue.push_back(std::move(answer));
  }
  /// What calls of `step` get while its queue is empty; `nullptr`: the default again.
  void always(const std::string& step, Direction direction, Answer answer) {
    sides_[{step, direction}].always = std::move(answer);
  }
  void always(const std::string& step, Direction direction, const StepAnswer& answer) {
    always(step, direction, [answer](const StepCall&) { return answer; });
  }
  /// Keeps the next call of `step` back that is not kept back yet. It has its answer, and its
  /// effect on the other side, when it comes; what is kept back is that we hear of it.
  std::shared_ptr<HeldCall> hold(const std::string& step, Direction direction) {
    auto held = std::make_shared<HeldCall>(executor_);
    sides_[{step, direction}].holds.push_back(held);
    return held;
  }

  /// All calls that have come, in order.
  [[nodiscard]] const std::vector<StepCall>& calls() const { return calls_; }
  [[nodiscard]] std::vector<StepCall> calls(const std::string& step, Direction direction) const {
    std::vector<StepCall> some;
    for (const auto& call : calls_) {
      if (side_of(call.idempotency_key) == SideName{step, direction}) some.push_back(call);
    }
    return some;
  }
  /// Their keys, in order.
  [[nodiscard]] std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    for (const auto& call : calls_) keys.push_back(call.idempotency_key);
    return keys;
  }
  /// Calls that have come and have not ended.
  [[nodiscard]] std::size_t open() const { return *open_; }
  void forget_calls() { calls_.clear(); }

  boost::asio::awaitable<StepAnswer> call(StepCall call) override {
    calls_.push_back(call);
    Side& side = sides_[side_of(call.idempotency_key)];
    StepAnswer answer = answer_of(side, call);
    const Opened opened(open_);
    if (!side.holds.empty()) {
      const auto held = std::move(side.holds.front());
      side.holds.pop_front();
      held->reached_ = true;
      boost::system::error_code cancelled;
      while (!held->released_) {
        co_await held->timer_.async_wait(
            boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
      }
      if (held->instead_) answer = *held->instead_;
    }
    co_return answer;
  }

  static StepAnswer done(std::string reference, std::optional<std::int64_t> amount = {}) {
    StepAnswer answer;
    answer.kind = StepAnswerKind::done;
    answer.reference = std::move(reference);
    answer.amount = amount;
    return answer;
  }
  static StepAnswer failed(std::string detail = "HTTP/1.1 409 Conflict") {
    StepAnswer answer;
    answer.kind = StepAnswerKind::failed;
    answer.detail = std::move(detail);
    return answer;
  }
  static StepAnswer declined() {
    StepAnswer answer = failed("HTTP/1.1 402 Payment Required");
    answer.payment_declined = true;
    return answer;
  }
  static StepAnswer awaiting() {
    StepAnswer answer;
    answer.kind = StepAnswerKind::awaiting;
    return answer;
  }
  static StepAnswer unknown(std::string detail = "Operation timed out after 5000 milliseconds") {
    StepAnswer answer;
    answer.kind = StepAnswerKind::unknown;
    answer.detail = std::move(detail);
    return answer;
  }

 private:
  using SideName = std::pair<std::string, Direction>;
  struct Side {
    std::deque<StepAnswer> queue;
    Answer always;
    std::deque<std::shared_ptr<HeldCall>> holds;
  };
  /// Counts a call as open, for as long as its coroutine lives.
  class Opened {
   public:
    explicit Opened(std::shared_ptr<std::size_t> count) : count_(std::move(count)) { ++*count_; }
    ~Opened() { --*count_; }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

   private:
    std::shared_ptr<std::size_t> count_;
  };

  /// `<order_id>/<step>/forward` or `<order_id>/<step>/reverse/<cause>`.
  static SideName side_of(const std::string& key) {
    const auto step_at = key.find('/');
    const auto direction_at = step_at == std::string::npos ? step_at : key.find('/', step_at + 1);
    if (direction_at == std::string::npos) throw std::runtime_error("no step's key: " + key);
    const auto end = key.find('/', direction_at + 1);
    const auto direction =
        parse_direction(std::string_view(key).substr(direction_at + 1, end - direction_at - 1));
    if (!direction) throw std::runtime_error("no step's key: " + key);
    return {key.substr(step_at + 1, direction_at - step_at - 1), *direction};
  }

  StepAnswer answer_of(Side& side, const StepCall& call) {
    if (!side.queue.empty()) {
      auto answer = std::move(side.queue.front());
      side.queue.pop_front();
      return answer;
    }
    if (side.always) return side.always(call);
    const auto number = references_.size() + 1;
    const auto [known, is_new] =
        references_.try_emplace(call.idempotency_key, "ref-" + std::to_string(number));
    return done(known->second);
  }

  boost::asio::any_io_executor executor_;
  std::map<SideName, Side> sides_;
  std::map<std::string, std::string> references_;  // by key
  std::vector<StepCall> calls_;
  std::shared_ptr<std::size_t> open_ = std::make_shared<std::size_t>(0);
};

}  // namespace holdfast::testing
