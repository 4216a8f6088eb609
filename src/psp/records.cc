#include <boost/json/array.hpp>

#include "codec/order_json.h"
#include "psp/provider.h"

// What the provider knows, as JSON.

namespace holdfast::psp {

namespace json = boost::json;

std::vector<const Provider::Entry*> Provider::entries(
    std::optional<std::string_view> order_id) const {
  std::vector<const Entry*> found;
  if (order_id) {
    const auto at = by_order_.find(std::string(*order_id));
    if (at != by_order_.end()) found = at->second;
    return found;
  }
  found.reserve(entries_.size());
  for (const Entry& entry : entries_) found.push_back(&entry);
  return found;
}

Totals Provider::totals_of(const std::vector<const Entry*>& entries) {
  Totals totals;
  for (const Entry* entry : entries) {
    const bool forward = entry->call.direction == Direction::forward;
    totals.calls += entry->calls;
    totals.declined += entry->state == State::declined ? 1 : 0;
    totals.refused += entry->state == State::refused ? 1 : 0;
    if (entry->state != State::done) continue;
    if (forward) {
      ++totals.charges;
      totals.charged += entry->call.amount;
    } else {
      ++totals.refunds;
      totals.refunded += entry->given;
    }
  }
  return totals;
}

Totals Provider::totals() const {
  Totals totals = totals_of(entries(std::nullopt));
  totals.anomalies = anomalies_.size();
  return totals;
}

json::object Provider::to_json(const Entry& entry) const {
  const bool forward = entry.call.direction == Direction::forward;
  json::object object{{"key", entry.call.key},
                      {"order_id", entry.call.order_id},
                      {"step", entry.call.step},
                      {"amount", forward ? entry.call.amount : entry.given},
                      {"currency", entry.call.currency},
                      {"reference", entry.reference},
                      {"calls", entry.calls},
                      {"at", codec::to_rfc3339(entry.at)}};
  if (!forward) {
    const auto account = accounts_.find(entry.call.account());
    const bool charged = account != accounts_.end() && account->second.charge != nullptr;
    object["cause"] = entry.call.cause;
    object["charge_key"] = charged ? json::value(account->second.charge->call.key) : nullptr;
  }
  return object;
}

json::object Provider::records(std::optional<std::string_view> order_id) const {
  json::array charges;
  json::array refunds;
  const auto found = entries(order_id);
  for (const Entry* entry : found) {
    if (entry->state != State::done) continue;
    (entry->call.direction == Direction::forward ? charges : refunds).push_back(to_json(*entry));
  }
  json::array anomalies;
  for (const Anomaly& anomaly : anomalies_) {
    if (order_id && anomaly.order_id != *order_id) continue;
    anomalies.push_back({{"kind", anomaly.kind},
                         {"key", anomaly.key},
                         {"order_id", anomaly.order_id},
                         {"step", anomaly.step},
                         {"detail", anomaly.detail},
                         {"calls", anomaly.calls},
                         {"at", codec::to_rfc3339(anomaly.at)}});
  }
  const Totals totals = totals_of(found);
  return {{"charges", std::move(charges)},
          {"refunds", std::move(refunds)},
          {"declined", totals.declined},
          {"refused", totals.refused},
          {"anomalies", std::move(anomalies)},
          {"totals",
           {{"charged", totals.charged},
            {"refunded", totals.refunded},
            {"charges", totals.charges},
            {"refunds", totals.refunds},
            {"calls", totals.calls}}}};
}

}  // namespace holdfast::psp
