#pragma once

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/completion.h"
#include "domain/money.h"
#include "ports/clock.h"
#include "sim/random.h"
#include "sim/site.h"

namespace holdfast::sim {

class Context;

/// Something to be run once.
class Task {
 public:
  virtual ~Task() = default;
  virtual void run() = 0;
};

template <class F>
class TaskOf final : public Task {
 public:
  explicit TaskOf(F function) : function_(std::move(function)) {}
  void run() override { std::move(function_)(); }

 private:
  F function_;
};

template <class F>
std::unique_ptr<Task> make_task(F&& function) {
  return std::make_unique<TaskOf<std::decay_t<F>>>(std::forward<F>(function));
}

/// Virtual time, and all that is ready to run or waits for its time, of every context. One thread:
/// what runs next is drawn from the ready tasks by the seed; time moves when nothing is ready.
class Scheduler {
 public:
  Scheduler(Random random, Instant start) : random_(random), now_(start) {}

  [[nodiscard]] Instant now() const { return now_; }
  void post(Context& context, std::unique_ptr<Task> task);
  void at(Instant when, Context& context, std::unique_ptr<Task> task);
  /// Runs one task. False: there is none, now or later.
  bool step();
  /// A hash over what ran, when and in which order.
  [[nodiscard]] std::uint64_t trace() const { return trace_; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  friend class Context;
  struct Ready {
    Context* context;
    std::unique_ptr<Task> task;
  };
  void drop(const Context& context);
  void mark(std::uint64_t value) { trace_ = (trace_ ^ value) * 0x100000001b3U; }

  Random random_;
  Instant now_;
  std::uint64_t sequence_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t trace_ = 0xcbf29ce484222325U;
  std::vector<Ready> ready_;
  std::map<std::pair<Instant, std::uint64_t>, Ready> timed_;
};

/// One participant's tasks, an execution context of Asio. Closed, it runs nothing more and drops
/// what it had: a process that died.
class Context final : public boost::asio::execution_context {
 public:
  class Executor;

  Context(Scheduler& scheduler, std::uint32_t number) : scheduler_(scheduler), number_(number) {}
  ~Context() { close(); }

  Executor executor();
  void close();
  [[nodiscard]] bool is_closed() const { return closed_; }
  [[nodiscard]] std::uint32_t number() const { return number_; }
  Scheduler& scheduler() { return scheduler_; }

 private:
  Scheduler& scheduler_;
  std::uint32_t number_;
  bool closed_ = false;
};

class Context::Executor {
 public:
  explicit Executor(Context& context) : context_(&context) {}

  Context& query(boost::asio::execution::context_t) const noexcept { return *context_; }
  static constexpr boost::asio::execution::blocking_t query(
      boost::asio::execution::blocking_t) noexcept {
    return boost::asio::execution::blocking.never;
  }
  [[nodiscard]] Executor require(boost::asio::execution::blocking_t::never_t) const noexcept {
    return *this;
  }
  template <class F>
  void execute(F&& function) const {
    context_->scheduler().post(*context_, make_task(std::forward<F>(function)));
  }
  friend bool operator==(const Executor& left, const Executor& right) noexcept {
    return left.context_ == right.context_;
  }
  friend bool operator!=(const Executor& left, const Executor& right) noexcept {
    return !(left == right);
  }

 private:
  Context* context_;
};

inline Context::Executor Context::executor() {
  return Executor(*this);
}

/// Waits in virtual time; its reading may be off, as a machine's clock may be.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Context& context) : context_(context) {}

  [[nodiscard]] Instant now() const override { return context_.scheduler().now() + skew_; }
  boost::asio::awaitable<void> sleep(Milliseconds duration) override;
  /// Where those who sleep called from.
  [[nodiscard]] const std::list<Site>& asleep() const { return asleep_; }
  void jump(Milliseconds by) { skew_ += by; }
  /// Told of each sleep as it begins.
  std::function<void(Milliseconds duration)> on_sleep{};

 private:
  boost::asio::awaitable<void> sleep_from(Site site, Milliseconds duration);

  Context& context_;  // HELD NOT OWNED
  Milliseconds skew_{0};
  std::list<Site> asleep_;
};

/// Version 7 UUIDs of virtual time and the seed.
class SeededIds final : public Ids {
 public:
  SeededIds(const Clock& clock, Random random) : clock_(clock), random_(random) {}
  Uuid next() override;

 private:
  const Clock& clock_;  // HELD NOT OWNED
  Random random_;
};

}  // namespace holdfast::sim
