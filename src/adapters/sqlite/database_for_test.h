#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sqlite/database.h"
#include "tests/support/run_coroutine.h"
#include "tests/support/temporary_directory.h"

namespace holdfast::sqlite::testing {

/// A folder of a test's own, deleted at its end. In memory where the system offers that: what the
/// tests look at is the order of writes, not the disk.
class Folder : public holdfast::testing::TemporaryDirectory {
 public:
  Folder() : TemporaryDirectory(parent()) {}

 private:
  static std::filesystem::path parent() {
    const std::filesystem::path memory = "/dev/shm";
    return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
  }
};

inline std::string contents(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void write_contents(const std::string& file, std::string_view bytes) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// The transactions in a log: its frames that end one (sqlite.org/walformat.html, 3 and 4).
inline std::size_t commits_in(const std::string& log) {
  constexpr std::size_t kHeader = 32;
  constexpr std::size_t kFrameHeader = 24;
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      value = (value << 8) | static_cast<unsigned char>(log.at(at + i));
    }
    return value;
  };
  if (log.size() < kHeader) return 0;
  const std::size_t frame = kFrameHeader + number(8);
  std::size_t commits = 0;
  for (std::size_t at = kHeader; at + frame <= log.size(); at += frame) {
    if (number(at + 4) != 0) ++commits;
  }
  return commits;
}

using Numbers = std::vector<std::int64_t>;

inline void make_table(Session& session) {
  session.script("create table if not exists noted (n integer primary key) strict");
}
inline std::int64_t note(Session& session, std::int64_t n) {
  session.run("insert into noted values (?1)", n);
  return n;
}
inline Numbers noted(Session& session) {
  Numbers numbers;
  auto rows = session.query("select n from noted order by n");
  while (rows.next()) numbers.push_back(rows.get<std::int64_t>(0));
  return numbers;
}

/// Jobs on one loop that is also the writer, unless a test makes a database of another kind.
class DatabaseFixture : public ::testing::Test {
 public:
  using Work = std::function<std::int64_t(Session&)>;

  /// Makes all jobs before the writer's first turn, and returns their outcomes in order.
  std::vector<PortResult<std::int64_t>> at_once(Database& database, std::vector<Work> works) {
    std::vector<PortResult<std::int64_t>> results(works.size());
    std::size_t ended = 0;
    for (std::size_t i = 0; i < works.size(); ++i) {
      boost::asio::co_spawn(loop_, database.perform<std::int64_t>(std::move(works[i])),
                            [&, i](std::exception_ptr, PortResult<std::int64_t> result) {
                              results[i] = std::move(result);
                              ++ended;
                            });
    }
    loop_.restart();
    while (ended < works.size() && loop_.run_one_for(std::chrono::seconds(30)) > 0) continue;
    EXPECT_EQ(ended, works.size());
    return results;
  }
  PortResult<std::int64_t> one(Database& database, Work work) {
    return holdfast::testing::run(loop_, database.perform<std::int64_t>(std::move(work)));
  }
  Numbers found(Database& database) {
    Numbers numbers;
    database.run_now([&](Session& session) { numbers = noted(session); });
    return numbers;
  }
  static Work noting(std::int64_t n) {
    return [n](Session& session) { return note(session, n); };
  }

  boost::asio::io_context loop_{1};
};

}  // namespace holdfast::sqlite::testing
