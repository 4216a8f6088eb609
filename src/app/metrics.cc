#include "app/metrics.h"

#include <prometheus/text_serializer.h>

#include <utility>

namespace holdfast::app {
namespace {

const prometheus::Histogram::BucketBoundaries kSecondsBuckets{
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

constexpr std::size_t kSliceSeconds = 10;

}  // namespace

Metrics::Metrics()
    : requests_(prometheus::BuildCounter()
                    .Name("holdfast_http_requests_total")
                    .Help("Requests answered, by route and status")
                    .Register(registry_)),
      seconds_(prometheus::BuildHistogram()
                   .Name("holdfast_http_request_duration_seconds")
                   .Help("Time from the end of a request's body to its answer")
                   .Register(registry_)) {}

const Metrics::Route& Metrics::route_for(const std::string& method, const std::string& route,
                                         int status) {
  std::string key;
  key.reserve(method.size() + route.size() + 4);
  key.append(method).append(route).append(std::to_string(status));
  const auto found = routes_.find(key);
  if (found != routes_.end()) return found->second;
  const bool places = method == "POST" && route == "/v1/orders";
  Route added{
      &requests_.Add({{"method", method}, {"route", route}, {"status", std::to_string(status)}}),
      &seconds_.Add({{"method", method}, {"route", route}}, kSecondsBuckets), places,
      places && (status == 202 || status == 200)};
  return routes_.emplace(std::move(key), added).first->second;
}

void Metrics::answered(const std::string& method, const std::string& route, int status,
                       std::chrono::microseconds took) {
  const std::scoped_lock lock(mutex_);
  const auto& known = route_for(method, route, status);
  known.count->Increment();
  known.seconds->Observe(std::chrono::duration<double>(took).count());
  request_total_ += 1;
  if (known.accepts) accepted_total_ += 1;
  if (known.places_orders) place_latency_.record(took);
}

void Metrics::watch(const std::string& name, const std::string& help,
                    std::function<double()> read) {
  const std::scoped_lock lock(mutex_);
  auto& gauge = prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add({});
  watched_.emplace_back(&gauge, std::move(read));
}

std::string Metrics::text() {
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [gauge, read] : watched_) gauge->Set(read());
  }
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

void Metrics::sample(double settled, double refunded) {
  const std::scoped_lock lock(mutex_);
  samples_[sampled_++ % kSamples] = {request_total_, accepted_total_, settled, refunded,
                                     std::chrono::steady_clock::now()};
  if (sampled_ % kSliceSeconds == 0) place_latency_.turn();
}

Rates Metrics::rates() const {
  const std::scoped_lock lock(mutex_);
  if (sampled_ < 2) return {};
  const auto& newest = samples_[(sampled_ - 1) % kSamples];
  const auto& oldest = samples_[sampled_ <= kSamples ? 0 : sampled_ % kSamples];
  const double seconds = std::chrono::duration<double>(newest.at - oldest.at).count();
  if (seconds <= 0) return {};
  return {
      (newest.requests - oldest.requests) / seconds, (newest.accepted - oldest.accepted) / seconds,
      (newest.settled - oldest.settled) / seconds, (newest.refunded - oldest.refunded) / seconds};
}

}  // namespace holdfast::app
