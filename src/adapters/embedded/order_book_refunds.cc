#include "adapters/embedded/order_book_jobs.h"
#include "adapters/embedded/order_book_page.h"
#include "adapters/embedded/order_book_rows.h"
#include "adapters/embedded/order_book_sql.h"

namespace holdfast::embedded::book {
namespace {

std::vector<Refund> read_list(Session& session, const RefundFilter& filter,
                              const PageRequest& page) {
  const auto before = begin_of(page, kRefundsList);
  const auto limit = read_limit(page);
  const auto status = filter.status ? std::optional(to_string(*filter.status)) : std::nullopt;
  if (filter.order_id) {
    return read_all<Refund>(session.query(sql::kListRefundsOfOrder, before.at, before.id, limit,
                                          status, *filter.order_id),
                            read_refund);
  }
  // Most refunds are done: a list of those is read by time.
  const bool few_by_status = filter.status && *filter.status != RefundStatus::refunded;
  const auto query = few_by_status ? sql::kListRefundsByStatus : sql::kListRefunds;
  return read_all<Refund>(session.query(query, before.at, before.id, limit, status), read_refund);
}

Unreleased read_unreleased(sqlite::Rows& row) {
  Unreleased unreleased;
  unreleased.refund = read_refund(row);
  unreleased.user_id = row.take<UserId>();
  return unreleased;
}

}  // namespace

std::optional<Refund> find_refund(Session& session, const RefundId& refund_id) {
  return read_first<Refund>(session.query(sql::kFindRefund, refund_id), read_refund);
}

std::vector<Refund> refunds_of(Session& session, const OrderId& order_id) {
  return read_all<Refund>(session.query(sql::kRefundsOfOrder, order_id), read_refund);
}

Page<Refund> list_refunds(Session& session, const RefundFilter& filter, const PageRequest& page) {
  return page_of(read_list(session, filter, page), page, [](const Refund& refund) {
    return codec::encode_cursor({kRefundsList, refund.requested_at, refund.id.to_string()});
  });
}

std::vector<Refund> due_refunds(Session& session, Instant now, std::size_t limit) {
  return read_all<Refund>(session.query(sql::kDueRefunds, now, limit), read_refund);
}

std::vector<Unreleased> unreleased_refunds(Session& session, Instant reversed_before,
                                           std::size_t limit) {
  return read_all<Unreleased>(session.query(sql::kUnreleasedRefunds, reversed_before, limit),
                              read_unreleased);
}

void mark_released(Session& session, const std::vector<RefundId>& refund_ids) {
  for (const auto& refund_id : refund_ids) session.run(sql::kMarkRefundReleased, refund_id);
}

}  // namespace holdfast::embedded::book
