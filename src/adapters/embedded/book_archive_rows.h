#pragma once

#include <functional>

#include "adapters/embedded/order_book_rows.h"
#include "adapters/sqlite/session.h"
#include "codec/archive_record.h"

namespace holdfast::embedded::archive {

/// All rows of a kind, which is not `unsettled`, one after the other; `take` says whether to go on.
/// False: it did not. Throws Failure (rejected) when a column cannot be read.
bool read_rows(sqlite::Session& session, codec::ArchiveKind kind,
               const std::function<bool(const codec::ArchiveRecord&)>& take);

/// Writes one row. Throws Failure, also for a record that is not whole.
void write_row(sqlite::Session& session, const codec::ArchiveRecord& record);

}  // namespace holdfast::embedded::archive
