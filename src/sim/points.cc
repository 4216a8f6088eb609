#include "sim/points.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>
#include <vector>

#include "sim/flow_calls.h"

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

/// Where a call was made from, as `addr2line` tells it.
struct Place {
  std::string file;
  int line = 0;
};

Place place_of(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return {text, 0};
  return {text.substr(0, colon), std::atoi(text.c_str() + colon + 1)};
}

/// GCC places every call of a coroutine at the coroutine's last line, so that several calls of one
/// name are told apart by the order of their addresses; Clang names the line.
bool is_at(const FlowCall& call, const Place& place, const std::string& name) {
  if (call.call != name || call.file != place.file) return false;
  return place.line == call.function_ends ||
         (call.first_line <= place.line && place.line <= call.last_line);
}

bool is_reached(const FlowCall& call, const Sites::Count& count) {
  if (call.is_wait()) return count.died_waiting > 0;
  return count.died_before > 0 && count.died_after > 0;
}

std::string words_of(const FlowCall& call, const Sites::Count& count) {
  std::ostringstream text;
  text << call.file << ":" << call.first_line << " " << call.call << " passed " << count.passed;
  if (call.is_wait()) {
    text << ", died while it waited " << count.died_waiting;
  } else {
    text << ", died before " << count.died_before << ", after " << count.died_after;
  }
  return text.str();
}

}  // namespace

CrashPoints crash_points(const Sites& sites) {
  const FlowSource source = read_flows(std::filesystem::path(HOLDFAST_SOURCE_DIR) / "src/flows");
  std::vector<Sites::Count> counts(source.calls.size());
  std::vector<const void*> addresses;
  for (const auto& [key, count] : sites.counts()) addresses.push_back(key.first);
  const auto lines = lines_of(addresses);
  std::ostringstream unknown;
  std::map<std::string, std::size_t> met;  // addresses of one name at one place so far
  std::size_t i = 0;
  for (const auto& [key, count] : sites.counts()) {
    const auto& line = lines[i++];
    const Place place = place_of(line);
    std::vector<std::size_t> candidates;
    for (std::size_t at = 0; at < source.calls.size(); ++at) {
      if (is_at(source.calls[at], place, key.second)) candidates.push_back(at);
    }
    const auto nth = met[line + " " + key.second]++;
    if (nth < candidates.size()) {
      counts[candidates[nth]].add(count);
    } else if (place.file.starts_with("flows/")) {
      unknown << "  " << line << " " << key.second << "\n";
    }
  }
  std::ostringstream text;
  std::ostringstream missing;
  std::size_t reached = 0;
  for (i = 0; i < counts.size(); ++i) {
    const auto words = words_of(source.calls[i], counts[i]);
    text << words << "\n";
    const bool is_met = is_reached(source.calls[i], counts[i]);
    if (is_met) ++reached;
    if (!is_met) missing << "  " << words << "\n";
  }
  for (const auto& use : source.not_understood) missing << "  not understood: " << use << "\n";
  text << "crash points reached: " << reached << " of " << counts.size() << "\n";
  if (!missing.str().empty()) text << "not reached:\n" << missing.str();
  if (!unknown.str().empty()) text << "called from where no call was found:\n" << unknown.str();
  return {text.str(), missing.str().empty() && unknown.str().empty()};
}

}  // namespace holdfast::sim
