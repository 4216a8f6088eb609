#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <string>

namespace holdfast::async {

/// Runs `task` on `executor` until it ends. An exception that leaves it is a bug of ours: it is
/// printed with `name` and the process aborts; what was under way is found again after a restart.
void spawn(boost::asio::any_io_executor executor, boost::asio::awaitable<void> task,
           std::string name);

}  // namespace holdfast::async
