#include "flows/sold_out_gate.h"

namespace holdfast::flows {
namespace {

constexpr std::size_t kMany = 1'024;  // SKUs, before those are forgotten that are on sale again

}  // namespace

bool SoldOutGate::is_closed(Instant seen_at, Instant now) const {
  // A clock that was set back must not keep it closed.
  return seen_at <= now && now < seen_at + open_after_;
}

void SoldOutGate::saw(const std::vector<Shortage>& shortages, Instant asked_at) {
  if (sold_out_.size() >= kMany) {
    std::erase_if(sold_out_, [&](const auto& one) { return !is_closed(one.second, asked_at); });
  }
  for (const auto& shortage : shortages) {
    if (shortage.available.units == 0) sold_out_.insert_or_assign(shortage.sku, asked_at);
  }
}

std::optional<Shortage> SoldOutGate::shortage_of(const OrderRequest& request, Instant now) const {
  if (request.lines.size() != 1) return std::nullopt;
  const auto& line = request.lines.front();
  const auto found = sold_out_.find(line.sku);
  if (found == sold_out_.end() || !is_closed(found->second, now)) return std::nullopt;
  return Shortage{line.sku, line.quantity, Quantity{0}};
}

}  // namespace holdfast::flows
