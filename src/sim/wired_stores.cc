#include "sim/wired_stores.h"

namespace holdfast::sim {

namespace {

/// Says that its owner, a coroutine, is gone.
class Presence {
 public:
  Presence() = default;
  ~Presence() { *present_ = false; }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  [[nodiscard]] std::shared_ptr<const bool> flag() const { return present_; }

 private:
  std::shared_ptr<bool> present_ = std::make_shared<bool>(true);
};

OrderDecision while_present(OrderDecision decide, std::shared_ptr<const bool> present) {
  return [decide = std::move(decide),
          present = std::move(present)](const OrderAggregate& aggregate) -> OrderChange {
    if (!*present) throw sqlite::Failure{PortErrorKind::unavailable, "the client is gone"};
    return decide(aggregate);
  };
}

}  // namespace

WiredBook::Answer<std::vector<OrderAggregate>> WiredBook::update_while_waited_for(
    Site site, std::vector<OrderRef> orders, OrderDecision decide) {
  const Presence presence;
  auto guarded = while_present(std::move(decide), presence.flag());
  auto carry_out = [to = links_.book, orders = std::move(orders), guarded = std::move(guarded)] {
    return to->update(orders, guarded);
  };
  co_return co_await wire_.call<std::vector<OrderAggregate>>(site, server_, std::move(carry_out));
}

}  // namespace holdfast::sim
