#pragma once

#include <string>

#include "ports/book_archive.h"

namespace holdfast::postgres {

/// The archive of a book in PostgreSQL, whose schema is up to date. Each call has a connection of
/// its own, and holds the lock that migrations take, which a process of Holdfast waits for when it
/// starts. One that runs is known by its connections' `application_name`.
class PostgresBookArchive final : public BookArchive {
 public:
  explicit PostgresBookArchive(std::string url) : url_(std::move(url)) {}

  PortResult<bool> read(const Take& take) override;
  PortResult<void> write(const Next& next) override;

 private:
  std::string url_;
};

}  // namespace holdfast::postgres
