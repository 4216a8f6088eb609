#include "sim/defect_search.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "domain/defects.h"
#include "sim/campaign.h"
#include "sim/run.h"

namespace holdfast::sim {
namespace {

/// How the search for one defect stands, where the process that searches and its parent see it.
struct Search {
  std::uint64_t seed = 0;
  std::array<char, 256> found{};  ///< the rules that were broken
};

void search(defects::Defect defect, std::uint64_t within, Search& search) {
  defects::turn_on(defect);
  while (search.seed < within) {
    Choice choice;
    choice.seed = ++search.seed;
    std::string rules;
    for (const auto& rule : broken_rules(run_once(choice))) {
      rules += (rules.empty() ? "" : ", ") + rule;
    }
    if (rules.empty()) continue;
    rules.copy(search.found.data(), search.found.size() - 1);
    return;
  }
}

/// Searches in a process of its own: a defect may also break an assertion, which ends it.
Search search_apart(defects::Defect defect, std::uint64_t within) {
  void* const shared =
      mmap(nullptr, sizeof(Search), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::runtime_error("no memory to share");
  auto* const seen = new (shared) Search;
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process for the search");
  if (child == 0) {
    std::freopen("/dev/null", "w", stderr);
    search(defect, within, *seen);
    std::_Exit(kHeld);
  }
  int status = 0;
  waitpid(child, &status, 0);
  Search result = *seen;
  munmap(shared, sizeof(Search));
  if (WIFSIGNALED(status) || WEXITSTATUS(status) == kCrashed)
    std::string_view("an assertion").copy(result.found.data(), 255);
  return result;
}

}  // namespace

bool turn_on_defect(const std::string& name) {
#if defined(HOLDFAST_DEFECTS)
  const auto defect = defects::parse(name);
  if (defect) defects::turn_on(*defect);
  return defect.has_value();
#else
  return name.empty();
#endif
}

int find_defects(std::uint64_t within) {
  std::size_t found = 0;
  const auto names = defects::names();
  std::printf("| defect | found by | after seeds |\n|---|---|---|\n");
  for (const auto name : names) {
    std::fflush(stdout);
    const Search result = search_apart(*defects::parse(name), within);
    const bool is_found = result.found[0] != '\0';
    if (is_found) ++found;
    std::printf("| `%s` | %s | %llu |\n", std::string(name).c_str(),
                is_found ? result.found.data() : "nothing",
                static_cast<unsigned long long>(result.seed));
  }
  std::printf("%zu passed, %zu failed\n", found, names.size() - found);
  return found == names.size() ? kHeld : kUnmet;
}

}  // namespace holdfast::sim
