#include "adapters/embedded/order_book_jobs.h"
#include "adapters/embedded/order_book_page.h"
#include "adapters/embedded/order_book_rows.h"
#include "adapters/embedded/order_book_sql.h"
#include "codec/storable.h"

namespace holdfast::embedded::book {
namespace {

using sqlite::Bytes;
using sqlite::Rows;

ParkedGroup read_group(Rows& row) {
  ParkedGroup group;
  group.queue = row.take<QueueName>();
  group.reason = row.take<std::string>();
  group.count = row.take<std::int64_t>();
  group.oldest_at = row.take<Instant>();
  return group;
}

Event read_event(Rows& row) {
  Event event;
  event.id = row.take<Uuid>();
  event.type = row.take<std::string>();
  event.body = row.take<std::string>();
  event.at = row.take<Instant>();
  return event;
}

}  // namespace

void record_parked(Session& session, const std::vector<ParkedMessage>& messages) {
  for (const auto& message : one_per_subject(messages)) {
    session.run(sql::kRecordParked, message.id, message.queue, message.reason, message.subject,
                message.order_id, message.refund_id, message.step, message.attempts,
                message.first_at, message.last_at, codec::storable(message.detail),
                Bytes{message.body});
  }
}

Page<ParkedMessage> list_parked(Session& session, const ParkedFilter& filter,
                                const PageRequest& page) {
  const auto before = begin_of(page, kParkedList);
  auto messages = read_all<ParkedMessage>(
      session.query(sql::kListParked, before.at, before.id, read_limit(page), filter.id,
                    filter.queue, filter.reason, filter.order_id),
      read_parked);
  return page_of(std::move(messages), page, [](const ParkedMessage& message) {
    return codec::encode_cursor({kParkedList, message.first_at, message.id.to_string()});
  });
}

std::vector<ParkedGroup> parked_groups(Session& session) {
  return read_all<ParkedGroup>(session.query(sql::kParkedGroups), read_group);
}

std::vector<ParkedMessage> claim_parked(Session& session, const ParkedFilter& filter,
                                        std::size_t limit, Instant now, Milliseconds lease) {
  auto messages = read_all<ParkedMessage>(
      session.query(sql::kUnclaimedParked, now, limit, filter.id, filter.queue, filter.reason,
                    filter.order_id, filter.last_before),
      read_parked);
  for (const auto& message : messages) session.run(sql::kClaimParked, message.id, now + lease);
  return messages;
}

void remove_parked(Session& session, const std::vector<Uuid>& ids, const AuditEntry& audit) {
  for (const auto& id : ids) session.run(sql::kRemoveParked, id);
  record_audit(session, audit);
}

void record_events(Session& session, const std::vector<Event>& events) {
  for (const auto& event : events) {
    session.run(sql::kInsertEvent, event.id, event.type, codec::storable(event.body), event.at);
  }
}

std::vector<Event> pending_events(Session& session, std::size_t limit) {
  return read_all<Event>(session.query(sql::kPendingEvents, limit), read_event);
}

void delete_events(Session& session, const std::vector<Uuid>& event_ids) {
  for (const auto& id : event_ids) session.run(sql::kDeleteEvent, id);
}

void record_audit(Session& session, const AuditEntry& entry) {
  session.run(sql::kRecordAudit, entry.actor, entry.action, entry.detail, entry.at);
}

}  // namespace holdfast::embedded::book
