#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <typeinfo>
#include <utility>
#include <vector>

#include "adapters/sqlite/session.h"
#include "async/completion.h"
#include "ports/errors.h"

namespace holdfast::sqlite {

namespace detail {

/// One request for the database, and the coroutine that waits for it.
class Job {
 public:
  explicit Job(std::unique_ptr<async::detail::Resumption> waiting) : waiting_(std::move(waiting)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// Throws Failure.
  virtual void run(Session& session) = 0;
  /// Replaces the outcome by an error. The waiting coroutine has not been resumed.
  virtual void fail(PortError error) = 0;
  void resume() { waiting_->resume(); }
  [[nodiscard]] bool failed() const { return failed_; }

 protected:
  bool failed_ = false;

 private:
  std::unique_ptr<async::detail::Resumption> waiting_;
};

template <class T>
class JobOf final : public Job {
 public:
  /// `result` is in the frame of the waiting coroutine, which `waiting` owns.
  JobOf(std::function<T(Session&)> work, std::optional<PortResult<T>>* result,
        std::unique_ptr<async::detail::Resumption> waiting)
      : Job(std::move(waiting)), work_(std::move(work)), result_(result) {}

  void run(Session& session) override {
    if constexpr (std::is_void_v<T>) {
      work_(session);
      result_->emplace();
    } else {
      result_->emplace(work_(session));
    }
  }
  void fail(PortError error) override {
    failed_ = true;
    result_->emplace(tl::unexpected<PortError>(std::move(error)));
  }

 private:
  std::function<T(Session&)> work_;
  std::optional<PortResult<T>>* result_;
};

/// What follows a job that no coroutine waits for.
template <class T>
class FollowUp final : public async::detail::Resumption {
 public:
  explicit FollowUp(std::function<void(PortResult<T>)> settled) : settled_(std::move(settled)) {}
  void resume() override { settled_(std::move(*result)); }

  std::optional<PortResult<T>> result;

 private:
  std::function<void(PortResult<T>)> settled_;
};

}  // namespace detail

/// One SQLite database with one writer. Jobs that gather while the writer is busy are written in
/// one transaction, each undone alone when it fails: one wait for the disk serves all of them.
/// `perform` may be called on any thread.
class Database {
 public:
  /// Opens `path` (see Session). `writer` runs the jobs, one at a time: a thread's own context, or
  /// the loop that also calls. Throws Failure.
  Database(boost::asio::any_io_executor writer, const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs `work` in the next transaction, in the order of the calls, and resumes on the calling
  /// coroutine's executor when that is on disk. A Failure that `work` throws, and a database that
  /// takes no writes, is an error of Effect::none; a failed commit, of Effect::unknown.
  template <class T>
  boost::asio::awaitable<PortResult<T>> perform(std::function<T(Session&)> work) {
    std::optional<PortResult<T>> result;
    auto keep = [&](std::unique_ptr<async::detail::Resumption> waiting) {
      submit(std::make_unique<detail::JobOf<T>>(std::move(work), &result, std::move(waiting)));
    };
    co_await async::detail::suspend(keep);
    co_return std::move(*result);
  }

  /// As `perform`, for what no coroutine waits for: `settled` gets the outcome on the writer, in
  /// the order of the jobs and before any that was submitted later is resumed. Neither is called
  /// when the database goes first.
  template <class T>
  void post(std::function<T(Session&)> work, std::function<void(PortResult<T>)> settled) {
    auto follow_up = std::make_unique<detail::FollowUp<T>>(std::move(settled));
    auto* const result = &follow_up->result;
    submit(std::make_unique<detail::JobOf<T>>(std::move(work), result, std::move(follow_up)));
  }

  /// Runs `work` at once, in a transaction of its own: for opening, before the first `perform`.
  /// Throws Failure.
  void run_now(const std::function<void(Session&)>& work);
  /// The whole database as the bytes of a file, and a database made from them. On the writer's
  /// executor. Throws Failure.
  [[nodiscard]] std::string image() const;
  void restore(const std::string& image);
  /// Waits, blocking, until every job submitted so far has been resumed: before the loop of a
  /// caller goes. Not on the writer's thread.
  void drain();
  /// The one T that the adapters over this database share in memory, made at the first call. On any
  /// thread; T sees to its own locking.
  template <class T>
  std::shared_ptr<T> shared() {
    return std::static_pointer_cast<T>(shared_object(
        typeid(T), [] { return std::static_pointer_cast<void>(std::make_shared<T>()); }));
  }

 private:
  struct Core;
  std::shared_ptr<void> shared_object(std::type_index type,
                                      const std::function<std::shared_ptr<void>()>& make);
  void submit(std::unique_ptr<detail::Job> job);

  std::shared_ptr<Core> core_;
};

/// Brings the tables of `part` up to date: runs those of `steps` that this file has not seen, in
/// order. A step once released is never changed. Throws Failure, also when the file was written by
/// a version with more steps.
void migrate(Session& session, std::string_view part, std::span<const std::string_view> steps);

}  // namespace holdfast::sqlite
