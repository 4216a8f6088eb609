#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "psp/chance.h"
#include "psp/provider.h"

namespace holdfast::psp {

/// Where Holdfast takes reports, by plain HTTP.
struct ReportTarget {
  std::string host = "127.0.0.1";  ///< an IPv6 address without its brackets
  std::string port = "8080";
  std::string path;  ///< before `/v1/orders/...`; empty or with a leading slash, without a trailing
  std::string key;   ///< sent as a bearer token; empty for none
};

/// Tells Holdfast what became of deferred charges. A report is sent again, ever later, while the
/// answer is missing or says that asking again may help; then it is given up, as Holdfast asks by
/// itself in the end. On one loop; its coroutines keep it alive.
class Reporter : public std::enable_shared_from_this<Reporter> {
 public:
  struct Counts {
    std::uint64_t waiting = 0;
    std::uint64_t delivered = 0;  ///< answered 2xx
    std::uint64_t refused = 0;    ///< answered 4xx
    std::uint64_t given_up = 0;
  };

  Reporter(boost::asio::any_io_executor executor, ReportTarget target, Chance chance);

  void send(Report report);
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct Pending {
    Report report;
    unsigned attempts = 0;  ///< made so far
  };
  void enqueue(Pending pending);
  static boost::asio::awaitable<void> drain(std::shared_ptr<Reporter> self);
  static boost::asio::awaitable<void> enqueue_later(std::shared_ptr<Reporter> self,
                                                    Pending pending);
  void note(Pending pending, unsigned status);
  /// The status, or 0 where no answer came.
  boost::asio::awaitable<unsigned> attempt(const Report& report);
  [[nodiscard]] std::string authority() const;

  boost::asio::any_io_executor executor_;
  ReportTarget target_;
  Chance chance_;
  std::deque<Pending> queue_;  ///< due now; those that pause wait in coroutines of their own
  unsigned sending_ = 0;
  Counts counts_;
};

}  // namespace holdfast::psp
