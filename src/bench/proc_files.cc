#include "bench/proc_files.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

#include "bench/process.h"

namespace holdfast::bench {
namespace {

// Fields of /proc/PID/stat after the command's closing parenthesis; "state" is the first.
constexpr std::size_t kParent = 1;
constexpr std::size_t kUserTicks = 11;
constexpr std::size_t kSystemTicks = 12;
constexpr std::size_t kChildrenUserTicks = 13;
constexpr std::size_t kChildrenSystemTicks = 14;

std::uint64_t number_in(std::string_view text) {
  std::uint64_t value = 0;
  const std::size_t begin = text.find_first_of("0123456789");
  if (begin != std::string_view::npos) {
    std::from_chars(text.data() + begin, text.data() + text.size(), value);
  }
  return value;
}

double seconds_of(std::uint64_t ticks) {
  static const auto per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  return static_cast<double>(ticks) / per_second;
}

double own_seconds(pid_t pid) {
  const auto stat = read_stat(pid);
  return stat ? seconds_of(stat->own_ticks) : 0;
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc"), closedir);
  while (const dirent* entry = folder ? readdir(folder.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    if (name.find_first_not_of("0123456789") == std::string_view::npos) {
      pids.push_back(static_cast<pid_t>(number_in(name)));
    }
  }
  return pids;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  for (const pid_t pid : all_pids()) {
    const auto stat = read_stat(pid);
    if (stat && stat->parent == parent) {
      children.push_back(pid);
    }
  }
  return children;
}

// The postmaster and its children, those too that have ended: one sum that only grows.
double postgres_seconds(const Processes& processes) {
  const auto master = read_stat(processes.postgres);
  if (!master) {
    return 0;
  }
  double sum = seconds_of(master->own_ticks + master->children_ticks);
  for (const pid_t pid : children_of(processes.postgres)) {
    if (pid != processes.not_counted) {
      sum += own_seconds(pid);
    }
  }
  return sum;
}

double load_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
  return seconds + static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

std::string line_with(const std::string& file, std::string_view key) {
  std::istringstream in(text_of(file));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(key)) {
      const std::size_t value = line.find_first_not_of(" \t:", key.size());
      return value == std::string::npos ? "" : line.substr(value);
    }
  }
  return "";
}

}  // namespace

std::optional<ProcessStat> parse_stat(std::string_view text) {
  // The command may hold spaces and parentheses: only the last one closes it.
  const std::size_t close = text.rfind(')');
  if (close == std::string_view::npos) {
    return std::nullopt;
  }
  std::istringstream in{std::string(text.substr(close + 1))};
  std::vector<std::string> fields;
  for (std::string field; fields.size() <= kChildrenSystemTicks && in >> field;) {
    fields.push_back(field);
  }
  if (fields.size() <= kChildrenSystemTicks) {
    return std::nullopt;
  }
  ProcessStat stat;
  stat.parent = static_cast<pid_t>(number_in(fields[kParent]));
  stat.own_ticks = number_in(fields[kUserTicks]) + number_in(fields[kSystemTicks]);
  stat.children_ticks =
      number_in(fields[kChildrenUserTicks]) + number_in(fields[kChildrenSystemTicks]);
  return stat;
}

std::optional<ProcessStat> read_stat(pid_t pid) {
  return parse_stat(text_of("/proc/" + std::to_string(pid) + "/stat"));
}

std::optional<std::uint64_t> parse_status_kib(std::string_view text, std::string_view key) {
  const std::string wanted = "\n" + std::string(key) + ":";
  const std::size_t at = text.find(wanted);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = text.substr(at + wanted.size());
  return number_in(rest.substr(0, rest.find('\n')));
}

Result<Processes> find_servers(const std::string& stack_dir) {
  Processes processes;
  const std::pair<const char*, pid_t*> servers[] = {{"redis", &processes.redis},
                                                    {"rabbitmq", &processes.rabbitmq},
                                                    {"postgres", &processes.postgres}};
  for (const auto& [name, pid] : servers) {
    const std::string file = stack_dir + "/run/" + name + ".pid";
    *pid = static_cast<pid_t>(number_in(text_of(file)));
    if (*pid == 0 || !read_stat(*pid)) {
      return unreachable(file + " names no running process: start the servers first, with " +
                         "scripts/stack.sh up --dir " + stack_dir);
    }
  }
  return processes;
}

CpuSeconds read_cpu(const Processes& processes) {
  CpuSeconds cpu{{"holdfast", own_seconds(processes.holdfast)}, {"load", load_seconds()}};
  if (processes.postgres != 0) {
    cpu["redis"] = own_seconds(processes.redis);
    cpu["rabbitmq"] = own_seconds(processes.rabbitmq);
    cpu["postgres"] = postgres_seconds(processes);
  }
  return cpu;
}

Memory read_memory(pid_t pid) {
  const std::string status = text_of("/proc/" + std::to_string(pid) + "/status");
  const auto mib = [&](std::string_view key) {
    return static_cast<double>(parse_status_kib(status, key).value_or(0)) / 1024;
  };
  return {mib("VmRSS"), mib("VmHWM")};
}

double memory_of(pid_t pid) {
  const std::string text = text_of("/proc/" + std::to_string(pid) + "/smaps_rollup");
  return static_cast<double>(parse_status_kib(text, "Pss").value_or(0)) / 1024;
}

double memory_of_family(pid_t parent) {
  double sum = memory_of(parent);
  for (const pid_t pid : children_of(parent)) {
    sum += memory_of(pid);
  }
  return sum;
}

Machine read_machine() {
  utsname system{};
  uname(&system);
  return {line_with("/proc/cpuinfo", "model name"), std::thread::hardware_concurrency(),
          number_in(line_with("/proc/meminfo", "MemTotal")) / 1024,
          std::string(system.sysname) + " " + system.release};
}

}  // namespace holdfast::bench
