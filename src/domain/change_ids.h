#pragma once

#include <string>

#include "domain/ids.h"

namespace holdfast {

/// The names under which the ledger applies each change of stock at most once. The prefixes keep a
/// shop's own adjustment id from standing for a refund.
ChangeId refund_change(const RefundId& refund_id);
ChangeId adjustment_change(const std::string& adjustment_id);
ChangeId reservation_change(const ReservationId& reservation_id);

}  // namespace holdfast
