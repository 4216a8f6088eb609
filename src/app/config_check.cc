#include "app/config_check.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "app/config_duration.h"
#include "app/config_url.h"

namespace holdfast::app {
namespace {

constexpr std::size_t kMostPlans = 64;

// Collects the faults of one configuration. Lives for one call of check_rules.
class Rules {
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
    check_plans();
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

  void check_plans() {
    const auto& plans = config_.plans;
    if (plans.size() > kMostPlans) {
      fault(plan_place(plans.back().name), "there are " + std::to_string(plans.size()) +
                                               " plans, `default` included; " +
                                               std::to_string(kMostPlans) + " is the most");
    }
    for (const auto& plan : plans) {
      auto found = check_plan(plan, places_);
      std::move(found.begin(), found.end(), std::back_inserter(faults_));
    }
  }

  const Config& config_;
  const Places& places_;
  std::vector<ConfigFault> faults_;
};

}  // namespace

std::string plan_place(const std::string& plan) {
  return "plans." + plan;
}

std::string step_place(const std::string& plan, std::size_t index) {
  return plan_place(plan) + ".steps[" + std::to_string(index) + "]";
}

std::string key_place(std::size_t index) {
  return "http.keys[" + std::to_string(index) + "]";
}

std::vector<ConfigFault> check_rules(const Config& config, const Places& places) {
  return Rules(config, places).run();
}

std::vector<std::string> find_oddities(const Config& config, const Places& places) {
  std::vector<std::string> oddities;
  const auto add = [&](const std::string& place, const std::string& text) {
    const auto found = places.find(place);
    oddities.push_back((found == places.end() ? "" : found->second + ": ") + text);
  };
  if (config.http.auth == Auth::none && !config.http.keys.empty()) {
    add(key_place(0), "[[http.keys]] are not looked at while http.auth = \"none\"");
  }
  for (const auto& plan : config.plans) {
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      const auto& step = plan.steps[i];
      if (step.kind == StepKind::await && step.timeout > config.order.deadline) {
        add(step_place(plan.name, i) + ".timeout",
            "step \"" + step.name + "\" of plan \"" + plan.name + "\" waits for " +
                format_duration(step.timeout) + ", but order.deadline cancels the order after " +
                format_duration(config.order.deadline));
      }
    }
  }
  return oddities;
}

tl::expected<void, ConfigError> validate(const Config& config) {
  auto faults = check_rules(config, {});
  if (!faults.empty()) {
    return tl::unexpected(ConfigError{std::move(faults)});
  }
  return {};
}

}  // namespace holdfast::app
