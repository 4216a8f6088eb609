#include "sim/scheduler.h"

#include <algorithm>
#include <cstring>

namespace holdfast::sim {

void Scheduler::post(Context& context, std::unique_ptr<Task> task) {
  if (context.is_closed()) return;
  ready_.push_back({&context, std::move(task)});
}

void Scheduler::at(Instant when, Context& context, std::unique_ptr<Task> task) {
  if (context.is_closed()) return;
  timed_.emplace(std::pair(std::max(when, now_), ++sequence_), Ready{&context, std::move(task)});
}

bool Scheduler::step() {
  if (ready_.empty()) {
    if (timed_.empty()) return false;
    now_ = timed_.begin()->first.first;
    while (!timed_.empty() && timed_.begin()->first.first <= now_) {
      ready_.push_back(std::move(timed_.begin()->second));
      timed_.erase(timed_.begin());
    }
  }
  const std::size_t chosen = random_.below(ready_.size());
  std::swap(ready_[chosen], ready_.back());
  const Ready next = std::move(ready_.back());
  ready_.pop_back();
  ++steps_;
  mark(next.context->number());
  mark(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  next.task->run();
  return true;
}

void Scheduler::drop(const Context& context) {
  // What is dropped may drop or post more; the context takes no more by now.
  std::vector<std::unique_ptr<Task>> dropped;
  const auto belongs = [&context](const Ready& ready) { return ready.context == &context; };
  for (auto& ready : ready_) {
    if (belongs(ready)) dropped.push_back(std::move(ready.task));
  }
  std::erase_if(ready_, belongs);
  for (auto& [when, ready] : timed_) {
    if (belongs(ready)) dropped.push_back(std::move(ready.task));
  }
  std::erase_if(timed_, [&belongs](const auto& entry) { return belongs(entry.second); });
}

void Context::close() {
  if (std::exchange(closed_, true)) return;
  scheduler_.drop(*this);
}

boost::asio::awaitable<void> VirtualClock::sleep(Milliseconds duration) {
  return sleep_from(HF_SITE("clock.sleep"), duration);
}

boost::asio::awaitable<void> VirtualClock::sleep_from(Site site, Milliseconds duration) {
  const auto asleep = asleep_.insert(asleep_.end(), site);
  if (on_sleep) on_sleep(duration);
  auto keep = [this, duration](std::unique_ptr<async::detail::Resumption> waiting) {
    auto& scheduler = context_.scheduler();
    scheduler.at(scheduler.now() + duration, context_,
                 make_task([waiting = std::move(waiting)] { waiting->resume(); }));
  };
  co_await async::detail::suspend(keep);
  asleep_.erase(asleep);
}

Uuid SeededIds::next() {
  const std::uint64_t words[2] = {random_.next(), random_.next()};
  std::array<std::uint8_t, 10> randomness{};
  std::memcpy(randomness.data(), words, randomness.size());
  return time_ordered_uuid(clock_.now().time_since_epoch().count(), randomness);
}

}  // namespace holdfast::sim
