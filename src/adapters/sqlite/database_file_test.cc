#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "adapters/sqlite/database_for_test.h"

// What a database leaves in its file, and who may open it.

namespace holdfast::sqlite::testing {
namespace {

class DatabaseFile : public DatabaseFixture {
 public:
  std::unique_ptr<Database> open(const std::string& path) {
    return std::make_unique<Database>(loop_.get_executor(), path);
  }

  const Folder folder_;
};

TEST_F(DatabaseFile, WhatWasWrittenIsThereWhenItIsOpenedAgain) {
  const auto path = folder_.file("kept.db");
  auto database = open(path);
  database->run_now(make_table);
  ASSERT_TRUE(one(*database, noting(1)));
  database.reset();
  database = open(path);
  EXPECT_EQ(found(*database), (Numbers{1}));
}

TEST_F(DatabaseFile, ASecondConnectionIsRefused) {
  const auto path = folder_.file("taken.db");
  auto database = open(path);
  try {
    open(path);
    FAIL() << "opened";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.kind, PortErrorKind::unavailable);
    EXPECT_NE(failure.detail.find("only one process at a time"), std::string::npos);
    EXPECT_NE(failure.detail.find(path), std::string::npos);
  }
  database->run_now(make_table);  // the first is none the worse
  database.reset();
  open(path);
}

enum class Opening { opened, refused, failed };

/// A process that opens `path` when it is told to. Made before this one opens it: a fork would
/// otherwise take what SQLite knows of the file along.
class OtherProcess {
 public:
  explicit OtherProcess(const std::string& path) {
    if (pipe(pipe_) != 0) throw std::runtime_error("no pipe");
    child_ = fork();
    if (child_ < 0) throw std::runtime_error("no process");
    if (child_ == 0) _exit(static_cast<int>(wait_and_open(path)));
  }
  ~OtherProcess() {
    close(pipe_[0]);
    close(pipe_[1]);
    if (child_ > 0) waitpid(child_, nullptr, 0);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  Opening try_to_open() {
    const char go = 1;
    int status = 0;
    if (write(pipe_[1], &go, 1) != 1) return Opening::failed;
    if (waitpid(std::exchange(child_, 0), &status, 0) <= 0) return Opening::failed;
    return WIFEXITED(status) ? static_cast<Opening>(WEXITSTATUS(status)) : Opening::failed;
  }

 private:
  Opening wait_and_open(const std::string& path) {
    close(pipe_[1]);  // reads an end when this process's maker goes
    char go = 0;
    if (read(pipe_[0], &go, 1) != 1) return Opening::failed;
    try {
      const Session session(path);
      return Opening::opened;
    } catch (const Failure& failure) {
      const bool is_clear = failure.detail.find("only one process") != std::string::npos;
      return is_clear ? Opening::refused : Opening::failed;
    }
  }

  int pipe_[2] = {-1, -1};
  pid_t child_ = 0;
};

TEST_F(DatabaseFile, ASecondProcessIsRefused) {
  const auto path = folder_.file("taken.db");
  OtherProcess at_first(path);
  OtherProcess after_a_write(path);
  OtherProcess after_the_end(path);
  auto database = open(path);
  EXPECT_EQ(at_first.try_to_open(), Opening::refused);
  database->run_now(make_table);
  ASSERT_TRUE(one(*database, noting(1)));
  EXPECT_EQ(after_a_write.try_to_open(), Opening::refused);
  database.reset();
  EXPECT_EQ(after_the_end.try_to_open(), Opening::opened);
}

TEST_F(DatabaseFile, AFileThatIsNoDatabaseIsRefused) {
  const auto path = folder_.file("text.db");
  write_contents(path, std::string(5'000, 'x'));
  EXPECT_THROW(open(path), Failure);
  EXPECT_THROW(open(folder_.file("no/such/folder.db")), Failure);
}

// --- crashes -------------------------------------------------------------------------------------

/// A file as SQLite would make it, but with its smallest pages: so that a short history is a short
/// log.
void make_file_of_small_pages(const std::string& path) {
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(connection, "pragma page_size = 512; pragma journal_mode = wal; vacuum",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_EQ(sqlite3_close(connection), SQLITE_OK);
}

/// What a process leaves that is killed: the two files, and how long the log was when it
/// acknowledged each of its numbers, which it wrote in order.
struct Remains {
  std::string file;
  std::string log;
  std::vector<std::size_t> acknowledged_at;
};

/// The numbers that were acknowledged when the log had `size` bytes.
Numbers acknowledged_by(const Remains& remains, std::size_t size) {
  Numbers numbers;
  for (std::size_t i = 0; i < remains.acknowledged_at.size(); ++i) {
    if (remains.acknowledged_at[i] <= size) numbers.push_back(static_cast<std::int64_t>(i) + 1);
  }
  return numbers;
}

class DatabaseCrash : public DatabaseFile {
 public:
  /// Writes numbers from 1 on, in groups of these sizes.
  Remains history(const std::vector<int>& groups) {
    const auto path = folder_.file("history.db");
    make_file_of_small_pages(path);
    const auto database = open(path);
    database->run_now(make_table);
    Remains remains;
    std::int64_t next = 1;
    for (const int size : groups) {
      std::vector<Work> works;
      for (int i = 0; i < size; ++i) works.push_back(noting(next++));
      for (const auto& result : at_once(*database, std::move(works))) EXPECT_TRUE(result);
      remains.log = contents(path + "-wal");
      remains.acknowledged_at.resize(static_cast<std::size_t>(next - 1), remains.log.size());
    }
    remains.file = contents(path);
    return remains;
  }

  /// What a new process finds when the log ends after `size` bytes.
  Numbers found_after(const Remains& remains, std::size_t size) {
    const auto path = folder_.file("after.db");
    std::filesystem::remove(path + "-wal");
    write_contents(path, remains.file);
    write_contents(path + "-wal", std::string_view(remains.log).substr(0, size));
    Session session(path);
    make_table(session);
    auto numbers = noted(session);
    note(session, 1'000'000);  // and goes on from there
    return numbers;
  }
};

TEST_F(DatabaseCrash, AnyEndOfTheLogLeavesAPrefixOfWhatWasAcknowledged) {
  const auto remains = history({1, 3, 1, 2, 40, 1});
  ASSERT_EQ(remains.acknowledged_at.size(), 48U);
  ASSERT_EQ(remains.acknowledged_at.back(), remains.log.size());
  ASSERT_TRUE(found_after(remains, 0).empty());  // all of it is in the log
  for (std::size_t size = 0; size <= remains.log.size(); ++size) {
    ASSERT_EQ(found_after(remains, size), acknowledged_by(remains, size))
        << "log of " << size << " bytes";
  }
}

TEST_F(DatabaseCrash, ADamagedByteLosesWhatCameAfterItAndNothingBefore) {
  const auto remains = history({1, 3, 1});
  for (std::size_t at = 32; at < remains.log.size(); ++at) {  // past the log's header
    auto damaged = remains;
    damaged.log[at] = static_cast<char>(damaged.log[at] ^ 0x55);
    ASSERT_EQ(found_after(damaged, damaged.log.size()), acknowledged_by(remains, at))
        << "byte " << at;
  }
}

}  // namespace
}  // namespace holdfast::sqlite::testing
