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
  // Owned by the tasks until the last of them ends, and by the caller only then: a caller that
  // owned it while waiting would own its own resumption, and outlive its loop.
  struct State {
    std::vector<std::optional<T>> values;
    std::size_t open = 0;
    std::exception_ptr error;
    Completion<bool> done;
    std::shared_ptr<State>* ended = nullptr;
  };
  std::vector<T> results;
  if (tasks.empty()) co_return results;
  std::shared_ptr<State> ended;
  auto state = std::make_shared<State>();
  state->values.resize(tasks.size());
  state->open = tasks.size();
  state->ended = &ended;
  const auto executor = co_await boost::asio::this_coro::executor;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    boost::asio::co_spawn(executor, std::move(tasks[i]),
                          [state, i](std::exception_ptr thrown, T value) {
                            if (thrown)
                              state->error = thrown;
                            else
                              state->values[i].emplace(std::move(value));
                            if (--state->open != 0) return;
                            *state->ended = state;
                            state->done.set(true);
                          });
  }
  State* const waiting = state.get();
  state.reset();
  if (!ended) co_await waiting->done.wait();
  if (ended->error) std::rethrow_exception(ended->error);
  results.reserve(ended->values.size());
  for (auto& value : ended->values) results.push_back(std::move(*value));
  co_return results;
}

}  // namespace holdfast::async
