#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "domain/assert.h"

namespace holdfast::async {

namespace detail {

/// A completion handler of any type, called at most once, on its own executor.
class Resumption {
 public:
  virtual ~Resumption() = default;
  virtual void resume() = 0;
};

template <class Handler>
class ResumptionOf final : public Resumption {
 public:
  explicit ResumptionOf(Handler handler)
      : executor_(boost::asio::get_associated_executor(handler)), handler_(std::move(handler)) {}
  void resume() override { boost::asio::post(executor_, std::move(handler_)); }

 private:
  boost::asio::associated_executor_t<Handler> executor_;
  Handler handler_;
};

/// Suspends the calling coroutine; `keep` receives what resumes it.
template <class Keep>
boost::asio::awaitable<void> suspend(Keep& keep) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      [&keep](auto handler) {
        using Handler = decltype(handler);
        keep(std::make_unique<ResumptionOf<Handler>>(std::move(handler)));
      },
      boost::asio::use_awaitable);
}

}  // namespace detail

/// A value that comes once, for one waiting coroutine. Lives on one loop.
template <class T>
class Completion {
 public:
  [[nodiscard]] bool is_set() const { return value_.has_value(); }

  /// The first value counts; later ones are dropped. Returns whether this was the first.
  bool set(T value) {
    if (value_) return false;
    value_.emplace(std::move(value));
    if (waiter_) std::exchange(waiter_, nullptr)->resume();
    return true;
  }

  boost::asio::awaitable<T> wait() {
    HF_ASSERT(!waiter_);
    if (!value_) {
      auto keep = [this](std::unique_ptr<detail::Resumption> r) { waiter_ = std::move(r); };
      co_await detail::suspend(keep);
    }
    co_return std::move(*value_);
  }

 private:
  std::optional<T> value_;
  std::unique_ptr<detail::Resumption> waiter_;
};

/// A level that one coroutine waits for and others raise; waiting lowers it. Lives on one loop.
class Signal {
 public:
  void raise() {
    raised_ = true;
    if (waiter_) std::exchange(waiter_, nullptr)->resume();
  }

  boost::asio::awaitable<void> wait() {
    HF_ASSERT(!waiter_);
    if (!raised_) {
      auto keep = [this](std::unique_ptr<detail::Resumption> r) { waiter_ = std::move(r); };
      co_await detail::suspend(keep);
    }
    raised_ = false;
  }

 private:
  bool raised_ = false;
  std::unique_ptr<detail::Resumption> waiter_;
};

}  // namespace holdfast::async
