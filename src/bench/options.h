#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "bench/failure.h"
#include "bench/parts.h"
#include "load/endpoint.h"

namespace holdfast::bench {

inline constexpr std::size_t kSkus = 1'000;
inline constexpr std::int64_t kUnitsPerSku = 10'000'000;
inline constexpr std::uint64_t kMaxOrders = 50'000'000;  // a bound; time ends a run before it
inline constexpr std::chrono::seconds kStartDeadline{60};
inline constexpr std::chrono::seconds kStopDeadline{30};
inline constexpr std::chrono::seconds kCallTimeout{10};
inline constexpr std::chrono::milliseconds kPollEvery{50};
// Of a connection of a closed loop that was refused.
inline constexpr std::chrono::milliseconds kRestWhenRefused{100};
// While a count is polled, the book works on it for at most a tenth of the time.
inline constexpr int kPollShare = 10;

// What was asked for on the command line.
struct Options {
  std::string config;
  std::string stack_dir;
  std::string embedded;  // measure `holdfast dev` on data in this folder; empty: on the servers
  std::string holdfast;
  std::string results;
  double seconds = 20;
  // Of clients that send their next request when they have their answer: more than the disk can
  // answer at once, so that the load is bound by the machine and not by the waiting of a few.
  std::size_t connections = 256;
  bool quick = false;
  bool as_json = false;
  Parts only;  // empty: all
  // The most orders that the book is filled with, when not as many as usual.
  std::optional<std::uint64_t> growth;

  bool wants(Part part) const { return only.empty() || only.contains(part); }
  bool wants_one_of(const Parts& parts) const;
  std::chrono::milliseconds part(double share, double at_least_s) const;
  std::size_t refunds() const { return quick ? 2'000 : 20'000; }
  std::size_t early_refunds() const { return quick ? 1'000 : 10'000; }
  std::uint64_t most_orders_in_book() const { return growth.value_or(quick ? 20'000 : 500'000); }
  // How long everything accepted may take to be completed after the load has ended.
  std::chrono::seconds drain_deadline() const;
};

// What the benchmark needs to know of Holdfast's own configuration: the file's values, or those of
// the environment (which the server inherits) where they are set.
struct Target {
  load::Endpoint endpoint;
  std::string postgres_url;  // empty without servers
};
Result<Target> read_target(const Options& options);

// "0.0.0.0:8080", as a client on this machine reaches it.
Result<load::Endpoint> endpoint_of_listen(const std::string& listen);

}  // namespace holdfast::bench
