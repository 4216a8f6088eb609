#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

namespace holdfast::testing {

/// Runs `loop` until `task` has ended and returns its value. Throws what it threw, or
/// std::runtime_error when it has not ended within `deadline`.
template <class T>
T run(boost::asio::io_context& loop, boost::asio::awaitable<T> task,
      std::chrono::milliseconds deadline = std::chrono::seconds(30)) {
  std::optional<T> value;
  std::exception_ptr error;
  bool ended = false;
  boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr thrown, T result) {
    error = thrown;
    if (!thrown) value.emplace(std::move(result));
    ended = true;
  });
  loop.restart();
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (!ended && std::chrono::steady_clock::now() < until) {
    loop.run_one_until(until);
    if (loop.stopped()) loop.restart();
  }
  if (!ended) throw std::runtime_error("coroutine has not ended within its deadline");
  if (error) std::rethrow_exception(error);
  return std::move(*value);
}

}  // namespace holdfast::testing
