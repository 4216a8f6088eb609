#include "codec/archive_file.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "codec/json_reader.h"

namespace holdfast::codec {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr const char* kFormatKey = "holdfast_export";
constexpr const char* kEndKey = "end";
constexpr const char* kCut = "the file is cut: its last line is missing";

json::object to_json(const ArchiveCounts& counts) {
  json::object object;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) object[to_string(static_cast<ArchiveKind>(i))] = counts[i];
  }
  return object;
}

}  // namespace

ArchiveWriter::ArchiveWriter(std::ostream& out, const ArchiveHeader& header) : out_(out) {
  const json::object line{{kFormatKey, kFormat},
                          {"version", header.version},
                          {"exported_at", to_rfc3339(header.exported_at)}};
  write(json::serialize(line));
}

bool ArchiveWriter::add(const ArchiveRecord& record) {
  ++counts_[static_cast<std::size_t>(record.kind)];
  write(to_line(record));
  return out_.good();
}

bool ArchiveWriter::end() {
  const json::object end{{"counts", to_json(counts_)}, {"sha256", digest_.hex()}};
  out_ << json::serialize(json::object{{kEndKey, end}}) << '\n' << std::flush;
  return out_.good();
}

void ArchiveWriter::write(std::string line) {
  line.push_back('\n');
  digest_.add(line);
  out_.write(line.data(), static_cast<std::streamsize>(line.size()));
}

Decoded<ArchiveHeader> ArchiveReader::open() {
  const auto line = read_line();
  const auto* object = line ? line->if_object() : nullptr;
  if (object == nullptr || !object->contains(kFormatKey)) {
    return fault("this is no export of Holdfast");
  }
  Reader reader(*line);
  const auto format = reader.integer(kFormatKey);
  if (!reader.error() && format != kFormat) {
    return fault("the export is of format " + std::to_string(format) +
                 ", which this version does not know");
  }
  ArchiveHeader header;
  header.version = reader.text("version");
  header.exported_at = reader.instant("exported_at");
  if (reader.error()) return fault(place() + *reader.error());
  digest_.add(text_);
  return header;
}

Decoded<std::optional<ArchiveRecord>> ArchiveReader::next() {
  auto line = read_line();
  if (!line) return tl::unexpected(line.error());
  if (const auto* object = line->if_object()) {
    if (const auto* end = object->if_contains(kEndKey)) return check_end(*end);
  }
  auto record = record_from_json(std::move(*line));
  if (!record) return fault(place() + record.error().detail);
  ++counts_[static_cast<std::size_t>(record->kind)];
  digest_.add(text_);
  return std::optional(std::move(*record));
}

// A line whose end is missing was cut, whatever can be read of it.
Decoded<json::value> ArchiveReader::read_line() {
  ++line_;
  if (!std::getline(in_, text_)) return fault(kCut);
  if (in_.eof()) return fault(kCut);
  text_.push_back('\n');
  json::error_code error;
  auto value = json::parse({text_.data(), text_.size()}, error);
  if (error) return fault(place() + "not JSON: " + error.message());
  return value;
}

Decoded<std::optional<ArchiveRecord>> ArchiveReader::check_end(const json::value& end) {
  Reader reader(end);
  const auto digest = reader.text("sha256");
  if (reader.error()) return fault(place() + *reader.error());
  const auto* counts = end.get_object().if_contains("counts");
  if (digest != digest_.hex() || counts == nullptr || *counts != json::value(to_json(counts_))) {
    return fault("the file was altered: its lines do not give the SHA-256 that its last line says");
  }
  if (in_.peek() != std::istream::traits_type::eof()) {
    return fault("the file goes on after its last line");
  }
  return std::optional<ArchiveRecord>{};
}

}  // namespace holdfast::codec
