#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "app/latency.h"

namespace holdfast::app {

/// Rates over the last ten seconds, from totals sampled once a second.
struct Rates {
  double requests = 0;
  double accepted = 0;
  double settled = 0;
  double refunded = 0;
};

/// What the process counts, for `/metrics` and `/v1/status`. Shared by all loops; thread-safe.
/// No label carries an order, user or SKU.
class Metrics {
 public:
  Metrics();

  void answered(const std::string& method, const std::string& route, int status,
                std::chrono::microseconds took);
  /// A total kept elsewhere, read when the metrics are asked for.
  void watch(const std::string& name, const std::string& help, std::function<double()> read);

  /// Prometheus text format 0.0.4.
  std::string text();

  /// Samples the totals; call it once a second.
  void sample(double settled, double refunded);
  [[nodiscard]] Rates rates() const;
  [[nodiscard]] const LatencyWindow& place_latency() const { return place_latency_; }

 private:
  struct Route {
    prometheus::Counter* count;
    prometheus::Histogram* seconds;
    bool places_orders;
    bool accepts;
  };
  struct Sample {
    double requests = 0;
    double accepted = 0;
    double settled = 0;
    double refunded = 0;
    std::chrono::steady_clock::time_point at;
  };
  const Route& route_for(const std::string& method, const std::string& route, int status);

  static constexpr std::size_t kSamples = 11;

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& seconds_;
  std::unordered_map<std::string, Route> routes_;
  std::vector<std::pair<prometheus::Gauge*, std::function<double()>>> watched_;
  LatencyWindow place_latency_;
  double request_total_ = 0;
  double accepted_total_ = 0;
  std::array<Sample, kSamples> samples_{};
  std::size_t sampled_ = 0;
  mutable std::mutex mutex_;  ///< guards all above but the registry and place_latency_
};

}  // namespace holdfast::app
