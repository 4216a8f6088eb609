#include "sim/shrink.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace holdfast::sim {
namespace {

/// Whether `found` breaks one of `wanted`.
bool is_same_failure(const Verdict& found, const std::set<std::string>& wanted) {
  const auto broken = broken_rules(found);
  return std::any_of(broken.begin(), broken.end(),
                     [&wanted](const auto& rule) { return wanted.contains(rule); });
}

class Shrinking {
 public:
  Shrinking(const Verdict& failed, Choice& choice, std::size_t budget,
            const std::function<void(const std::string&)>& tell)
      : wanted_(broken_rules(failed)),
        best_(failed),
        choice_(choice),
        budget_(budget),
        tell_(tell) {}

  Verdict run() {
    std::set<std::string> faults;
    for (const auto& fault : best_.faults) faults.insert(fault.key);
    choice_.faults = std::move(faults);
    std::set<std::size_t> operations;
    for (const auto& operation : best_.history.operations) operations.insert(operation.number);
    if (!choice_.operations) choice_.operations = std::move(operations);
    bool smaller = true;
    while (smaller && budget_ > 0) {
      smaller = reduce(&Choice::faults, "faults");
      smaller = reduce(&Choice::operations, "operations") || smaller;
    }
    return best_;
  }

 private:
  /// Leaves parts of one set away. True: some were not needed.
  template <class T>
  bool reduce(std::optional<std::set<T>> Choice::*part, const char* name) {
    bool any = false;
    std::size_t pieces = 2;
    while (budget_ > 0 && !(choice_.*part)->empty()) {
      const std::vector<T> all((choice_.*part)->begin(), (choice_.*part)->end());
      const std::size_t size = std::max<std::size_t>(1, all.size() / pieces);
      bool found = false;
      for (std::size_t at = 0; at < all.size() && budget_ > 0; at += size) {
        Choice tried = choice_;
        for (std::size_t i = at; i < std::min(at + size, all.size()); ++i) {
          (tried.*part)->erase(all[i]);
        }
        if (!fails(tried)) continue;
        found = any = true;
        tell_(std::to_string((choice_.*part)->size()) + " " + name);
        break;
      }
      if (found) continue;
      if (size == 1) break;
      pieces *= 2;
    }
    return any;
  }

  bool fails(const Choice& tried) {
    --budget_;
    auto verdict = run_once(tried);
    if (!is_same_failure(verdict, wanted_)) return false;
    choice_ = tried;
    best_ = std::move(verdict);
    // Faults that did not happen any more are no part of it.
    std::set<std::string> fired;
    for (const auto& fault : best_.faults) fired.insert(fault.key);
    choice_.faults = std::move(fired);
    return true;
  }

  std::set<std::string> wanted_;
  Verdict best_;
  Choice& choice_;
  std::size_t budget_;
  const std::function<void(const std::string&)>& tell_;
};

}  // namespace

Verdict shrink(const Verdict& failed, Choice& choice, std::size_t budget,
               const std::function<void(const std::string&)>& tell) {
  return Shrinking(failed, choice, budget, tell).run();
}

std::string as_scenario(const Choice& choice, const Verdict& verdict) {
  std::ostringstream out;
  for (const auto& violation : verdict.violations) out << "# " << violation << "\n";
  out << "seed " << choice.seed << "\n";
  if (choice.operations) {
    for (const auto number : *choice.operations) out << "operation " << number << "\n";
  }
  if (choice.faults) {
    out << "only-faults\n";
    for (const auto& fault : *choice.faults) out << "fault " << fault << "\n";
  }
  return out.str();
}

Choice read_scenario(const std::string& text) {
  Choice choice;
  bool has_seed = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "seed" && words >> choice.seed) {
      has_seed = true;
    } else if (kind == "only-faults") {
      choice.faults.emplace();
    } else if (std::string key; kind == "fault" && words >> key) {
      if (!choice.faults) choice.faults.emplace();
      choice.faults->insert(key);
    } else if (std::size_t number = 0; kind == "operation" && words >> number) {
      if (!choice.operations) choice.operations.emplace();
      choice.operations->insert(number);
    } else {
      throw std::runtime_error("not understood: " + line);
    }
  }
  if (!has_seed) throw std::runtime_error("a scenario needs a line `seed N`");
  return choice;
}

}  // namespace holdfast::sim
