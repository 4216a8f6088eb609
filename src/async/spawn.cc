#include "async/spawn.h"

#include <boost/asio/co_spawn.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace holdfast::async {

void spawn(boost::asio::any_io_executor executor, boost::asio::awaitable<void> task,
           std::string name) {
  boost::asio::co_spawn(executor, std::move(task), [name](std::exception_ptr thrown) {
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "holdfast: %s ended by an exception: %s\n", name.c_str(), error.what());
    } catch (...) {
      std::fprintf(stderr, "holdfast: %s ended by an unknown exception\n", name.c_str());
    }
    std::abort();
  });
}

}  // namespace holdfast::async
