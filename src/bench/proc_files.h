#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "bench/failure.h"

namespace holdfast::bench {

// What /proc/PID/stat says of a process (proc(5)), times in clock ticks.
struct ProcessStat {
  pid_t parent = 0;
  std::uint64_t own_ticks = 0;       // utime + stime, all threads
  std::uint64_t children_ticks = 0;  // cutime + cstime: children that ended and were waited for
};

std::optional<ProcessStat> parse_stat(std::string_view text);
std::optional<ProcessStat> read_stat(pid_t pid);

// A line of /proc/PID/status such as "VmHWM:   1234 kB", in KiB.
std::optional<std::uint64_t> parse_status_kib(std::string_view text, std::string_view key);

// The processes whose CPU time is counted. The servers' pids come from the stack's folder; without
// servers they are 0.
struct Processes {
  pid_t holdfast = 0;
  pid_t redis = 0;
  pid_t rabbitmq = 0;
  pid_t postgres = 0;     // the postmaster; its backends are its children
  pid_t not_counted = 0;  // the backend that works for the benchmark itself
};

// Reads DIR/run/{redis,rabbitmq,postgres}.pid and checks that they are alive.
Result<Processes> find_servers(const std::string& stack_dir);

// CPU seconds so far, by process; "load" is this program.
using CpuSeconds = std::map<std::string, double>;
CpuSeconds read_cpu(const Processes& processes);

struct Memory {
  double now_mib = 0;
  double peak_mib = 0;
};
Memory read_memory(pid_t pid);

// What the processes take up now, in MiB. What several of them share is counted once: /proc/PID/
// smaps_rollup, Pss (proc(5)); 0 where that may not be read.
double memory_of(pid_t pid);
double memory_of_family(pid_t parent);  // with its children

struct Machine {
  std::string cpu;
  unsigned cores = 0;
  std::uint64_t memory_mib = 0;
  std::string kernel;
};
Machine read_machine();

}  // namespace holdfast::bench
