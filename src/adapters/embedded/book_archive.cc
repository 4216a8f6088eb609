#include "adapters/embedded/book_archive.h"

#include <boost/json/parse.hpp>
#include <set>
#include <string>
#include <utility>

#include "adapters/embedded/book_archive_rows.h"
#include "adapters/embedded/bus_message.h"
#include "adapters/embedded/order_book_sql.h"
#include "codec/messages.h"

namespace holdfast::embedded {
namespace {

using codec::ArchiveKind;
using codec::ArchiveRecord;
using sqlite::Session;

// Orders that the book may not have: reserved, in the outbox, in the queue or on their way to it.
constexpr std::string_view kUnsettledPayloads =
    "select payload from ledger_journal where expires_at is null order by reserved_at, id";
constexpr std::string_view kOutboxPayloads = "select payload from ledger_outbox order by id";
constexpr std::string_view kQueuedOrders =
    "select body from bus_messages join bus_queues on number = key >> 40 where name = 'orders' "
    "union all select body from bus_delayed join bus_queues on number = queue "
    "where name = 'orders'";
constexpr std::string_view kIsParked =
    "select 1 from book_parked where order_id = ?1 and queue = 'orders'";
constexpr std::string_view kUnrecorded =
    "select 1 from bus_queues where name = 'parked' and length > 0";
constexpr std::string_view kHeadersOfOthers =
    "select headers from bus_messages join bus_queues on number = key >> 40 "
    "where name <> 'orders' union all select headers from bus_delayed join bus_queues "
    "on number = queue where name <> 'orders'";
// The bus makes its tables when it is first used.
constexpr std::string_view kHasBus = "select 1 from sqlite_master where name = 'bus_messages'";

constexpr std::string_view kIsNotEmpty =
    "select 1 where exists (select 1 from book_orders) or exists (select 1 from book_refunds) "
    "or exists (select 1 from book_stock) or exists (select 1 from book_stock_journal) "
    "or exists (select 1 from book_stock_changes) or exists (select 1 from book_points) "
    "or exists (select 1 from book_parked) or exists (select 1 from book_events) "
    "or exists (select 1 from ledger_journal where expires_at is null) "
    "or exists (select 1 from ledger_outbox)";
constexpr std::string_view kForgetGeneration = "delete from book_ledger";

/// Orders that are not in the book, each once.
class Unsettled {
 public:
  Unsettled(Session& session, const BookArchive::Take& take) : session_(session), take_(take) {}

  /// False: `take` ended it.
  bool read() {
    if (!read_payloads(kUnsettledPayloads) || !read_payloads(kOutboxPayloads)) return false;
    return !session_.first<bool>(kHasBus) || read_queue();
  }

 private:
  bool read_payloads(std::string_view sql) {
    auto rows = session_.query(sql);
    while (rows.next()) {
      const auto payload = rows.get<std::string>(0);
      const auto placed = codec::placed_order_from_payload(payload);
      if (!placed) sqlite::reject("the ledger holds an order that cannot be read");
      if (!add(placed->order.id, payload)) return false;
    }
    return true;
  }

  bool read_queue() {
    auto rows = session_.query(kQueuedOrders);
    while (rows.next()) {
      const auto orders = codec::orders_from_message(rows.get<sqlite::Bytes>(0).value);
      if (!orders) {
        sqlite::reject(
            "a message in the queue of orders cannot be read: run `holdfast dev` for a moment, "
            "which parks it");
      }
      for (const auto& incoming : *orders) {
        const auto& [order, generation] = incoming.placed;
        if (!add(order.id, codec::to_payload(order, generation))) return false;
      }
    }
    return true;
  }

  /// What is parked is the operator's, as for the sweep; it goes along as a parked message.
  bool add(const OrderId& order_id, const std::string& payload) {
    if (!seen_.insert(order_id).second) return true;
    if (session_.first<bool>(book::sql::kKnownOrder, order_id)) return true;
    if (session_.first<bool>(kIsParked, order_id)) return true;
    ArchiveRecord record;
    record.kind = ArchiveKind::unsettled;
    record.fields.emplace("order", boost::json::parse(payload));
    return take_(record);
  }

  Session& session_;               // HELD NOT OWNED
  const BookArchive::Take& take_;  // HELD NOT OWNED
  std::set<OrderId> seen_;
};

/// What only a message knows must be in the book first. (Others are wake-ups: the sweep finds what
/// they would have brought on.)
void check_messages(Session& session) {
  if (!session.first<bool>(kHasBus)) return;
  bool waits = session.first<bool>(kUnrecorded).has_value();
  auto rows = session.query(kHeadersOfOthers);
  while (!waits && rows.next()) {
    waits = bus::decode_headers(rows.get<sqlite::Bytes>(0).value).contains(kRetryHeader);
  }
  if (waits) {
    sqlite::reject(
        "messages that were parked, or are sent again, have not been handled yet: run `holdfast "
        "dev` for a moment, its worker not paused");
  }
}

bool read_all(Session& session, const BookArchive::Take& take) {
  check_messages(session);
  for (std::size_t i = 0; i < codec::kArchiveKinds; ++i) {
    const auto kind = static_cast<ArchiveKind>(i);
    const bool goes_on = kind == ArchiveKind::unsettled ? Unsettled(session, take).read()
                                                        : archive::read_rows(session, kind, take);
    if (!goes_on) return false;
  }
  return true;
}

void check_empty(Session& session) {
  const bool queued =
      session.first<bool>(kHasBus) && session.first<sqlite::Bytes>(kQueuedOrders).has_value();
  if (queued || session.first<bool>(kIsNotEmpty)) {
    sqlite::reject("the book is not empty: an import needs a new folder");
  }
}

/// What ends the writing, and with it its transaction.
struct Stopped {
  PortError error;
};

PortError error_of(const sqlite::Failure& failure) {
  return PortError{failure.kind, Effect::none, failure.detail};
}

}  // namespace

PortResult<bool> EmbeddedBookArchive::read(const Take& take) {
  bool whole = false;
  try {
    database_.run_now([&](Session& session) { whole = read_all(session, take); });
  } catch (const sqlite::Failure& failure) {
    return tl::unexpected(error_of(failure));
  }
  return whole;
}

PortResult<void> EmbeddedBookArchive::write(const Next& next) {
  try {
    database_.run_now([&](Session& session) {
      check_empty(session);
      for (;;) {
        auto record = next();
        if (!record) throw Stopped{record.error()};
        if (!*record) break;
        archive::write_row(session, **record);
      }
      session.run(kForgetGeneration);
    });
  } catch (const sqlite::Failure& failure) {
    return tl::unexpected(error_of(failure));
  } catch (const Stopped& stopped) {
    return tl::unexpected(stopped.error);
  }
  return {};
}

}  // namespace holdfast::embedded
