#include "bench/server.h"

#include <filesystem>
#include <thread>
#include <utility>

#include "load/session.h"

namespace holdfast::bench {
namespace {

constexpr std::size_t kTailLines = 12;

std::string with_log(const std::string& what, const std::string& log) {
  return what + "; the end of " + log + ":\n" + tail_of(log, kTailLines);
}

bool is_ready(load::Session& session) {
  const auto answer = session.call({"GET", "/readyz", "", {}});
  return answer && answer->status == 200;
}

// The measurement would be of another program.
Result<void> check_nobody_listens(load::Session& session) {
  if (session.call({"GET", "/healthz", "", {}})) {
    return fail(session.endpoint().url() + " is in use already: stop what listens there, or set " +
                "HOLDFAST_HTTP_LISTEN to another address");
  }
  return {};
}

Result<ChildProcess> start_ready(const std::vector<std::string>& command, load::Session& session,
                                 const std::string& log_dir, const std::atomic<bool>& interrupted) {
  auto server = ChildProcess::start(command, log_dir + "/bench-holdfast.log");
  if (!server) {
    return server;
  }
  const auto deadline = std::chrono::steady_clock::now() + kStartDeadline;
  while (!is_ready(session)) {
    if (!server->is_running()) {
      return fail(with_log("Holdfast ended by itself", server->log()));
    }
    if (interrupted) {
      return fail("interrupted");
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(with_log("Holdfast was not ready in time", server->log()));
    }
    std::this_thread::sleep_for(kPollEvery);
  }
  return server;
}

}  // namespace

Result<ChildProcess> start_holdfast(const Options& options, const load::Endpoint& endpoint,
                                    const std::string& log_dir,
                                    const std::atomic<bool>& interrupted) {
  load::Session session(endpoint, kCallTimeout);
  auto free = check_nobody_listens(session);
  if (!free) {
    return tl::make_unexpected(free.error());
  }
  auto migration = ChildProcess::start({options.holdfast, "migrate", "--config", options.config},
                                       log_dir + "/bench-migrate.log");
  if (!migration) {
    return tl::make_unexpected(migration.error());
  }
  if (!migration->wait_for_success(kStartDeadline, interrupted)) {
    return fail(with_log(options.holdfast + " migrate failed", migration->log()));
  }
  return start_ready({options.holdfast, "serve", "--config", options.config}, session, log_dir,
                     interrupted);
}

Result<ChildProcess> start_embedded(const Options& options, const load::Endpoint& endpoint,
                                    const std::string& log_dir,
                                    const std::atomic<bool>& interrupted) {
  load::Session session(endpoint, kCallTimeout);
  auto free = check_nobody_listens(session);
  if (!free) {
    return tl::make_unexpected(free.error());
  }
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(options.embedded + "/holdfast.db" + suffix, ignored);
  }
  std::vector<std::string> command{options.holdfast, "dev", "--data", options.embedded};
  if (!options.config.empty()) {
    command.insert(command.end(), {"--config", options.config});
  }
  return start_ready(command, session, log_dir, interrupted);
}

std::string holdfast_version(const Options& options, const std::string& log_dir,
                             const std::atomic<bool>& interrupted) {
  auto child = ChildProcess::start({options.holdfast, "--version"}, log_dir + "/bench-version.log");
  const bool did_answer = child && child->wait_for_success(kCallTimeout, interrupted);
  return did_answer ? tail_of(child->log(), 1) : "";
}

}  // namespace holdfast::bench
