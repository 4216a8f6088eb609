#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "codec/archive_file.h"
#include "domain/progress.h"
#include "flows/events.h"
#include "ports/book_archive.h"
#include "ports/order_book.h"

namespace holdfast::flows {

/// What an archive holds, as it was met.
class ArchiveSummary {
 public:
  void add(const codec::ArchiveRecord& record);
  [[nodiscard]] std::uint64_t count(codec::ArchiveKind kind) const {
    return counts_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::uint64_t points_accounts() const { return points_accounts_; }
  [[nodiscard]] std::uint64_t records() const { return records_; }

 private:
  codec::ArchiveCounts counts_{};
  std::uint64_t records_ = 0;
  std::uint64_t points_accounts_ = 0;
  std::string last_account_;
};

/// Told of each record.
using ArchiveProgress = std::function<void(const ArchiveSummary& so_far)>;

/// Writes all of `book` into `to`, which is ended by it. `rejected`: it does not take all of it.
PortResult<ArchiveSummary> export_book(BookArchive& book, codec::ArchiveWriter& to,
                                       const ArchiveProgress& progress);

/// Puts an archive into an empty book. Orders that were accepted and not settled are settled on the
/// way, by the decision that a worker would take: they are in the book with all the others when the
/// ledger is built from it, so that their stock is not sold again before their messages come, and
/// their repeats are known. One that the book has not the units for is cancelled as
/// `stock_mismatch`, as a worker would.
///
/// The archive is read twice: `examine`, then `write` on a reader at its beginning again.
class BookImport {
 public:
  struct Options {
    StepPolicy policy;
    EventWriter events;
    Instant now;
  };
  explicit BookImport(Options options) : options_(std::move(options)) {}

  /// Reads all of it and changes nothing. The error says what is wrong with the archive.
  codec::Decoded<ArchiveSummary> examine(codec::ArchiveReader& from);
  /// One transaction of `book`.
  PortResult<void> write(codec::ArchiveReader& from, BookArchive& book,
                         const ArchiveProgress& progress);
  /// Orders that `examine` found no units for.
  [[nodiscard]] std::size_t refused() const { return refused_.size(); }

 private:
  struct Units {
    std::int64_t on_hand = 0;
    std::int64_t sold = 0;      ///< by orders settled on the way
    std::int64_t returned = 0;  ///< likewise
  };

  [[nodiscard]] Settlement settle(const codec::PlacedOrder& placed) const;
  void take_units(const codec::PlacedOrder& placed);
  /// What is to be written in place of a record, in order.
  [[nodiscard]] std::vector<codec::ArchiveRecord> written_for(codec::ArchiveRecord record) const;
  [[nodiscard]] codec::ArchiveRecord audit() const;

  Options options_;
  codec::ArchiveHeader header_;
  ArchiveSummary summary_;
  std::map<std::string, Units> units_;  ///< by SKU
  std::set<OrderId> refused_;
};

}  // namespace holdfast::flows
