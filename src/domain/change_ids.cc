#include "domain/change_ids.h"

namespace holdfast {

ChangeId refund_change(const RefundId& refund_id) {
  return ChangeId{"refund:" + refund_id.to_string()};
}

ChangeId adjustment_change(const std::string& adjustment_id) {
  return ChangeId{"adjustment:" + adjustment_id};
}

ChangeId reservation_change(const ReservationId& reservation_id) {
  return ChangeId{"reservation:" + reservation_id.to_string()};
}

}  // namespace holdfast
