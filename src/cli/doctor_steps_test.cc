#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/doctor.h"

namespace holdfast::cli {
namespace {

// A port of 127.0.0.1, listening from listen() on. Bound all along, so that nobody else gets it.
class Port {
 public:
  Port() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(descriptor_, plain, size), 0);
    EXPECT_EQ(getsockname(descriptor_, plain, &size), 0);
    number_ = ntohs(address.sin_port);
  }
  ~Port() { close(descriptor_); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  void listen() { EXPECT_EQ(::listen(descriptor_, 8), 0); }
  std::string host() const { return "127.0.0.1:" + std::to_string(number_); }

 private:
  int descriptor_;
  std::uint16_t number_ = 0;
};

app::StepConfig step(const std::string& name, StepKind kind, const std::string& forward,
                     const std::string& reverse) {
  app::StepConfig made;
  made.name = name;
  made.kind = kind;
  made.forward_url = forward;
  made.reverse_url = reverse;
  return made;
}

app::Config with_steps(std::vector<app::StepConfig> steps) {
  app::Config config;
  auto& all = config.plans[0].steps;
  all.insert(all.end(), steps.begin(), steps.end());
  return config;
}

TEST(DoctorSteps, WithoutRemoteStepsThereIsNothingToSay) {
  EXPECT_TRUE(probe_steps(app::Config{}).empty());
  EXPECT_TRUE(probe_steps(with_steps({step("ship", StepKind::amqp, "", "")})).empty());
}

TEST(DoctorSteps, EachHostIsAskedForOnce) {
  Port port;
  port.listen();
  const auto url = "http://" + port.host();
  const auto findings =
      probe_steps(with_steps({step("pay", StepKind::http, url + "/charges", url + "/refunds"),
                              step("approve", StepKind::await, "", url + "/back?token=hunter2")}));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].verdict, Verdict::ok);
  EXPECT_EQ(findings[0].what, port.host() + " is reached, for default.approve, default.pay");
}

TEST(DoctorSteps, AHostThatDoesNotAnswerIsAWarning) {
  const Port port;
  const auto findings = probe_steps(
      with_steps({step("pay", StepKind::http, "http://" + port.host() + "/charges", "")}));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].verdict, Verdict::warn);
  EXPECT_EQ(findings[0].what, port.host() + " is not reached: Connection refused");
  EXPECT_NE(findings[0].mend.find("default.pay"), std::string::npos);
}

TEST(DoctorSteps, ANameThatIsNoneIsAFailure) {
  // Longer than a label of a name may be (RFC 1035 section 2.3.4): refused without asking a server.
  const std::string name(64, 'a');
  const auto findings =
      probe_steps(with_steps({step("pay", StepKind::http, "https://" + name + "/charges", "")}));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].verdict, Verdict::fail);
  EXPECT_TRUE(findings[0].what.starts_with(name + ":443 is not resolved: ")) << findings[0].what;
  EXPECT_EQ(findings[0].mend, "mend the URLs of default.pay");
}

}  // namespace
}  // namespace holdfast::cli
