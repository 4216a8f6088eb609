#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <sstream>

#include "cli/cli.h"

namespace holdfast::cli {
namespace {

struct PspOutcome {
  int code;
  std::string out;
  std::string err;
};

PspOutcome psp(std::vector<std::string> arguments) {
  std::ostringstream out;
  std::ostringstream err;
  arguments.insert(arguments.begin(), "psp");
  const int code = run(arguments, {}, out, err);
  return {code, out.str(), err.str()};
}

TEST(CliPsp, WrongUseIsTwo) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--decline", "1.5"},
           {"--hang", "0.6", "--defer", "0.6"},
           {"--delay", "5"},
           {"--report-delay", "11m"},
           {"--seed", "x"},
           {"--listen", "127.0.0.1"},
           {"--listen", "psp.example:8090"},
           {"--secret", "secret"},
           {"--report-url", "https://127.0.0.1"},
           {"--report-url", "127.0.0.1:8080"},
       }) {
    const auto result = psp(arguments);
    EXPECT_EQ(result.code, kWrongUse) << arguments[0] << ' ' << arguments[1];
    EXPECT_NE(result.err, "") << arguments[0] << ' ' << arguments[1];
    EXPECT_EQ(result.out, "");
  }
}

TEST(CliPsp, ATakenPortIsToldAndOne) {
  using boost::asio::ip::tcp;
  boost::asio::io_context io;
  const tcp::acceptor holder(io, {boost::asio::ip::address_v4::loopback(), 0});
  const std::string address = "127.0.0.1:" + std::to_string(holder.local_endpoint().port());
  const auto result = psp({"--listen", address});
  EXPECT_EQ(result.code, kFailed);
  EXPECT_NE(result.err.find(address), std::string::npos) << result.err;
}

TEST(CliPsp, HelpTeaches) {
  const auto result = psp({"--help"});
  EXPECT_EQ(result.code, kFine);
  for (const char* part : {"--lose-answer", "psp_refund", "forward_url", "GET /records"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace holdfast::cli
