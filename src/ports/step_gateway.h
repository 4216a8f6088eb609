#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "domain/money.h"
#include "domain/step_action.h"

namespace holdfast {

/// One call of a step's other side.
struct StepCall {
  std::string url;               ///< POST here
  std::string idempotency_key;   ///< sent as `Idempotency-Key` and `webhook-id`; the same each time
  std::string body;              ///< JSON
  std::string secret;            ///< Standard Webhooks, `whsec_…`; empty: not signed
  Milliseconds timeout{5'000};   ///< of the whole call, connecting included
  std::size_t concurrency = 16;  ///< of calls to this url's step at a time
};

/// Calls the other sides of steps. Every end is a StepAnswer: 2xx `done`, 202 `awaiting`, 4xx other
/// than 408, 425 and 429 `failed`, and everything else, a lost connection and a timeout too,
/// `unknown`. No redirect is followed and no answer asked for twice; only a request lost with a
/// kept connection, before any answer to it, may be sent once more, under its key and within its
/// timeout. Belongs to one loop.
class StepGateway {
 public:
  virtual ~StepGateway() = default;
  virtual boost::asio::awaitable<StepAnswer> call(StepCall call) = 0;
};

}  // namespace holdfast
