#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/postgres/encoding.h"

namespace holdfast::postgres {

/// The rows a statement returned, in binary format. Owns the PGresult.
class Result {
 public:
  explicit Result(PGresult* result) : result_(result) {}
  [[nodiscard]] int rows() const { return PQntuples(result_.get()); }
  [[nodiscard]] PGresult* get() const { return result_.get(); }
  /// Rows inserted, updated or deleted.
  [[nodiscard]] std::int64_t changed() const;

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

/// Reads one row from its first column on. Throws Failure (rejected, no effect) when a column is
/// null or of another size than the type asked for: then query and code do not fit together.
class RowReader {
 public:
  RowReader(const Result& result, int row) : result_(result.get()), row_(row) {}

  template <class T>
  T get() {
    return Reader<T>::read(*this);
  }

 private:
  template <class T>
  struct Reader;

  [[nodiscard]] bool is_null() const { return PQgetisnull(result_, row_, column_) == 1; }
  std::string_view bytes();
  std::string_view bytes_of_size(std::size_t size);

  const PGresult* result_;
  int row_;
  int column_ = 0;
};

template <>
struct RowReader::Reader<std::int64_t> {
  static std::int64_t read(RowReader& row);
};
template <>
struct RowReader::Reader<bool> {
  static bool read(RowReader& row) { return row.bytes_of_size(1).front() != '\0'; }
};
template <>
struct RowReader::Reader<std::string> {
  static std::string read(RowReader& row) { return std::string(row.bytes()); }
};
template <>
struct RowReader::Reader<Uuid> {
  static Uuid read(RowReader& row);
};
template <>
struct RowReader::Reader<Instant> {
  static Instant read(RowReader& row);
};
template <>
struct RowReader::Reader<Json> {
  static Json read(RowReader& row);
};
template <>
struct RowReader::Reader<Bytes> {
  static Bytes read(RowReader& row) { return Bytes{std::string(row.bytes())}; }
};
template <>
struct RowReader::Reader<Money> {
  static Money read(RowReader& row) { return Money{row.get<std::int64_t>()}; }
};
template <class Tag>
struct RowReader::Reader<Name<Tag>> {
  static Name<Tag> read(RowReader& row) { return Name<Tag>{row.get<std::string>()}; }
};
template <class Tag>
struct RowReader::Reader<Id<Tag>> {
  static Id<Tag> read(RowReader& row) { return Id<Tag>{row.get<Uuid>()}; }
};
template <class T>
struct RowReader::Reader<std::optional<T>> {
  static std::optional<T> read(RowReader& row) {
    if (row.is_null()) {
      ++row.column_;
      return std::nullopt;
    }
    return row.get<T>();
  }
};

}  // namespace holdfast::postgres
