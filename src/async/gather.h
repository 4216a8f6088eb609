#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "async/completion.h"

namespace holdfast::async {

/// Runs all `tasks` at once on the calling coroutine's executor and returns their values in order.
/// When some throw, one of the exceptions is thrown after all have ended.
template <class T>
boost::asio::awaitable<std::vector<T>> gather(std::vector<boost::asio::awaitable<T>> tasks) {
  struct State {
    std::vector<std::optional<T>> values;
    std::size_t open = 0;
    std::exception_ptr error;
    Completion<bool> done;
  };
  std::vector<T> results;
  if (tasks.empty()) co_return results;
  auto state = std::make_shared<State>();
  state->values.resize(tasks.size());
  state->open = tasks.size();
  const auto executor = co_await boost::asio::this_coro::executor;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    boost::asio::co_spawn(executor, std::move(tasks[i]),
                          [state, i](std::exception_ptr thrown, T value) {
                            if (thrown)
                              state->error = thrown;
                            else
                              state->values[i].emplace(std::move(value));
                            if (--state->open == 0) state->done.set(true);
                          });
  }
  co_await state->done.wait();
  if (state->error) std::rethrow_exception(state->error);
  results.reserve(state->values.size());
  for (auto& value : state->values) results.push_back(std::move(*value));
  co_return results;
}

}  // namespace holdfast::async
