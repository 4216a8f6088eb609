#pragma once

#include <functional>
#include <optional>

#include "codec/archive_record.h"
#include "ports/errors.h"

namespace holdfast {

/// Everything that a book durably knows, taken out of it and put into an empty one. For a command
/// that has the book to itself: both refuse (`rejected`) while another process of Holdfast uses it,
/// and keep any from starting on it. They block, on one thread, without a deadline: a book may be
/// of any size, and nobody else waits.
///
/// What is known for the ledger only, its generation and what was seen of it, is no part of an
/// archive: the ledger is rebuilt from the book that was written.
class BookArchive {
 public:
  /// Gets the next record; false ends the reading.
  using Take = std::function<bool(const codec::ArchiveRecord& record)>;
  /// The next record to be written, unset after the last.
  using Next = std::function<PortResult<std::optional<codec::ArchiveRecord>>()>;

  virtual ~BookArchive() = default;

  /// One consistent snapshot, by kind, each kind in an order that writing it again keeps. Changes
  /// nothing. False: `take` ended it.
  virtual PortResult<bool> read(const Take& take) = 0;
  /// All or nothing, in one transaction; the ledger counts as never built after it. Refuses
  /// (`rejected`) a book that is not empty, but for plans and audit. `unsettled` is for flows to
  /// settle and not taken here. An error of `next` is returned, and nothing is written. Only a
  /// connection that is lost while it commits leaves Effect::unknown: a second call tells.
  virtual PortResult<void> write(const Next& next) = 0;
};

}  // namespace holdfast
