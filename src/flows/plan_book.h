#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/plan.h"
#include "ports/order_book.h"

namespace holdfast::flows {

/// A step that is carried out by somebody else, and the plan whose queue brings it on.
struct RemoteStep {
  PlanName plan;
  PlanStep step;
};

/// The plans that orders run through: those configured, and every older version that an order may
/// be pinned to, which the book keeps. A step's webhook secret and concurrency are those configured
/// now, if the step still is. One per loop.
class PlanBook {
 public:
  PlanBook(OrderBook& book, std::vector<Plan> configured);

  /// Reads what the book keeps. Until it has succeeded once, only configured plans are known.
  boost::asio::awaitable<PortResult<void>> load();
  /// The step as it was when the plan had this version; looks into the book for what is not known.
  /// Unset: the book has no such plan, or the plan no such step.
  boost::asio::awaitable<PortResult<std::optional<PlanStep>>> find(PlanName plan,
                                                                   std::string version,
                                                                   StepName step);
  /// Each (plan, step) that is brought on by messages once, in its newest version.
  [[nodiscard]] std::vector<RemoteStep> remote_steps() const;

 private:
  using Key = std::pair<std::string, std::string>;  // plan, version

  void learn(Plan plan);
  [[nodiscard]] std::optional<PlanStep> known_step(const Key& key, const StepName& name) const;

  OrderBook& book_;  // HELD NOT OWNED
  std::vector<Plan> configured_;
  std::map<Key, Plan> plans_;
};

}  // namespace holdfast::flows
