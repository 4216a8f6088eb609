#include "adapters/postgres/blocking_session.h"

#include <array>

#include "adapters/postgres/failure.h"

namespace holdfast::postgres {

BlockingSession::BlockingSession(const std::string& url, const std::string& name) {
  const std::array<const char*, 5> keywords{"dbname", "fallback_application_name",
                                            "client_encoding", "connect_timeout", nullptr};
  const std::array<const char*, 5> values{url.c_str(), name.c_str(), "UTF8", "5", nullptr};
  connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
  if (!connection_ || is_lost()) throw unavailable("cannot connect: " + last_error());
  PQsetNoticeReceiver(
      connection_.get(), [](void*, const PGresult*) {}, nullptr);
}

void BlockingSession::execute(std::string_view sql, const std::string& what) {
  check(Answer(PQexec(connection_.get(), std::string(sql).c_str())), what);
}

std::vector<BlockingSession::Row> BlockingSession::query(const std::string& sql,
                                                         const std::vector<std::string>& parameters,
                                                         const std::string& what) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& parameter : parameters) values.push_back(parameter.c_str());
  const Answer answer(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                                   nullptr, values.data(), nullptr, nullptr, 0));
  check(answer, what);
  std::vector<Row> rows;
  for (int i = 0; i < PQntuples(answer.get()); ++i) {
    auto& row = rows.emplace_back();
    for (int column = 0; column < PQnfields(answer.get()); ++column) {
      if (PQgetisnull(answer.get(), i, column) == 1) {
        row.emplace_back();
        continue;
      }
      const auto length = static_cast<std::size_t>(PQgetlength(answer.get(), i, column));
      row.emplace_back(std::string(PQgetvalue(answer.get(), i, column), length));
    }
  }
  return rows;
}

bool BlockingSession::is_lost() const {
  return PQstatus(connection_.get()) != CONNECTION_OK;
}

void BlockingSession::check(const Answer& answer, const std::string& what) {
  const auto status = PQresultStatus(answer.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return;
  const auto* state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
  const std::string sqlstate = state == nullptr ? "08006" : state;
  throw Failure(PortError{kind_of_sqlstate(sqlstate), Effect::none, what + ": " + last_error()},
                sqlstate);
}

std::string BlockingSession::last_error() const {
  std::string message = connection_ ? PQerrorMessage(connection_.get()) : "out of memory";
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return message;
}

}  // namespace holdfast::postgres
