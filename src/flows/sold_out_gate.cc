#include "flows/sold_out_gate.h"

namespace holdfast::flows {
namespace {

constexpr std::size_t kMany = 1'024;  // SKUs, before those are forgotten that are on sale again

}  // namespace

bool SoldOutGate::is_recent(Instant then, Instant now) const {
  // A clock that was set back must not keep it closed.
  return then <= now && now < then + open_after_;
}

bool SoldOutGate::is_closed(const Look& look, Instant now) const {
  return is_recent(look.asked_at, now) || (look.asking_at && is_recent(*look.asking_at, now));
}

void SoldOutGate::saw(const std::vector<Shortage>& shortages, Instant asked_at) {
  if (sold_out_.size() >= kMany) {
    std::erase_if(sold_out_, [&](const auto& one) { return !is_closed(one.second, asked_at); });
  }
  for (const auto& shortage : shortages) {
    if (shortage.available.units != 0) continue;
    sold_out_.insert_or_assign(shortage.sku, Look{asked_at, std::nullopt});
  }
}

std::optional<Shortage> SoldOutGate::shortage_of(const OrderRequest& request, Instant now) {
  if (request.lines.size() != 1) return std::nullopt;
  const auto& line = request.lines.front();
  const auto found = sold_out_.find(line.sku);
  if (found == sold_out_.end()) return std::nullopt;
  if (!is_closed(found->second, now)) {
    found->second.asking_at = now;
    return std::nullopt;
  }
  return Shortage{line.sku, line.quantity, Quantity{0}};
}

}  // namespace holdfast::flows
