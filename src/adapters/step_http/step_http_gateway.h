#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

#include "adapters/step_http/options.h"
#include "ports/clock.h"
#include "ports/step_gateway.h"

namespace holdfast::step_http {

class Caller;

/// Calls steps over HTTP/1.1 by libcurl. Owns a thread with the connections, which are kept for the
/// next call. Every call and every resumption is on the thread of `executor`, which must run one
/// handler at a time. `stop` must come before the end of the executor's context.
///
/// No more than `concurrency` calls of one URL are under way; the others wait in the order they
/// came, and their timeout runs from when they are sent. TLS is verified; no proxy is used.
///
/// A kept connection that turns out to be closed before a line of the answer has come is no answer
/// yet: libcurl sends the request once more on another one, under the same key and deadline.
class StepHttpGateway final : public StepGateway {
 public:
  /// `clock` tells the time in `webhook-timestamp`.
  StepHttpGateway(boost::asio::any_io_executor executor, const Clock& clock,
                  StepHttpOptions options = {});
  ~StepHttpGateway() override;
  StepHttpGateway(const StepHttpGateway&) = delete;
  StepHttpGateway& operator=(const StepHttpGateway&) = delete;

  boost::asio::awaitable<StepAnswer> call(StepCall call) override;
  /// Ends what is under way or waits, as `unknown`; calls from now on are `unknown` at once.
  void stop();

 private:
  struct Loop;

  const Clock& clock_;  // HELD NOT OWNED
  const StepHttpOptions options_;
  std::shared_ptr<Loop> loop_;
  std::unique_ptr<Caller> caller_;
};

}  // namespace holdfast::step_http
