#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "adapters/step_http/step_http_gateway.h"
#include "tests/contract/step_gateway_fixture.h"

namespace holdfast::testing {

/// Always the same moment.
class StandingClock final : public Clock {
 public:
  explicit StandingClock(Instant now) : now_(now) {}
  [[nodiscard]] Instant now() const override { return now_; }
  boost::asio::awaitable<void> sleep(Milliseconds) override { co_return; }

 private:
  Instant now_;
};

/// Gateways whose clocks say 2023-11-14 22:13:20 UTC, 1 700 000 000 s.
class HttpStepHarness final : public StepGatewayHarness {
 public:
  std::unique_ptr<StepGateway> open(boost::asio::any_io_executor executor) override {
    return open_http(std::move(executor));
  }
  void stop(StepGateway& gateway) override {
    dynamic_cast<step_http::StepHttpGateway&>(gateway).stop();
  }
  std::unique_ptr<step_http::StepHttpGateway> open_http(boost::asio::any_io_executor executor) {
    return std::make_unique<step_http::StepHttpGateway>(std::move(executor), clock, options);
  }

  StandingClock clock{Instant{Milliseconds{1'700'000'000'000}}};
  step_http::StepHttpOptions options;
};

/// Base of the tests that only calls over HTTP have.
class StepHttpFixture : public ::testing::Test, public StepGatewayFixture {
 protected:
  using Gateway = step_http::StepHttpGateway;

  Gateway& gateway() {
    if (!gateway_) gateway_ = harness_.open_http(loop_.get_executor());
    return *gateway_;
  }
  StepAnswer ask(StepCall what) { return call(gateway(), std::move(what)); }
  void TearDown() override {
    if (gateway_) gateway_->stop();
    gateway_.reset();
    loop_.restart();
    loop_.poll();
  }

  HttpStepHarness harness_;
  std::unique_ptr<Gateway> gateway_;
};

}  // namespace holdfast::testing
