#pragma once

#include <array>
#include <cstdint>
#include <istream>
#include <optional>
#include <ostream>
#include <string>

#include "codec/archive_record.h"
#include "domain/digest.h"

namespace holdfast::codec {

/// An archive of a book as a text: JSON Lines. The first line says what it is, the last one how
/// many records of each kind stand between them and the SHA-256 of all lines before it, so that a
/// file that was cut or altered is known before anything is done with it.

struct ArchiveHeader {
  std::string version;  ///< of the program that wrote it
  Instant exported_at;
};

/// Records by kind.
using ArchiveCounts = std::array<std::uint64_t, kArchiveKinds>;

class ArchiveWriter {
 public:
  /// Writes the header. `out` must live on; it says itself whether it takes what is written.
  ArchiveWriter(std::ostream& out, const ArchiveHeader& header);
  /// False: `out` has failed.
  bool add(const ArchiveRecord& record);
  /// Writes the last line and flushes. False: `out` has not taken all of it.
  bool end();

 private:
  void write(std::string line);

  std::ostream& out_;  // HELD NOT OWNED
  ArchiveCounts counts_{};
  Sha256 digest_;
};

class ArchiveReader {
 public:
  /// `in` stands at the beginning and must live on.
  explicit ArchiveReader(std::istream& in) : in_(in) {}

  /// First: reads the header.
  Decoded<ArchiveHeader> open();
  /// Unset after the last record, when the last line says that these are all, unaltered.
  Decoded<std::optional<ArchiveRecord>> next();

 private:
  Decoded<boost::json::value> read_line();
  [[nodiscard]] std::string place() const { return "line " + std::to_string(line_) + ": "; }
  Decoded<std::optional<ArchiveRecord>> check_end(const boost::json::value& end);

  std::istream& in_;  // HELD NOT OWNED
  std::uint64_t line_ = 0;
  ArchiveCounts counts_{};
  Sha256 digest_;
  std::string text_;  ///< the line read last, not yet in the digest
};

}  // namespace holdfast::codec
