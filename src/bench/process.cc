#include "bench/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "bench/options.h"

namespace holdfast::bench {
namespace {

constexpr int kExecFailed = 127;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) {
    out.push_back(text.data());
  }
  out.push_back(nullptr);
  return out;
}

// After fork(): only what may be called there.
[[noreturn]] void become(char* const* arguments, const std::vector<std::string>& environment,
                         int log_fd, pid_t parent) {
  setpgid(0, 0);  // a Ctrl-C is for the benchmark, which then stops its children in order
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) {
    _exit(kExecFailed);
  }
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGPIPE, SIG_DFL);
  dup2(log_fd, STDOUT_FILENO);
  dup2(log_fd, STDERR_FILENO);
  for (const std::string& entry : environment) {
    putenv(const_cast<char*>(entry.c_str()));  // exec follows: the text lives long enough
  }
  execvp(arguments[0], arguments);
  _exit(kExecFailed);
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& command,
                                         const std::string& log,
                                         const std::vector<std::string>& environment) {
  const int log_fd = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (log_fd < 0) {
    return fail(log + " cannot be written: " + std::strerror(errno));
  }
  std::vector<std::string> texts = command;
  const std::vector<char*> arguments = pointers(texts);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    become(arguments.data(), environment, log_fd, parent);
  }
  close(log_fd);
  if (pid < 0) {
    return fail(command.front() + " cannot be started: " + std::strerror(errno));
  }
  return ChildProcess(pid, log);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), status_(other.status_), log_(std::move(other.log_)) {}

ChildProcess::~ChildProcess() {
  stop();
}

bool ChildProcess::is_running() {
  if (pid_ > 0 && waitpid(pid_, &status_, WNOHANG) != 0) {
    pid_ = -1;
  }
  return pid_ > 0;
}

bool ChildProcess::wait_until_ended(std::chrono::milliseconds timeout,
                                    const std::atomic<bool>* interrupted) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (is_running()) {
    if (std::chrono::steady_clock::now() >= deadline || (interrupted && *interrupted)) {
      return false;
    }
    std::this_thread::sleep_for(kPollEvery);
  }
  return true;
}

void ChildProcess::stop() {
  if (!is_running()) {
    return;
  }
  kill(pid_, SIGTERM);
  if (!wait_until_ended(kStopDeadline, nullptr)) {
    kill(pid_, SIGKILL);
    waitpid(pid_, &status_, 0);
    pid_ = -1;
  }
}

bool ChildProcess::wait_for_success(std::chrono::milliseconds timeout,
                                    const std::atomic<bool>& interrupted) {
  if (!wait_until_ended(timeout, &interrupted)) {
    stop();
    return false;
  }
  return WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
}

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string tail_of(const std::string& file, std::size_t lines) {
  std::string text = text_of(file);
  while (text.ends_with('\n')) {
    text.pop_back();
  }
  std::size_t at = text.size();
  for (std::size_t line = 0; line < lines && at != std::string::npos && at > 0; ++line) {
    at = text.rfind('\n', at - 1);
  }
  return at == std::string::npos || at == 0 ? text : text.substr(at + 1);
}

}  // namespace holdfast::bench
