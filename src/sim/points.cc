#include "sim/points.h"

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <sstream>
#include <vector>

// NOLINTNEXTLINE(bugprone-reserved-identifier): the name is the linker's
extern "C" const char __executable_start;

namespace holdfast::sim {
namespace {

/// What a command prints.
std::string output_of(const std::string& command) {
  struct Close {
    void operator()(FILE* pipe) const { pclose(pipe); }
  };
  const std::unique_ptr<FILE, Close> pipe(popen(command.c_str(), "r"));
  if (!pipe) return {};
  std::string text;
  std::array<char, 4096> part{};
  for (std::size_t read = 0; (read = std::fread(part.data(), 1, part.size(), pipe.get())) > 0;) {
    text.append(part.data(), read);
  }
  return text;
}

/// The lines from which calls return to `addresses`, as `flows/sweep.cc:42`.
std::vector<std::string> lines_of(const std::vector<const void*>& addresses) {
  std::ostringstream command;
  command << "addr2line -e /proc/"
          << "$PPID"
          << "/exe" << std::hex;
  for (const void* address : addresses) {
    // Of the call, not of what comes after it.
    command << " 0x" << static_cast<const char*>(address) - &__executable_start - 1;
  }
  std::istringstream answer(output_of(command.str()));
  std::vector<std::string> lines;
  for (std::string line; std::getline(answer, line);) {
    const auto source = line.rfind("/src/");
    line = source == std::string::npos ? line : line.substr(source + 5);
    lines.push_back(line.substr(0, line.find(' ')));
  }
  lines.resize(addresses.size(), "unknown");
  return lines;
}

}  // namespace

std::string points_table(const Sites& sites) {
  std::vector<const void*> addresses;
  for (const auto& [key, count] : sites.counts()) addresses.push_back(key.first);
  const auto lines = lines_of(addresses);
  std::map<std::string, Sites::Count> table;
  std::size_t i = 0;
  for (const auto& [key, count] : sites.counts()) {
    auto& sum = table[lines[i++] + " " + key.second];
    sum.passed += count.passed;
    sum.died_before += count.died_before;
    sum.died_after += count.died_after;
  }
  std::ostringstream text;
  std::size_t both = 0;
  for (const auto& [place, count] : table) {
    text << place << " passed " << count.passed << ", died before " << count.died_before
         << ", after " << count.died_after << "\n";
    if (count.died_before > 0 && count.died_after > 0) ++both;
  }
  text << both << " of " << table.size() << " places had a death before and after the effect\n";
  return text.str();
}

}  // namespace holdfast::sim
