#include "bench/server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
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

// The measurement would be of another program.
Result<void> check_nobody_listens(load::Session& session) {
  if (session.call({"GET", "/healthz", "", {}})) {
    return fail(session.endpoint().url() + " is in use already: stop what listens there, or set " +
                "HOLDFAST_HTTP_LISTEN to another address");
  }
  return {};
}

bool answers(load::Session& session, const std::string& path) {
  const auto answer = session.call({"GET", path, "", {}});
  return answer && answer->status == 200;
}

Result<ChildProcess> wait_until_ready(ChildProcess server, const std::string& name,
                                      const load::Endpoint& endpoint, const std::string& path,
                                      const std::atomic<bool>& interrupted) {
  load::Session session(endpoint, kCallTimeout);
  const auto deadline = std::chrono::steady_clock::now() + kStartDeadline;
  while (!answers(session, path)) {
    if (!server.is_running()) {
      return fail(with_log(name + " ended by itself", server.log()));
    }
    if (interrupted) {
      return fail("interrupted");
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(with_log(name + " was not ready in time", server.log()));
    }
    std::this_thread::sleep_for(kPollEvery);
  }
  return server;
}

Result<ChildProcess> serve(const std::vector<std::string>& command, const Launch& launch,
                           const load::Endpoint& endpoint, const std::string& log_dir,
                           const std::atomic<bool>& interrupted) {
  auto server = ChildProcess::start(command, log_dir + "/bench-holdfast.log", launch.environment);
  if (!server) {
    return server;
  }
  return wait_until_ready(std::move(*server), "Holdfast", endpoint, "/readyz", interrupted);
}

Result<void> migrate(const Options& options, const Launch& launch, const std::string& log_dir,
                     const std::atomic<bool>& interrupted) {
  auto migration = ChildProcess::start({options.holdfast, "migrate", "--config", launch.config},
                                       log_dir + "/bench-migrate.log", launch.environment);
  if (!migration) {
    return tl::make_unexpected(migration.error());
  }
  if (!migration->wait_for_success(kStartDeadline, interrupted)) {
    return fail(with_log(options.holdfast + " migrate failed", migration->log()));
  }
  return {};
}

void empty_the_folder(const Options& options) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(options.embedded + "/holdfast.db" + suffix, ignored);
  }
}

std::vector<std::string> command_of(const Options& options, const Launch& launch) {
  std::vector<std::string> command{options.holdfast, "serve"};
  if (!options.embedded.empty()) {
    command = {options.holdfast, "dev", "--data", options.embedded};
  }
  if (!launch.config.empty()) {
    command.insert(command.end(), {"--config", launch.config});
  }
  return command;
}

}  // namespace

Result<ChildProcess> start_holdfast(const Options& options, const Launch& launch,
                                    const load::Endpoint& endpoint, const std::string& log_dir,
                                    const std::atomic<bool>& interrupted) {
  load::Session session(endpoint, kCallTimeout);
  auto free = check_nobody_listens(session);
  if (!free) {
    return tl::make_unexpected(free.error());
  }
  if (!options.embedded.empty()) {
    empty_the_folder(options);
  } else if (auto migrated = migrate(options, launch, log_dir, interrupted); !migrated) {
    return tl::make_unexpected(migrated.error());
  }
  return serve(command_of(options, launch), launch, endpoint, log_dir, interrupted);
}

Result<ChildProcess> start_server(const std::vector<std::string>& command,
                                  const load::Endpoint& endpoint, const std::string& path,
                                  const std::string& log, const std::atomic<bool>& interrupted) {
  auto server = ChildProcess::start(command, log);
  if (!server) {
    return server;
  }
  return wait_until_ready(std::move(*server), command.front(), endpoint, path, interrupted);
}

Result<load::Endpoint> free_endpoint() {
  using boost::asio::ip::tcp;
  boost::asio::io_context loop;
  boost::system::error_code error;
  tcp::acceptor probe(loop);
  const tcp::endpoint any(boost::asio::ip::address_v4::loopback(), 0);
  probe.open(any.protocol(), error);
  probe.bind(any, error);
  const auto port = probe.local_endpoint(error).port();
  if (error) {
    return fail("no port can be had on 127.0.0.1: " + error.message());
  }
  return load::Endpoint{"127.0.0.1", std::to_string(port), ""};
}

std::string holdfast_version(const Options& options, const std::string& log_dir,
                             const std::atomic<bool>& interrupted) {
  auto child = ChildProcess::start({options.holdfast, "--version"}, log_dir + "/bench-version.log");
  const bool did_answer = child && child->wait_for_success(kCallTimeout, interrupted);
  return did_answer ? tail_of(child->log(), 1) : "";
}

}  // namespace holdfast::bench
