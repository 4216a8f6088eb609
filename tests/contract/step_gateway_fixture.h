#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "ports/step_gateway.h"
#include "tests/contract/step_gateway_server.h"
#include "tests/support/run_coroutine.h"

/// What tests of a step gateway want; the contract suite itself is in step_gateway_contract.h.
namespace holdfast::testing {

using namespace std::chrono_literals;

/// Makes the gateway under test.
class StepGatewayHarness {
 public:
  virtual ~StepGatewayHarness() = default;
  virtual std::unique_ptr<StepGateway> open(boost::asio::any_io_executor executor) = 0;
  virtual void stop(StepGateway& gateway) = 0;
};

using StepGatewayFactory = std::function<std::unique_ptr<StepGatewayHarness>()>;

/// Any call that waits for `kPatient` instead of its end has failed the test.
inline constexpr Milliseconds kPatient{20'000};

inline StepCall step_call(std::string url, std::string key = "o-1/payment/forward") {
  StepCall call;
  call.url = std::move(url);
  call.idempotency_key = std::move(key);
  call.body = R"({"amount":1})";
  call.timeout = kPatient;
  return call;
}

inline std::string numbered_key(int number) {
  return "o-" + std::to_string(number) + "/payment/forward";
}

/// Server scripts.
inline StepServer::Script answers(std::string response) {
  return [response = std::move(response)](Peer& peer, const SeenRequest&) { peer.send(response); };
}
/// Says this much and then nothing, until the client goes.
inline StepServer::Script falls_silent_after(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer, const SeenRequest&) {
    peer.send(bytes);
    peer.stay_silent();
  };
}
inline StepServer::Script closes_after(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer, const SeenRequest&) {
    peer.send(bytes);
    peer.close();
  };
}

/// The helpers that tests of any gateway want; also the base of an adapter's own tests.
class StepGatewayFixture {
 public:
  using Pending = std::shared_ptr<std::optional<StepAnswer>>;
  static constexpr auto kDeadline = 20s;

  StepAnswer call(StepGateway& gateway, StepCall what) {
    return testing::run(loop_, gateway.call(std::move(what)), kDeadline + 5s);
  }

  Pending start(StepGateway& gateway, StepCall what) {
    auto pending = std::make_shared<std::optional<StepAnswer>>();
    boost::asio::co_spawn(loop_, gateway.call(std::move(what)),
                          [pending](std::exception_ptr thrown, StepAnswer answer) {
                            if (thrown) std::rethrow_exception(thrown);
                            pending->emplace(std::move(answer));
                          });
    return pending;
  }

  template <class Predicate>
  [[nodiscard]] bool wait_until(Predicate holds) {
    const auto until = std::chrono::steady_clock::now() + kDeadline;
    while (!holds()) {
      if (std::chrono::steady_clock::now() >= until) return false;
      loop_.restart();
      loop_.run_for(2ms);
      std::this_thread::yield();
    }
    return true;
  }
  [[nodiscard]] bool ended(const Pending& pending) {
    return wait_until([&] { return pending->has_value(); });
  }

 protected:
  boost::asio::io_context loop_{1};
};

}  // namespace holdfast::testing
