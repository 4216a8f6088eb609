#pragma once

#include "codec/archive_record.h"
#include "ports/order_book.h"

namespace holdfast::flows {

/// Parts of a settlement as the records that an archive has of them.
codec::ArchiveRecord archived(const Order& order);
codec::ArchiveRecord archived(const StockMovement& movement);
codec::ArchiveRecord archived(const PointsMovement& movement);
codec::ArchiveRecord archived(const Event& event);
codec::ArchiveRecord archived(const AuditEntry& entry);

}  // namespace holdfast::flows
