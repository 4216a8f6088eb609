#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "bench/failure.h"

namespace holdfast::bench {

// A program that this one started, its output in a file. Owns the process: the destructor stops
// it (SIGTERM, then SIGKILL after kStopDeadline), by its pid. Should this program be killed, the
// kernel sends the child a SIGTERM.
class ChildProcess {
 public:
  // `environment`: "NAME=value", in addition to our own.
  static Result<ChildProcess> start(const std::vector<std::string>& command, const std::string& log,
                                    const std::vector<std::string>& environment = {});

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ChildProcess(const ChildProcess&) = delete;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  const std::string& log() const { return log_; }
  bool is_running();
  void stop();
  // True when it ended by itself, with code 0, before the deadline; stopped otherwise.
  bool wait_for_success(std::chrono::milliseconds timeout, const std::atomic<bool>& interrupted);

 private:
  ChildProcess(pid_t pid, std::string log) : pid_(pid), log_(std::move(log)) {}
  bool wait_until_ended(std::chrono::milliseconds timeout, const std::atomic<bool>* interrupted);

  pid_t pid_ = -1;  // -1 once it was waited for
  int status_ = 0;
  std::string log_;
};

// The end of a text file, for messages.
std::string tail_of(const std::string& file, std::size_t lines);
std::string text_of(const std::string& file);

}  // namespace holdfast::bench
