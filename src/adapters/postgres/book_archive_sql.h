#pragma once

#include <string>

#include "codec/archive_record.h"

namespace holdfast::postgres::archive {

/// The rows of a kind, which is not `unsettled`, each as the JSON text of its record's fields.
std::string select_of(codec::ArchiveKind kind);

/// Writes the records of one kind whose fields $1, a JSON array, has, in its order.
std::string insert_of(codec::ArchiveKind kind);

}  // namespace holdfast::postgres::archive
