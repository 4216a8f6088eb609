#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <thread>

#include "adapters/embedded/broker.h"
#include "adapters/sqlite/database.h"
#include "app/config.h"
#include "app/stores.h"
#include "app/system_clock.h"

namespace holdfast::app {

/// All stores in one SQLite file of one folder, written by a thread of its own. For one process:
/// while it runs no other can open the file.
class EmbeddedBackend final : public Backend {
 public:
  /// Nothing is opened before `prepare`.
  EmbeddedBackend(const Config& config, std::string folder);
  ~EmbeddedBackend() override;
  EmbeddedBackend(const EmbeddedBackend&) = delete;
  EmbeddedBackend& operator=(const EmbeddedBackend&) = delete;

  /// The file that a folder for data has everything in.
  static std::string file_in(const std::string& folder);

  int prepare() override;
  std::unique_ptr<Stores> open(boost::asio::io_context& loop, Clock& clock,
                               std::size_t book_connections) override;

 private:
  void open_file();
  bool store_plans();

  const Config& config_;
  std::string folder_;
  boost::asio::io_context writer_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keeps_open_;
  SystemClock clock_;
  std::unique_ptr<sqlite::Database> database_;
  std::unique_ptr<embedded::Broker> broker_;
  std::thread thread_;
};

}  // namespace holdfast::app
