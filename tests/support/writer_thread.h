#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

namespace holdfast::testing {

/// A loop with a thread of its own, which ends with it; what is still posted then is not run.
class WriterThread {
 public:
  WriterThread() = default;
  ~WriterThread() {
    loop_.stop();
    thread_.join();
  }
  WriterThread(const WriterThread&) = delete;
  WriterThread& operator=(const WriterThread&) = delete;

  boost::asio::any_io_executor executor() { return loop_.get_executor(); }

 private:
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
      boost::asio::make_work_guard(loop_);
  std::thread thread_{[this] { loop_.run(); }};
};

}  // namespace holdfast::testing
