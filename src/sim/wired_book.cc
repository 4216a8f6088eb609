#include "sim/wired_book.h"

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

/// As when a constraint is broken by what is to be written of an order.
OrderDecision unless_refused(OrderDecision decide, Network& network) {
  return [decide = std::move(decide), &network](const OrderAggregate& aggregate) -> OrderChange {
    auto change = decide(aggregate);
    const auto id = aggregate.order.id.to_string();
    const bool writes = change.order.has_value() || !change.refunds.empty();
    if (writes && network.faults.of_order(OrderFault::update, id, network.scheduler.now())) {
      throw sqlite::Failure{PortErrorKind::constraint, "the book refuses the order"};
    }
    return change;
  };
}

tl::unexpected<PortError> broken_constraint() {
  PortError error;
  error.kind = PortErrorKind::constraint;
  error.effect = Effect::none;
  error.detail = "the book refuses the order";
  return tl::unexpected<PortError>(std::move(error));
}

}  // namespace

WiredBook::Answer<SettleResult> WiredBook::settle_unless_refused(
    Network& network, std::shared_ptr<embedded::EmbeddedOrderBook> book, SettlementBatch batch) {
  for (const auto& settlement : *batch) {
    const auto id = settlement.order.id.to_string();
    if (network.faults.of_order(OrderFault::settlement, id, network.scheduler.now())) {
      co_return broken_constraint();
    }
  }
  co_return co_await book->settle(std::move(batch));
}

WiredBook::Answer<std::vector<OrderAggregate>> WiredBook::update_while_waited_for(
    Site site, std::vector<OrderRef> orders, OrderDecision decide) {
  const Presence presence;
  auto guarded = while_present(unless_refused(std::move(decide), wire_.network()), presence.flag());
  auto carry_out = [to = links_.book, orders = std::move(orders), guarded = std::move(guarded)] {
    return to->update(orders, guarded);
  };
  co_return co_await wire_.call<std::vector<OrderAggregate>>(site, server_, std::move(carry_out));
}

}  // namespace holdfast::sim
