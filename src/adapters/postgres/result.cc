#include "adapters/postgres/result.h"

#include <algorithm>
#include <charconv>

#include "adapters/postgres/failure.h"

namespace holdfast::postgres {

std::int64_t Result::changed() const {
  const std::string_view text = PQcmdTuples(result_.get());
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

std::string_view RowReader::bytes() {
  if (column_ >= PQnfields(result_) || is_null()) {
    throw rejected("column " + std::to_string(column_) + " of an answer is missing or null");
  }
  const auto length = static_cast<std::size_t>(PQgetlength(result_, row_, column_));
  const std::string_view value(PQgetvalue(result_, row_, column_), length);
  ++column_;
  return value;
}

std::string_view RowReader::bytes_of_size(std::size_t size) {
  const auto value = bytes();
  if (value.size() != size) {
    throw rejected("column " + std::to_string(column_ - 1) + " of an answer has another type");
  }
  return value;
}

std::int64_t RowReader::Reader<std::int64_t>::read(RowReader& row) {
  std::uint64_t bits = 0;
  for (const char byte : row.bytes_of_size(8)) {
    bits = (bits << 8U) | static_cast<std::uint8_t>(byte);
  }
  return static_cast<std::int64_t>(bits);
}

Uuid RowReader::Reader<Uuid>::read(RowReader& row) {
  Uuid uuid;
  const auto bytes = row.bytes_of_size(uuid.bytes.size());
  std::transform(bytes.begin(), bytes.end(), uuid.bytes.begin(),
                 [](char byte) { return static_cast<std::uint8_t>(byte); });
  return uuid;
}

Instant RowReader::Reader<Instant>::read(RowReader& row) {
  const auto since_epoch_us = row.get<std::int64_t>() + detail::kEpochOffset_us;
  return std::chrono::floor<Milliseconds>(
      std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(since_epoch_us)));
}

Json RowReader::Reader<Json>::read(RowReader& row) {
  auto text = row.bytes();
  if (text.empty()) throw rejected("a jsonb column is empty");
  text.remove_prefix(1);  // the version of the binary format
  return Json{std::string(text)};
}

}  // namespace holdfast::postgres
