#include <algorithm>
#include <iterator>
#include <set>

#include "app/config_check.h"
#include "app/config_duration.h"
#include "app/config_names.h"

namespace holdfast::app {
namespace {

constexpr std::size_t kMostSteps = 32;

// Collects the faults of one plan. Lives for one call of check_plan.
class PlanRules {
 public:
  PlanRules(const PlanConfig& plan, const Places& places) : plan_(plan), places_(places) {
    for (const auto& step : plan.steps) {
      names_.push_back(step.name);
    }
  }

  std::vector<ConfigFault> run() {
    if (plan_.steps.size() > kMostSteps) {
      fault(kMostSteps, "",
            label() + " has " + std::to_string(plan_.steps.size()) + " steps; " +
                std::to_string(kMostSteps) + " is the most");
    }
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      check_name(i);
      check_after(i);
      check_retry(i);
    }
    check_kinds();
    if (faults_.empty()) {  // a cycle among unknown or doubled names says nothing new
      check_cycle();
    }
    return std::move(faults_);
  }

 private:
  std::string label() const { return "plan \"" + plan_.name + "\""; }
  std::string label(std::size_t index) const {
    return "step \"" + names_[index] + "\" of " + label();
  }

  // At the step's key (".after"), or where the step begins.
  void fault(std::size_t index, const std::string& key, std::string message) {
    auto found = places_.find(step_place(plan_.name, index) + key);
    if (found == places_.end()) {
      found = places_.find(step_place(plan_.name, index));
    }
    faults_.push_back({found == places_.end() ? "" : found->second, std::move(message)});
  }

  void check_name(std::size_t index) {
    const auto first = std::find(names_.begin(), names_.end(), names_[index]);
    if (static_cast<std::size_t>(first - names_.begin()) != index) {
      fault(index, ".name",
            label() + " has two steps named \"" + names_[index] + "\"; give one another name");
    }
  }

  void check_after(std::size_t index) {
    const auto& after = plan_.steps[index].after;
    for (std::size_t i = 0; i < after.size(); ++i) {
      const auto& name = after[i];
      const auto key = ".after[" + std::to_string(i) + "]";
      const auto before = after.begin() + static_cast<std::ptrdiff_t>(i);
      if (name == names_[index]) {
        fault(index, key, label(index) + " comes after itself; take it out of `after`");
      } else if (std::find(names_.begin(), names_.end(), name) == names_.end()) {
        fault(index, key,
              label(index) + " comes after \"" + name +
                  "\", which is no step of this plan; did you mean \"" +
                  nearest_other(index, name) + "\"?");
      } else if (std::find(after.begin(), before, name) != before) {
        fault(index, key, label(index) + " names \"" + name + "\" twice in `after`; once will do");
      }
    }
  }

  // Of the steps but the one that asks: it cannot have meant itself.
  std::string nearest_other(std::size_t index, const std::string& name) const {
    std::vector<std::string> others;
    std::copy_if(names_.begin(), names_.end(), std::back_inserter(others),
                 [&](const auto& other) { return other != names_[index]; });
    return nearest_name(name, others.empty() ? names_ : others).name;
  }

  void check_retry(std::size_t index) {
    const auto& retry = plan_.steps[index].retry;
    if (retry.first > retry.max) {
      const bool says_first = places_.contains(step_place(plan_.name, index) + ".retry.first");
      fault(index, says_first ? ".retry.first" : ".retry.max",
            label(index) + ": `retry.first` (" + format_duration(retry.first) +
                ") must not be longer than `retry.max` (" + format_duration(retry.max) + ")");
    }
  }

  // The stock that a reservation takes in Redis is booked by the stock step: without it the books
  // could never balance, and twice it would be taken twice.
  void check_kinds() {
    for (const auto kind : {StepKind::stock, StepKind::points}) {
      std::size_t count = 0;
      for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
        count += plan_.steps[i].kind == kind ? 1 : 0;
        if (plan_.steps[i].kind == kind && count == 2) {
          fault(i, ".kind",
                label() + " has two steps of kind \"" + std::string(to_string(kind)) +
                    "\"; one is the most");
        }
      }
      if (kind == StepKind::stock && count == 0) {
        fault(0, "", label() + " has no step of kind \"stock\"; every plan needs one");
      }
    }
  }

  // Takes away, round by round, each step whose predecessors are gone. What stays is in a cycle, or
  // behind one; taking away, backwards, those that nobody who stayed comes after leaves the cycle.
  void check_cycle() {
    std::set<std::string> gone;
    const auto take = [&](const auto& is_free) {
      for (bool moved = true; moved;) {
        moved = false;
        for (const auto& step : plan_.steps) {
          moved = (!gone.contains(step.name) && is_free(step) && gone.insert(step.name).second) ||
                  moved;
        }
      }
    };
    take([&](const StepConfig& step) {
      return std::all_of(step.after.begin(), step.after.end(),
                         [&](const auto& name) { return gone.contains(name); });
    });
    take([&](const StepConfig& step) {
      return std::none_of(plan_.steps.begin(), plan_.steps.end(), [&](const StepConfig& other) {
        return !gone.contains(other.name) &&
               std::find(other.after.begin(), other.after.end(), step.name) != other.after.end();
      });
    });
    std::string names;
    std::size_t first = 0;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (!gone.contains(names_[i])) {
        first = names.empty() ? i : first;
        names += (names.empty() ? "\"" : ", \"") + names_[i] + "\"";
      }
    }
    if (!names.empty()) {
      fault(first, ".after",
            label() + " has a cycle: the steps " + names +
                " wait for each other; take one name out of an `after`");
    }
  }

  const PlanConfig& plan_;
  const Places& places_;
  std::vector<std::string> names_;  // of its steps, in their order
  std::vector<ConfigFault> faults_;
};

}  // namespace

std::vector<ConfigFault> check_plan(const PlanConfig& plan, const Places& places) {
  return PlanRules(plan, places).run();
}

}  // namespace holdfast::app
