#include "load/identity.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace holdfast::load {
namespace {

TEST(Identity, MakesUuidsOfVersion4) {
  const std::regex shape("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  IdSource ids(1);
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string uuid = ids.uuid();
    EXPECT_TRUE(std::regex_match(uuid, shape)) << uuid;
    EXPECT_TRUE(seen.insert(uuid).second) << uuid;
  }
}

TEST(Identity, RepeatsFromASeed) {
  EXPECT_EQ(IdSource(7).uuid(), IdSource(7).uuid());
  EXPECT_NE(IdSource(7).uuid(), IdSource(8).uuid());
  EXPECT_EQ(run_suffix(7), run_suffix(7));
  EXPECT_EQ(run_suffix(7).size(), 6U);
}

}  // namespace
}  // namespace holdfast::load
