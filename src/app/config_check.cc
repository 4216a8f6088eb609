#include "app/config_check.h"

#include <algorithm>
#include <set>

#include "app/config_duration.h"
#include "app/config_names.h"
#include "app/config_url.h"

namespace holdfast::app {
namespace {

class Rules {
  // Collects the faults of one configuration. Lives for one call of check_rules.
 public:
  Rules(const Config& config, const Places& places) : config_(config), places_(places) {}

  std::vector<ConfigFault> run() {
    check_auth();
    check_keys();
    if (config_.settlement.retry_first > config_.settlement.retry_max) {
      fault("settlement.retry_first", "settlement.retry_first (" +
                                          format_duration(config_.settlement.retry_first) +
                                          ") must not be longer than settlement.retry_max (" +
                                          format_duration(config_.settlement.retry_max) + ")");
    }
    for (const auto& plan : config_.plans) {
      check_plan(plan);
    }
    return std::move(faults_);
  }

 private:
  void fault(const std::string& place, std::string message) {
    const auto found = places_.find(place);
    faults_.push_back({found == places_.end() ? "" : found->second, std::move(message)});
  }

  void check_auth() {
    const auto address = parse_listen(config_.http.listen);
    if (!address) {
      fault("http.listen", "http.listen " + address.error());
    } else if (config_.http.auth == Auth::none && !address->loopback) {
      fault(
          "http.listen",
          "http.listen = \"" + config_.http.listen +
              "\" with http.auth = \"none\" would let everyone who reaches this address place "
              "orders and change stock; either set auth = \"keys\" and add [[http.keys]] (name, "
              "role, and sha256 from: printf %s \"$SECRET\" | sha256sum), or listen on 127.0.0.1");
    }
    if (config_.http.auth == Auth::keys && config_.http.keys.empty()) {
      fault("http.auth",
            "http.auth = \"keys\" with no [[http.keys]] would let nobody in; add at least one with "
            "name, role, and sha256 from: printf %s \"$SECRET\" | sha256sum");
    }
  }

  void check_keys() {
    std::set<std::string> names;
    std::set<std::string> digests;
    for (std::size_t i = 0; i < config_.http.keys.size(); ++i) {
      const auto& key = config_.http.keys[i];
      if (!names.insert(key.name).second) {
        fault(key_place(i), "two [[http.keys]] have the name \"" + key.name + "\"");
      }
      if (!digests.insert(key.sha256).second) {
        fault(key_place(i), "the key \"" + key.name + "\" has the same secret as another one");
      }
    }
  }

  void check_plan(const PlanConfig& plan) {
    const auto before = faults_.size();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      const auto& name = plan.steps[i].name;
      if (std::find(names.begin(), names.end(), name) != names.end()) {
        fault(step_place(plan.name, i),
              "plan \"" + plan.name + "\" has two steps named \"" + name + "\"");
      }
      names.push_back(name);
    }
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      check_after(plan, i, names);
    }
    check_kinds(plan);
    if (faults_.size() == before) {  // a cycle among unknown or doubled names says nothing new
      check_cycle(plan);
    }
  }

  void check_after(const PlanConfig& plan, std::size_t index,
                   const std::vector<std::string>& names) {
    for (const auto& name : plan.steps[index].after) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        fault(step_place(plan.name, index),
              "step \"" + plan.steps[index].name + "\" of plan \"" + plan.name +
                  "\" comes after \"" + name +
                  "\", which is no step of this plan; did you mean \"" +
                  nearest_name(name, names).name + "\"?");
      }
    }
  }

  // The stock that a reservation takes in Redis is booked by the stock step: without it the books
  // could never balance, and twice it would be taken twice.
  void check_kinds(const PlanConfig& plan) {
    std::size_t stock_steps = 0;
    std::size_t points_steps = 0;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      const auto kind = plan.steps[i].kind;
      stock_steps += kind == StepKind::stock ? 1 : 0;
      points_steps += kind == StepKind::points ? 1 : 0;
      if ((kind == StepKind::stock && stock_steps == 2) ||
          (kind == StepKind::points && points_steps == 2)) {
        fault(step_place(plan.name, i), "plan \"" + plan.name + "\" has two steps of kind \"" +
                                            (kind == StepKind::stock ? "stock" : "points") +
                                            "\"; one is the most");
      }
    }
    if (stock_steps == 0) {
      fault(step_place(plan.name, 0),
            "plan \"" + plan.name + "\" has no step of kind \"stock\"; every plan needs one");
    }
  }

  // Takes away, round by round, each step whose predecessors are gone. What stays is in a cycle, or
  // behind one.
  void check_cycle(const PlanConfig& plan) {
    std::set<std::string> gone;
    for (bool moved = true; moved;) {
      moved = false;
      for (const auto& step : plan.steps) {
        const bool ready = std::all_of(step.after.begin(), step.after.end(),
                                       [&](const auto& name) { return gone.contains(name); });
        moved = (ready && gone.insert(step.name).second) || moved;
      }
    }
    std::string names;
    std::string place;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      if (!gone.contains(plan.steps[i].name)) {
        place = place.empty() ? step_place(plan.name, i) : place;
        names += (names.empty() ? "\"" : ", \"") + plan.steps[i].name + "\"";
      }
    }
    if (!names.empty()) {
      fault(place, "plan \"" + plan.name + "\" has a cycle: the steps " + names +
                       " wait for each other; take one name out of an `after`");
    }
  }

  const Config& config_;
  const Places& places_;
  std::vector<ConfigFault> faults_;
};

}  // namespace

std::string step_place(const std::string& plan, std::size_t index) {
  return "plans." + plan + ".steps[" + std::to_string(index) + "]";
}

std::string key_place(std::size_t index) {
  return "http.keys[" + std::to_string(index) + "]";
}

std::vector<ConfigFault> check_rules(const Config& config, const Places& places) {
  return Rules(config, places).run();
}

tl::expected<void, ConfigError> validate(const Config& config) {
  auto faults = check_rules(config, {});
  if (!faults.empty()) {
    return tl::unexpected(ConfigError{std::move(faults)});
  }
  return {};
}

}  // namespace holdfast::app
