#include "adapters/sqlite/database.h"

#include <boost/asio/post.hpp>
#include <deque>
#include <future>
#include <map>
#include <mutex>

#include "adapters/sqlite/limits.h"

namespace holdfast::sqlite {
namespace {

using Jobs = std::vector<std::unique_ptr<detail::Job>>;

PortError error_of(Failure failure, Effect effect) {
  return PortError{failure.kind, effect, std::move(failure.detail)};
}

/// Undoes what the transaction did, whatever state it is in.
void roll_back(Session& session) {
  if (session.in_transaction()) session.run("rollback");
}

/// Runs `job` so that it can be undone alone. False: SQLite gave up the whole transaction.
bool run_apart(Session& session, detail::Job& job) {
  session.run("savepoint job");
  try {
    job.run(session);
  } catch (Failure& failure) {
    job.fail(error_of(std::move(failure), Effect::none));
    if (!session.in_transaction()) return false;
    session.run("rollback to job");
  }
  session.run("release job");
  return true;
}

void fail_all(Jobs& jobs, const Failure& failure, Effect effect) {
  for (auto& job : jobs) {
    if (!job->failed()) job->fail(error_of(failure, effect));
  }
}

void write(Session& session, Jobs& jobs) {
  Effect effect = Effect::none;
  try {
    session.run("begin immediate");
    for (auto& job : jobs) {
      if (!run_apart(session, *job)) {
        throw Failure{PortErrorKind::unavailable, "SQLite: a job written with this one failed"};
      }
    }
    // A commit whose wait for the disk fails may still be found there after a restart.
    effect = Effect::unknown;
    session.run("commit");
  } catch (const Failure& failure) {
    fail_all(jobs, failure, effect);
    roll_back(session);
  }
}

}  // namespace

struct Database::Core : std::enable_shared_from_this<Core> {
  Core(boost::asio::any_io_executor executor, const std::string& path)
      : writer(std::move(executor)), session(path) {}

  void submit(std::unique_ptr<detail::Job> job) {
    bool idle = false;
    {
      const std::lock_guard lock(mutex);
      waiting.push_back(std::move(job));
      idle = !std::exchange(scheduled, true);
    }
    if (idle) schedule();
  }

  void schedule() {
    boost::asio::post(writer, [self = shared_from_this()] { self->turn(); });
  }

  void turn() {
    Jobs group;
    {
      const std::lock_guard lock(mutex);
      while (!waiting.empty() && group.size() < limits::kMaxJobsInGroup) {
        group.push_back(std::move(waiting.front()));
        waiting.pop_front();
      }
    }
    write(session, group);
    for (auto& job : group) job->resume();
    {
      const std::lock_guard lock(mutex);
      if (waiting.empty()) {
        scheduled = false;
        return;
      }
    }
    schedule();
  }

  boost::asio::any_io_executor writer;
  Session session;
  std::mutex mutex;
  std::deque<std::unique_ptr<detail::Job>> waiting;
  bool scheduled = false;
  std::map<std::type_index, std::shared_ptr<void>> shared;
};

Database::Database(boost::asio::any_io_executor writer, const std::string& path)
    : core_(std::make_shared<Core>(std::move(writer), path)) {}

Database::~Database() {
  // A turn that is already posted finds nothing to do.
  const std::lock_guard lock(core_->mutex);
  core_->waiting.clear();
}

void Database::submit(std::unique_ptr<detail::Job> job) {
  core_->submit(std::move(job));
}

std::shared_ptr<void> Database::shared_object(std::type_index type,
                                              const std::function<std::shared_ptr<void>()>& make) {
  const std::lock_guard lock(core_->mutex);
  auto& object = core_->shared[type];
  if (!object) object = make();
  return object;
}

void Database::run_now(const std::function<void(Session&)>& work) {
  Session& session = core_->session;
  session.run("begin immediate");
  try {
    work(session);
    session.run("commit");
  } catch (...) {
    roll_back(session);
    throw;
  }
}

std::string Database::image() const {
  return core_->session.image();
}

void Database::restore(const std::string& image) {
  core_->session.restore(image);
}

void Database::drain() {
  std::promise<void> reached;
  class Barrier final : public async::detail::Resumption {
   public:
    explicit Barrier(std::promise<void>& reached) : reached_(reached) {}
    void resume() override { reached_.set_value(); }

   private:
    std::promise<void>& reached_;
  };
  std::optional<PortResult<void>> result;
  submit(std::make_unique<detail::JobOf<void>>([](Session&) {}, &result,
                                               std::make_unique<Barrier>(reached)));
  reached.get_future().wait();
}

void migrate(Session& session, std::string_view part, std::span<const std::string_view> steps) {
  session.script(
      "create table if not exists schema (part text primary key, version integer) strict");
  const auto version =
      session.first<std::size_t>("select version from schema where part = ?1", part).value_or(0);
  if (version > steps.size()) {
    throw Failure{PortErrorKind::rejected,
                  "SQLite: this data was written by a newer version of Holdfast; use that one"};
  }
  for (const auto step : steps.subspan(version)) session.script(std::string(step));
  session.run("insert into schema values (?1, ?2) on conflict (part) do update set version = ?2",
              part, steps.size());
}

}  // namespace holdfast::sqlite
