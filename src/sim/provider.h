#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "domain/money.h"
#include "domain/step_action.h"
#include "ports/step_gateway.h"
#include "sim/random.h"
#include "sim/wire.h"

namespace holdfast::sim {

/// The other side of all remote steps. It does a thing once per idempotency key, answers every
/// later call with that key alike, and keeps a record of what it did for checkers to read. How it
/// takes a key depends on the seed and the key alone.
class Provider {
 public:
  struct Record {
    std::string key;
    std::string order_id;
    std::string step;
    bool reverse = false;
    std::int64_t amount = 0;  ///< minor units; of a reverse those given back
    Instant at;
  };

  Provider(std::uint64_t seed, bool troubled) : seed_(seed), troubled_(troubled) {}

  StepAnswer take(const std::string& key, const std::string& body, Instant now);
  /// From here on it takes what it has not yet refused.
  void heal() { troubled_ = false; }

  /// What it did, in order: at most one record per key.
  [[nodiscard]] const std::vector<Record>& records() const { return records_; }

 private:
  /// A reverse came whose caller does not know of its forward: one that comes later is refused.
  /// False: it had been done.
  bool refuse_from_now_on(const std::string& reverse_key);

  std::uint64_t seed_;
  bool troubled_;
  std::map<std::string, StepAnswer> answered_;
  std::map<std::string, int> calls_;  ///< with each key
  std::vector<Record> records_;
};

/// The provider as one process meets it: over its wire.
class WiredGateway final : public StepGateway {
 public:
  WiredGateway(Wire& wire, Server& server, Provider& provider)
      : wire_(wire), server_(server), provider_(provider) {}

  boost::asio::awaitable<StepAnswer> call(StepCall call) override;

 private:
  boost::asio::awaitable<StepAnswer> call_from(Site site, StepCall call);

  Wire& wire_;          // HELD NOT OWNED
  Server& server_;      // HELD NOT OWNED
  Provider& provider_;  // HELD NOT OWNED
};

}  // namespace holdfast::sim
