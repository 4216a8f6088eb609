#include "bench/proc_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "bench/options.h"
#include "bench/pgbench.h"

namespace holdfast::bench {
namespace {

TEST(ProcFiles, ReadsAStatLine) {
  // As the kernel writes it, with a command that tries to confuse.
  const auto stat = parse_stat(
      "4711 (a) b (c) S 42 4711 4711 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 8 0 5000 1 2 3\n");
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->parent, 42);
  EXPECT_EQ(stat->own_ticks, 33U);
  EXPECT_EQ(stat->children_ticks, 77U);
}

TEST(ProcFiles, RefusesWhatIsNoStatLine) {
  EXPECT_FALSE(parse_stat("").has_value());
  EXPECT_FALSE(parse_stat("1 (x) S 1 2").has_value());
}

TEST(ProcFiles, FindsItsOwnParent) {
  const auto stat = read_stat(getpid());
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->parent, getppid());
}

TEST(ProcFiles, ReadsAStatusLine) {
  const std::string_view status = "Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t    1024 kB\n";
  EXPECT_EQ(parse_status_kib(status, "VmHWM"), 2048U);
  EXPECT_EQ(parse_status_kib(status, "VmRSS"), 1024U);
  EXPECT_FALSE(parse_status_kib(status, "VmSwap").has_value());
}

TEST(ProcFiles, CountsTheCpuOfThisProcess) {
  const Processes nobody;
  const double before = read_cpu(nobody).at("load");
  volatile unsigned sink = 0;
  while (read_cpu(nobody).at("load") < before + 0.02) {
    sink = sink + 1;
  }
  EXPECT_GT(read_cpu(nobody).at("load"), before);
}

TEST(Options, ReachAListeningAddress) {
  EXPECT_EQ(endpoint_of_listen("127.0.0.1:8080")->url(), "http://127.0.0.1:8080");
  EXPECT_EQ(endpoint_of_listen("0.0.0.0:81")->url(), "http://127.0.0.1:81");
  EXPECT_EQ(endpoint_of_listen("[::]:81")->url(), "http://[::1]:81");
  EXPECT_FALSE(endpoint_of_listen("127.0.0.1:x").has_value());
}

TEST(Pgbench, ReadsTheRateOutOfItsReport) {
  const auto rate = parse_pgbench(
      "number of transactions actually processed: 52436\n"
      "number of failed transactions: 0 (0.000%)\n"
      "latency average = 1.525 ms\n"
      "initial connection time = 14.025 ms\n"
      "tps = 5245.123456 (without initial connection time)\n");
  ASSERT_TRUE(rate.has_value());
  EXPECT_DOUBLE_EQ(*rate, 5245.123456);
  EXPECT_FALSE(parse_pgbench("pgbench: error: connection failed").has_value());
}

}  // namespace
}  // namespace holdfast::bench
