#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "app/metrics.h"
#include "app/parts.h"
#include "flows/rebuild.h"
#include "flows/reconciliation.h"
#include "http/services.h"

namespace holdfast::app {

/// What the worker has done about remote steps since it started.
struct StepCounts {
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;       ///< calls without an answer that settles anything
  std::uint64_t open_breakers = 0;  ///< steps whose other side fails at present
};

/// The worker of this process, as the API sees it from its own loop. Counters may be read from
/// any thread.
class WorkerControl {
 public:
  virtual ~WorkerControl() = default;
  virtual boost::asio::awaitable<PortResult<void>> set_paused(bool paused) = 0;
  [[nodiscard]] virtual bool paused() const = 0;
  [[nodiscard]] virtual std::uint64_t settled() const = 0;
  [[nodiscard]] virtual std::uint64_t mismatched() const = 0;
  [[nodiscard]] virtual std::uint64_t refunded() const = 0;
  [[nodiscard]] virtual StepCounts steps() const = 0;
};

/// What the API says and does about the process itself. One per API loop.
class AppOperations final : public http::Operations {
 public:
  AppOperations(Parts& parts, flows::Reconciliation& reconciliation, flows::Rebuild& rebuild,
                Metrics& metrics, WorkerControl* worker, std::string name_space);

  boost::asio::awaitable<flows::Outcome<bool>> pause_worker() override;
  boost::asio::awaitable<flows::Outcome<bool>> resume_worker() override;
  boost::asio::awaitable<flows::Outcome<flows::ReconciliationReport>> repair(
      std::string actor) override;
  boost::asio::awaitable<std::vector<http::Readiness>> readiness() override;
  boost::asio::awaitable<boost::json::object> status() override;
  std::string metrics() override;
  void answered(const std::string& method, const std::string& route, int status,
                std::chrono::microseconds took) override;

 private:
  boost::asio::awaitable<flows::Outcome<bool>> set_paused(bool paused);
  boost::json::object rates() const;
  boost::asio::awaitable<boost::json::object> queues_now();

  Parts& parts_;
  flows::Reconciliation& reconciliation_;
  flows::Rebuild& rebuild_;
  Metrics& metrics_;
  WorkerControl* worker_;
  std::string name_space_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace holdfast::app
