#include "app/system_clock.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <cstring>

namespace holdfast::app {

Instant SystemClock::now() const {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
}

boost::asio::awaitable<void> SystemClock::sleep(Milliseconds duration) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, duration);
  boost::system::error_code cancelled;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
}

std::uint64_t SystemIds::seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32U) | device();
}

Uuid SystemIds::next() {
  const auto now = std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
  std::uint64_t words[2];
  {
    const std::lock_guard lock(mutex_);
    words[0] = random_();
    words[1] = random_();
  }
  std::array<std::uint8_t, 10> randomness{};
  std::memcpy(randomness.data(), words, randomness.size());
  return time_ordered_uuid(now.time_since_epoch().count(), randomness);
}

}  // namespace holdfast::app
