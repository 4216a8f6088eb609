#include "bench/steps.h"

#include <gtest/gtest.h>
#include <toml++/toml.h>

namespace holdfast::bench {
namespace {

TEST(StepPlans, AreChainsOfRemoteSteps) {
  const toml::table table = toml::parse(step_plans({"h", "1", ""}));
  for (const std::size_t steps : {1U, 2U, 4U, 8U, 16U}) {
    const std::string plan = "bench-" + std::to_string(steps) + "-steps";
    const toml::array* chain = table["plans"][plan]["steps"].as_array();
    ASSERT_NE(chain, nullptr) << plan;
    ASSERT_EQ(chain->size(), steps + 1);
    for (std::size_t i = 1; i <= steps; ++i) {
      const toml::table& step = *chain->get(i)->as_table();
      EXPECT_EQ(step["kind"].value<std::string>(), "http");
      EXPECT_EQ(step["after"][0].value<std::string>(),
                chain->get(i - 1)->at_path("name").value<std::string>());
    }
  }
}

}  // namespace
}  // namespace holdfast::bench
