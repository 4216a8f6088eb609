#include "sim/wired_ledger.h"

namespace holdfast::sim {

WiredLedger::Answer<ReserveResult> WiredLedger::reserve_watched(
    Network& network, std::shared_ptr<embedded::EmbeddedStockLedger> ledger,
    ReserveRequest request) {
  Sale sale;
  sale.order_id = request.order_id.to_string();
  sale.asked_under = request.generation;
  sale.open_before = network.ledger_generation();
  auto result = co_await ledger->reserve(std::move(request));
  sale.open_after = network.ledger_generation();
  if (result && result->outcome == ReserveOutcome::reserved) {
    network.sales.push_back(std::move(sale));
  }
  co_return result;
}

}  // namespace holdfast::sim
