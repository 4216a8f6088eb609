#include "flows/book_move.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "domain/decide_settlement.h"
#include "flows/archived.h"
#include "flows/settlement.h"

namespace holdfast::flows {
namespace {

using codec::ArchiveKind;
using codec::ArchiveRecord;

PortError unreadable(const codec::DecodeError& error) {
  return PortError{PortErrorKind::rejected, Effect::none, error.detail};
}

std::int64_t integer_of(const ArchiveRecord& record, const char* field) {
  return record.fields.at(field).as_int64();
}

codec::PlacedOrder placed_of(const ArchiveRecord& record) {
  return codec::placed_order_from_json(record.fields.at("order")).value();
}

}  // namespace

void ArchiveSummary::add(const ArchiveRecord& record) {
  ++records_;
  ++counts_[static_cast<std::size_t>(record.kind)];
  if (record.kind != ArchiveKind::points_movement) return;
  // Those of one account stand together.
  auto account = codec::text_of(record, "user_id");
  if (count(ArchiveKind::points_movement) == 1 || account != last_account_) ++points_accounts_;
  last_account_ = std::move(account);
}

PortResult<ArchiveSummary> export_book(BookArchive& book, codec::ArchiveWriter& to,
                                       const ArchiveProgress& progress) {
  ArchiveSummary summary;
  const auto read = book.read([&](const ArchiveRecord& record) {
    summary.add(record);
    progress(summary);
    return to.add(record);
  });
  if (!read) return tl::unexpected(read.error());
  if (!*read || !to.end()) {
    return tl::unexpected(PortError{PortErrorKind::rejected, Effect::none,
                                    "the export cannot be written: is the disk full?"});
  }
  return summary;
}

codec::Decoded<ArchiveSummary> BookImport::examine(codec::ArchiveReader& from) {
  auto header = from.open();
  if (!header) return tl::unexpected(header.error());
  header_ = std::move(*header);
  for (;;) {
    const auto record = from.next();
    if (!record) return tl::unexpected(record.error());
    if (!*record) return summary_;
    summary_.add(**record);
    if ((*record)->kind == ArchiveKind::sku) {
      const auto on_hand = integer_of(**record, "loaded") - integer_of(**record, "sold") +
                           integer_of(**record, "returned");
      units_[codec::text_of(**record, "sku")].on_hand = on_hand;
    } else if ((*record)->kind == ArchiveKind::unsettled) {
      take_units(placed_of(**record));
    }
  }
}

void BookImport::take_units(const codec::PlacedOrder& placed) {
  const auto& lines = placed.order.lines;
  const bool enough = std::all_of(lines.begin(), lines.end(), [this](const OrderLine& line) {
    const auto units = units_.find(line.sku.value);
    return units != units_.end() && units->second.on_hand >= line.quantity.units;
  });
  if (!enough) refused_.insert(placed.order.id);
  for (const auto& movement : settle(placed).stock) {
    auto& units = units_[movement.sku.value];
    units.on_hand += movement.delta;
    units.sold += movement.sold;
    units.returned += movement.returned;
  }
}

Settlement BookImport::settle(const codec::PlacedOrder& placed) const {
  codec::IncomingOrder incoming{"", placed};
  if (refused_.contains(placed.order.id)) {
    // The ledger that is yet to be built has taken nothing for it.
    const Refusal refusal{CancelReason::stock_mismatch, nullptr, false};
    return std::move(refusal_of(incoming, refusal, options_.now).front());
  }
  auto decided = decide_settlement(placed.order, options_.policy, options_.now);
  return settlement_of(incoming, std::move(decided), options_.now);
}

std::vector<ArchiveRecord> BookImport::written_for(ArchiveRecord record) const {
  std::vector<ArchiveRecord> records;
  if (record.kind != ArchiveKind::unsettled) {
    const auto units =
        record.kind == ArchiveKind::sku ? units_.find(codec::text_of(record, "sku")) : units_.end();
    if (units != units_.end()) {
      record.fields["sold"] = integer_of(record, "sold") + units->second.sold;
      record.fields["returned"] = integer_of(record, "returned") + units->second.returned;
    }
    records.push_back(std::move(record));
    return records;
  }
  auto settlement = settle(placed_of(record));
  records.push_back(archived(settlement.order));
  for (auto& movement : settlement.stock) {
    // As every book journals it, so that a SKU's orders are found by the time they were placed.
    if (movement.kind == MovementKind::order) movement.at = settlement.order.placed_at;
    records.push_back(archived(movement));
  }
  for (const auto& movement : settlement.points) records.push_back(archived(movement));
  for (const auto& event : options_.events.of_settlement(settlement.order)) {
    records.push_back(archived(event));
  }
  return records;
}

ArchiveRecord BookImport::audit() const {
  AuditEntry entry;
  entry.actor = "holdfast";
  entry.action = "book.import";
  entry.detail = "of " + codec::to_rfc3339(header_.exported_at) + ", by version " +
                 header_.version + ": " + std::to_string(summary_.records()) + " records";
  entry.at = options_.now;
  return archived(entry);
}

PortResult<void> BookImport::write(codec::ArchiveReader& from, BookArchive& book,
                                   const ArchiveProgress& progress) {
  if (const auto header = from.open(); !header) {
    return tl::unexpected(unreadable(header.error()));
  }
  ArchiveSummary so_far;
  std::deque<ArchiveRecord> ready;
  bool ended = false;
  return book.write([&]() -> PortResult<std::optional<ArchiveRecord>> {
    while (ready.empty() && !ended) {
      auto record = from.next();
      if (!record) return tl::unexpected(unreadable(record.error()));
      ended = !*record;
      if (ended) {
        ready.push_back(audit());
        break;
      }
      so_far.add(**record);
      progress(so_far);
      for (auto& written : written_for(std::move(**record))) ready.push_back(std::move(written));
    }
    if (ready.empty()) return std::optional<ArchiveRecord>{};
    std::optional<ArchiveRecord> first = std::move(ready.front());
    ready.pop_front();
    return first;
  });
}

}  // namespace holdfast::flows
