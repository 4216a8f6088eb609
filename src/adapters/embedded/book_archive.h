#pragma once

#include "adapters/sqlite/database.h"
#include "ports/book_archive.h"

namespace holdfast::embedded {

/// The archive of an embedded book, whose file is open in this process alone. It reads the ledger's
/// and the bus's tables too: an order that only they have is an `unsettled` record. Refuses to read
/// while a message waits to be recorded as parked, or is sent again after it was, which only a
/// running process can bring on, and to write where ledger or bus hold orders.
class EmbeddedBookArchive final : public BookArchive {
 public:
  /// `database` has the book's and the ledger's tables, performs nothing else, and must live on.
  explicit EmbeddedBookArchive(sqlite::Database& database) : database_(database) {}

  PortResult<bool> read(const Take& take) override;
  PortResult<void> write(const Next& next) override;

 private:
  sqlite::Database& database_;  // HELD NOT OWNED
};

}  // namespace holdfast::embedded
