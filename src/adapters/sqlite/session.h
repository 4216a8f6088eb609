#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "adapters/sqlite/failure.h"
#include "adapters/sqlite/values.h"

namespace holdfast::sqlite {

namespace detail {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
struct Close {
  void operator()(sqlite3* connection) const { sqlite3_close(connection); }
};

}  // namespace detail

/// The rows of a query under way. While it lives its statement is in use: the same text cannot be
/// run again before that.
class Rows {
 public:
  Rows(sqlite3* connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}
  Rows(Rows&& other) noexcept
      : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)) {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  Rows& operator=(Rows&&) = delete;
  ~Rows();

  /// Goes to the next row, to the first one at the first call. False after the last.
  bool next();
  /// The value of column `at`, counted from 0, of the present row.
  template <class T>
  [[nodiscard]] T get(int at) const {
    return Value<T>::read(statement_, at);
  }
  /// The value of the column after the one that was taken before, from 0 in each row.
  template <class T>
  T take() {
    return get<T>(column_++);
  }

 private:
  sqlite3* connection_;
  sqlite3_stmt* statement_;
  int column_ = 0;
};

/// An open database and its prepared statements. On one thread at a time. All throw Failure.
class Session {
 public:
  /// `path` is a file, made when it is missing, or ":memory:". A file is opened for this process
  /// alone, in WAL mode, each commit on disk before it returns; one that is open elsewhere is
  /// refused as `unavailable`.
  explicit Session(const std::string& path);

  /// Begins a query. `sql` is one statement with `?1`, `?2`, … for `arguments`, which must live as
  /// long as the rows do. Prepared once; keep its text constant.
  template <class... T>
  Rows query(std::string_view sql, const T&... arguments) {
    sqlite3_stmt* const statement = prepared(sql);
    int at = 0;
    (bound(Value<std::decay_t<T>>::bind(statement, ++at, arguments)), ...);
    return {connection_.get(), statement};
  }
  /// The same with as many arguments as there are.
  template <class T>
  Rows query_with(std::string_view sql, const std::vector<T>& arguments) {
    sqlite3_stmt* const statement = prepared(sql);
    int at = 0;
    for (const T& argument : arguments) bound(Value<T>::bind(statement, ++at, argument));
    return {connection_.get(), statement};
  }
  /// Runs a statement to its end and returns the number of rows it inserted, changed or deleted.
  template <class... T>
  std::int64_t run(std::string_view sql, const T&... arguments) {
    Rows rows = query(sql, arguments...);
    while (rows.next()) {
    }
    return sqlite3_changes64(connection_.get());
  }
  /// The first column of the first row, if there is a row.
  template <class R, class... T>
  std::optional<R> first(std::string_view sql, const T&... arguments) {
    Rows rows = query(sql, arguments...);
    if (!rows.next()) return std::nullopt;
    return rows.get<R>(0);
  }
  /// Runs several statements without arguments, not kept prepared: schema, pragmas.
  void script(const std::string& sql);
  /// The whole database as the bytes of a file, and back. Outside of transactions.
  [[nodiscard]] std::string image() const;
  void restore(const std::string& image);
  [[nodiscard]] bool in_transaction() const {
    return sqlite3_get_autocommit(connection_.get()) == 0;
  }
  [[nodiscard]] std::int64_t last_insert_id() const {
    return sqlite3_last_insert_rowid(connection_.get());
  }

 private:
  void open_alone(const std::string& path);
  sqlite3_stmt* prepared(std::string_view sql);
  void bound(int code) const {
    if (code != SQLITE_OK) throw failure_of(connection_.get(), code, "bind");
  }

  using Prepared = std::unique_ptr<sqlite3_stmt, detail::Finalize>;
  std::unique_ptr<sqlite3, detail::Close> connection_;
  std::unordered_map<std::string_view, Prepared> statements_;  ///< keys point into the statements
};

}  // namespace holdfast::sqlite
