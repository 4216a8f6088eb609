#pragma once

#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace holdfast::postgres {

struct MigrationReport {
  std::vector<std::string> applied;  ///< file names, in order; empty: the book was up to date
  std::size_t already_applied = 0;
};

/// Brings the book's tables up to date. Synchronous; each migration is a transaction, and those of
/// several processes wait for one another. Safe to repeat: what was applied is recorded with its
/// checksum, and a file that was altered since is an error. The error says what failed and which
/// migrations were applied before it.
tl::expected<MigrationReport, std::string> migrate(const std::string& url);

/// A file's name, which begins with its four-digit number, and its SQL.
using Migration = std::pair<std::string_view, std::string_view>;

/// The same with other files than the built-in ones, ascending by name.
tl::expected<MigrationReport, std::string> migrate(const std::string& url,
                                                   std::span<const Migration> migrations);

}  // namespace holdfast::postgres
