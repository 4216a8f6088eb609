#include "sim/flow_calls.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>

namespace holdfast::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuspend = "co_await";

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path.string() + " cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Blanks `count` characters from `at` on; lines stay lines.
void blank(std::string& text, std::size_t at, std::size_t count) {
  for (std::size_t i = at; i < std::min(at + count, text.size()); ++i) {
    if (text[i] != '\n') text[i] = ' ';
  }
}

/// Without comments and without what is between quotes.
std::string bare(std::string text) {
  static const std::regex kQuietly(R"re(//[^\n]*|"(?:[^"\\\n]|\\.)*")re");
  const std::string whole = text;
  for (std::sregex_iterator i(whole.begin(), whole.end(), kQuietly), end; i != end; ++i) {
    blank(text, static_cast<std::size_t>(i->position()), static_cast<std::size_t>(i->length()));
  }
  return text;
}

/// Where the bracket at `open` is closed.
std::size_t closing(const std::string& text, std::size_t open) {
  const char opens = text.at(open);
  const char closes = opens == '(' ? ')' : '}';
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == opens) ++depth;
    if (text[i] == closes && --depth == 0) return i;
  }
  throw std::runtime_error("a bracket is never closed");
}

/// Without the blocks that only a seeded defect enters.
std::string without_defects(std::string text) {
  constexpr std::string_view kIf = "if (HF_DEFECT(";
  for (auto at = text.find(kIf); at != std::string::npos; at = text.find(kIf, at)) {
    const auto condition_ends = closing(text, text.find('(', at));
    const auto block = text.find_first_not_of(" \n", condition_ends + 1);
    const auto end = text[block] == '{' ? closing(text, block) : condition_ends;
    blank(text, at, end + 1 - at);
  }
  return text;
}

int line_at(const std::string& text, std::size_t at) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(at);
  return 1 + static_cast<int>(std::count(text.begin(), end, '\n'));
}

/// Functions end with a bracket at the begin of a line, as they are formatted here.
int function_end(const std::string& text, std::size_t at) {
  return 1 + line_at(text, text.find("\n}", at));
}

void find_calls(const std::string& file, const std::string& text, FlowSource& source) {
  static const std::regex kCall(R"(\b(ledger|book|bus|clock|gateway)_?\.([a-z_]+)\()");
  // A BookArchive's `read` and `write` block, for a command that has the process to itself.
  static const std::set<std::string> kNoSuspension{"now", "connected", "on_connection", "read",
                                                   "write"};
  for (std::sregex_iterator i(text.begin(), text.end(), kCall), end; i != end; ++i) {
    if (kNoSuspension.contains(i->str(2))) continue;
    const auto at = static_cast<std::size_t>(i->position());
    FlowCall call;
    call.file = file;
    call.first_line = line_at(text, at);
    call.last_line = line_at(text, closing(text, at + static_cast<std::size_t>(i->length()) - 1));
    call.function_ends = function_end(text, at);
    call.call = i->str(1) + "." + i->str(2);
    source.calls.push_back(std::move(call));
  }
}

void find_coroutines(const std::string& text, std::set<std::string>& names) {
  static const std::regex kCoroutine(R"(awaitable<[^;{}()]*>\s+(?:\w+::)*(\w+)\()");
  for (std::sregex_iterator i(text.begin(), text.end(), kCoroutine), end; i != end; ++i) {
    names.insert(i->str(1));
  }
}

/// Every suspension is a call of a port, of a coroutine of the flows, or a wait for one of them.
void check_suspensions(const std::string& file, const std::string& text,
                       const std::set<std::string>& coroutines, FlowSource& source) {
  static const std::regex kCallee(R"(^\s*((?:[\w]+(?:::|\.|->))*)(\w+)\(?)");
  static const std::regex kPort(R"((ledger|book|bus|clock|gateway)_?\.$)");
  for (auto at = text.find(kSuspend); at != std::string::npos; at = text.find(kSuspend, at + 1)) {
    const std::string rest = text.substr(at + kSuspend.size(), 200);
    std::smatch callee;
    const bool has_name = std::regex_search(rest, callee, kCallee);
    const std::string owner = has_name ? callee.str(1) : "";
    const std::string name = has_name ? callee.str(2) : "";
    const bool is_understood = std::regex_search(owner, kPort) || coroutines.contains(name) ||
                               name == "wait" || (owner == "async::" && name == "gather") ||
                               owner.ends_with("this_coro::");
    if (is_understood) continue;
    source.not_understood.push_back(file + ":" + std::to_string(line_at(text, at)) + " " + owner +
                                    name);
  }
}

}  // namespace

FlowSource read_flows(const fs::path& flows) {
  std::set<fs::path> files;
  std::set<std::string> coroutines;
  for (const auto& entry : fs::directory_iterator(flows)) {
    const auto& path = entry.path();
    if (path.extension() == ".h" || path.extension() == ".cc") {
      find_coroutines(bare(text_of(path)), coroutines);
    }
    const bool is_flow = path.extension() == ".cc" && !path.stem().string().ends_with("_test");
    if (is_flow) files.insert(path);
  }
  FlowSource source;
  for (const auto& path : files) {
    const std::string file = "flows/" + path.filename().string();
    const std::string text = without_defects(bare(text_of(path)));
    find_calls(file, text, source);
    check_suspensions(file, text, coroutines, source);
  }
  return source;
}

}  // namespace holdfast::sim
