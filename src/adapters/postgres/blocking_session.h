#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::postgres {

/// A connection whose calls block, for a command that does one thing and waits for it. All throw
/// Failure, whose text begins with `what`.
class BlockingSession {
 public:
  /// `name`: what the server lists this connection as, unless the URL says so.
  BlockingSession(const std::string& url, const std::string& name);

  /// One or several statements without parameters.
  void execute(std::string_view sql, const std::string& what);

  /// A value as text; unset: null.
  using Row = std::vector<std::optional<std::string>>;
  /// One statement with parameters $1, $2, … as texts.
  std::vector<Row> query(const std::string& sql, const std::vector<std::string>& parameters,
                         const std::string& what);
  /// The connection has ended: it is not known whether the last statement was carried out.
  [[nodiscard]] bool is_lost() const;

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  using Answer = std::unique_ptr<PGresult, Clear>;

  void check(const Answer& answer, const std::string& what);
  [[nodiscard]] std::string last_error() const;

  std::unique_ptr<PGconn, Finish> connection_;
};

}  // namespace holdfast::postgres
