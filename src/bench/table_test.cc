#include "bench/table.h"

#include <gtest/gtest.h>

namespace holdfast::bench {
namespace {

TEST(Table, ShowsSeriesInColumns) {
  Results results;
  results.skus = {{1, 900}, {10'000, 12'345}};
  const std::string table = to_table(results);
  EXPECT_NE(table.find("\n"
                       "   SKUs  completed/s\n"
                       "      1          900\n"
                       "  10000        12345\n"),
            std::string::npos)
      << table;
}

TEST(Table, LeavesOutWhatWasNotMeasured) {
  const std::string table = to_table(Results{});
  for (const char* part : {"headline", "nginx", "SKUs", "a growing book", "second"}) {
    EXPECT_EQ(table.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace holdfast::bench
