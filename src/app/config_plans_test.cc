#include "app/config_plans.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "app/config_file_for_test.h"
#include "app/config_step_keys.h"

namespace holdfast::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kStock = "[[plans.default.steps]]\nname = \"stock\"\nkind = \"stock\"\n";
const std::string kNext = "[[plans.default.steps]]\n";  // the fourth line after kStock
// 32 bytes; printf %s 0123456789abcdef0123456789abcdef | base64
const std::string kSecret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

// A second step, "pay" of `kind`, on lines 4 to 6; what follows begins on line 7.
std::string pay(const std::string& kind, const std::string& keys) {
  return kStock + kNext + "name = \"pay\"\nkind = \"" + kind + "\"\n" + keys;
}

std::string pay_faults(const std::string& kind, const std::string& keys) {
  return faults(pay(kind, keys));
}

std::string http_faults(const std::string& keys) {
  return pay_faults("http", "forward_url = \"http://psp/charges\"\n" + keys);
}

StepConfig pay_step(const std::string& kind, const std::string& keys) {
  const auto config = loaded(pay(kind, keys));
  const auto& steps = config.plans.at(0).steps;
  return steps.size() == 2 ? steps[1] : StepConfig{};
}

TEST(Plans, AreReadInTheOrderOfTheFile) {
  const auto config = loaded(R"(
[[plans.fast.steps]]
name = "book"
kind = "stock"
[[plans.fast.steps]]
name = "gift"
kind = "points"
per = 5
after = ["book"]
)");
  ASSERT_EQ(config.plans.size(), 2U);  // `default` stays
  EXPECT_EQ(config.plans[0], Config::default_plan());
  EXPECT_EQ(config.plans[1].name, "fast");
  ASSERT_EQ(config.plans[1].steps.size(), 2U);
  EXPECT_EQ(config.plans[1].steps[1].per, 5U);
  EXPECT_EQ(config.plans[1].steps[1].after, std::vector<std::string>{"book"});
}

TEST(Plans, EachKindHasItsDefaults) {
  const auto http = pay_step("http", "forward_url = \"http://psp/charges\"\n");
  EXPECT_EQ(http.kind, StepKind::http);
  EXPECT_EQ(http.forward_url, "http://psp/charges");
  EXPECT_EQ(http.reverse_url, "");
  EXPECT_EQ(http.timeout, seconds(5));
  EXPECT_EQ(http.report_timeout, minutes(15));
  EXPECT_EQ(http.retry.attempts, 8U);
  EXPECT_EQ(http.retry.first, seconds(1));
  EXPECT_EQ(http.retry.factor, 3U);
  EXPECT_EQ(http.retry.max, minutes(5));
  EXPECT_EQ(http.concurrency, 16U);
  EXPECT_EQ(http.webhook_secret, "");
  EXPECT_EQ(pay_step("await", "").timeout, minutes(15));
  EXPECT_EQ(pay_step("amqp", "").timeout, minutes(1));
}

TEST(Plans, EveryKeyIsRead) {
  const auto step = pay_step("http", R"(after = ["stock"]
forward_url = "https://[::1]:8443/charges?shop=1"
reverse_url = "http://psp.example:8090/refunds"
timeout = "250ms"
report_timeout = "1h"
retry = { attempts = 5, first = "10ms", factor = 2, max = "2s" }
concurrency = 3
webhook_secret = "whsec_)" + kSecret + "\"\n");
  EXPECT_EQ(step.name, "pay");
  EXPECT_EQ(step.after, std::vector<std::string>{"stock"});
  EXPECT_EQ(step.forward_url, "https://[::1]:8443/charges?shop=1");
  EXPECT_EQ(step.reverse_url, "http://psp.example:8090/refunds");
  EXPECT_EQ(step.timeout, milliseconds(250));
  EXPECT_EQ(step.report_timeout, hours(1));
  EXPECT_EQ(step.retry, (RetryPolicy{5, milliseconds(10), 2, seconds(2)}));
  EXPECT_EQ(step.concurrency, 3U);
  EXPECT_EQ(step.webhook_secret, "whsec_" + kSecret);
}

TEST(Plans, ARetryMayBeATableOfItsOwn) {
  EXPECT_EQ(pay_step("amqp", "retry.attempts = 3\nretry.max = \"9s\"\n").retry,
            (RetryPolicy{3, seconds(1), 3, seconds(9)}));
  EXPECT_EQ(pay_step("amqp", "[plans.default.steps.retry]\nfactor = 1\n").retry.factor, 1U);
}

TEST(Plans, NamesAndKindsAreChecked) {
  EXPECT_EQ(pay_faults("htp", ""),
            "holdfast.toml:6: step \"pay\" of plan \"default\": `kind` must be one of \"stock\", "
            "\"points\", \"http\", \"await\", \"amqp\", not \"htp\"; did you mean \"http\"?\n");
  EXPECT_EQ(faults(kStock + kNext + "name = \"pay.1\"\nkind = \"await\"\n"),
            "holdfast.toml:5: [[plans.default.steps]]: `name` must be 1 to 64 characters of "
            "A-Za-z0-9_-\n");
  EXPECT_EQ(faults(kStock + kNext + "kind = \"await\"\n"),
            "holdfast.toml:4: [[plans.default.steps]] needs `name`: 1 to 64 characters of "
            "A-Za-z0-9_-\n");
  EXPECT_EQ(faults(kStock + kNext + "name = \"pay\"\n"),
            "holdfast.toml:4: step \"pay\" of plan \"default\" needs `kind`: one of \"stock\", "
            "\"points\", \"http\", \"await\", \"amqp\"\n");
  EXPECT_NE(faults("[[plans.\"a b\".steps]]\n").find("holdfast.toml:1: a plan's name must be"),
            std::string::npos);
  EXPECT_NE(faults("[plans.a]\n")
                .find("holdfast.toml:1: the steps of a plan are written as "
                      "[[plans.a.steps]]"),
            std::string::npos);
  EXPECT_EQ(faults("[plans.a]\nstep = 1\nsteps = [{ name = \"s\", kind = \"stock\" }]\n"),
            "holdfast.toml:2: unknown key `step` in [plans.a]; did you mean `steps`?\n");
}

TEST(Plans, AnUnknownKeyIsToldWithTheNearest) {
  EXPECT_EQ(http_faults("revers_url = \"http://psp/refunds\"\n"),
            "holdfast.toml:8: unknown key `revers_url` in [[plans.default.steps]]; did you mean "
            "`reverse_url`?\n");
  EXPECT_EQ(http_faults("afer = []\n"),
            "holdfast.toml:8: unknown key `afer` in [[plans.default.steps]]; did you mean "
            "`after`?\n");
  EXPECT_EQ(http_faults("retry = { atempts = 2 }\n"),
            "holdfast.toml:8: unknown key `atempts` in `retry` of step \"pay\" of plan "
            "\"default\"; did you mean `attempts`?\n");
}

TEST(Plans, AnHttpStepNeedsWhereToCall) {
  EXPECT_EQ(pay_faults("http", ""),
            "holdfast.toml:4: step \"pay\" of plan \"default\" needs `forward_url`: http:// or "
            "https:// with a host, at most 2048 characters\n");
}

// A key of a step, as the file writes it.
struct Written {
  const char* key;
  std::string line;
};

std::vector<Written> each_key() {
  return {{"per", "per = 3"},
          {"forward_url", "forward_url = \"http://psp\""},
          {"reverse_url", "reverse_url = \"http://psp\""},
          {"timeout", "timeout = \"1s\""},
          {"report_timeout", "report_timeout = \"1s\""},
          {"retry", "retry = { attempts = 2 }"},
          {"concurrency", "concurrency = 2"},
          {"webhook_secret", "webhook_secret = \"" + kSecret + "\""}};
}

TEST(Plans, AKeyOfAnotherKindIsRefused) {
  const std::string all = "kinds \"http\", \"await\", \"amqp\"";
  const std::string calls = "kinds \"http\", \"await\"";
  const std::map<std::string, std::map<std::string, std::string>> foreign = {
      {"points",
       {{"forward_url", "kind \"http\""},
        {"reverse_url", calls},
        {"timeout", all},
        {"report_timeout", "kind \"http\""},
        {"retry", all},
        {"concurrency", all},
        {"webhook_secret", calls}}},
      {"http", {{"per", "kind \"points\""}}},
      {"await",
       {{"per", "kind \"points\""},
        {"forward_url", "kind \"http\""},
        {"report_timeout", "kind \"http\""}}},
      {"amqp",
       {{"per", "kind \"points\""},
        {"forward_url", "kind \"http\""},
        {"reverse_url", calls},
        {"report_timeout", "kind \"http\""},
        {"webhook_secret", calls}}}};
  for (const auto& [kind, refused] : foreign) {
    for (const auto& [key, line] : each_key()) {
      const auto needed = kind == "http" && std::string(key) != "forward_url"
                              ? std::string("forward_url = \"http://psp\"\n")
                              : std::string();
      const auto found = pay_faults(kind, line + "\n" + needed);
      const auto owners = refused.find(key);
      const auto expected = owners == refused.end()
                                ? ""
                                : "holdfast.toml:7: step \"pay\" of plan \"default\": `" +
                                      std::string(key) + "` belongs to " + owners->second +
                                      " only, and this step is of kind \"" + kind +
                                      "\"; take it away\n";
      EXPECT_EQ(found, expected) << kind << " " << line;
    }
  }
}

TEST(Plans, ValuesHaveBounds) {
  struct Bound {
    std::string kind;
    std::string key;  // with a %, which the values take the place of
    std::vector<std::string> allowed;
    std::vector<std::string> refused;
  };
  const std::vector<Bound> bounds = {
      {"points", "per = %", {"1", "1000000000"}, {"0", "-1", "1000000001", "1.5", "\"3\""}},
      {"http", "timeout = \"%\"", {"50ms", "5m"}, {"49ms", "300001ms", "0s", "5", "1d", ""}},
      {"amqp", "timeout = \"%\"", {"100ms", "24h"}, {"99ms", "25h"}},
      {"await", "timeout = \"%\"", {"100ms", "720h"}, {"99ms", "721h"}},
      {"http", "report_timeout = \"%\"", {"100ms", "720h"}, {"99ms", "721h"}},
      {"amqp", "retry = { attempts = % }", {"1", "100"}, {"0", "101", "true"}},
      {"amqp", "retry = { first = \"%\", max = \"24h\" }", {"1ms", "1h"}, {"0ms", "3600001ms"}},
      {"amqp", "retry = { factor = % }", {"1", "10"}, {"0", "11", "1.5"}},
      {"amqp", "retry = { first = \"1ms\", max = \"%\" }", {"1ms", "24h"}, {"0ms", "25h"}},
      {"await", "concurrency = %", {"1", "1000"}, {"0", "1001"}}};
  for (const auto& bound : bounds) {
    const auto with = [&](const std::string& value) {
      auto line = bound.key;
      line.replace(line.find('%'), 1, value);
      const auto needed = bound.kind == "http" ? "\nforward_url = \"http://psp\"\n" : "\n";
      return pay_faults(bound.kind, line + needed);
    };
    for (const auto& value : bound.allowed) {
      EXPECT_EQ(with(value), "") << bound.kind << " " << bound.key << " " << value;
    }
    for (const auto& value : bound.refused) {
      EXPECT_TRUE(with(value).starts_with("holdfast.toml:7: step \"pay\" of plan \"default\": `"))
          << bound.kind << " " << bound.key << " " << value << ": " << with(value);
    }
  }
  EXPECT_EQ(http_faults("timeout = \"10m\"\n"),
            "holdfast.toml:8: step \"pay\" of plan \"default\": `timeout` must be a duration in "
            "quotes (such as \"200ms\", \"5s\", \"15m\", \"24h\") from 50ms to 5m, not \"10m\"\n");
}

TEST(Plans, RetriesMustFitTogether) {
  EXPECT_EQ(http_faults("retry = { first = \"1m\", max = \"30s\" }\n"),
            "holdfast.toml:8: step \"pay\" of plan \"default\": `retry.first` (1m) must not be "
            "longer than `retry.max` (30s)\n");
  EXPECT_EQ(http_faults("retry = { first = \"10m\" }\n").substr(0, 17), "holdfast.toml:8: ");
  EXPECT_EQ(http_faults("retry.attempts = 2\nretry.max = \"10ms\"\n").substr(0, 17),
            "holdfast.toml:9: ");
  EXPECT_EQ(http_faults("retry = 3\n"),
            "holdfast.toml:8: step \"pay\" of plan \"default\": `retry` is written as { attempts = "
            "8, first = \"1s\", factor = 3, max = \"5m\" }, each of them optional\n");
}

TEST(Plans, UrlsAreChecked) {
  const auto with = [](const std::string& url) {
    return pay_faults("http", "forward_url = \"" + url + "\"\n");
  };
  const std::string longest = "http://psp/" + std::string(2'048 - 11, 'x');
  for (const auto& right :
       {std::string("http://psp"), std::string("https://psp.example/a?b=c@d"),
        std::string("http://[::1]:80/"), std::string("http://127.0.0.1:65535"), longest}) {
    EXPECT_EQ(with(right), "") << right;
  }
  const std::map<std::string, std::string> wrong = {
      {"ftp://psp/", "must begin with http:// or https://"},
      {"psp/charges", "must begin with http:// or https://"},
      {"HTTP://psp/", "must begin with http:// or https://"},
      {"http://", "must name a host"},
      {"http:///charges", "must name a host"},
      {"http://:8090/", "must name a host"},
      {"http://?a", "must name a host"},
      {"http://a,b/", "must name a host"},
      {"http://[12]/", "must name a host"},
      {"http://[::1/", "has a [ without its ]"},
      {"http://psp:0/", "has port 0"},
      {"http://psp:65536/", "has a port that is not"},
      {"http://user:hunter2@psp/", "must hold no user and password"},
      {"http://@psp/", "must hold no user and password"},
      {"http://psp/#part", "must have no fragment"},
      {"http://psp/a b", "must be plain ASCII"},
      {"http://psp/caf\xc3\xa9", "must be plain ASCII"},
      {"http://psp/%zz", "has a % that is not followed"},
      {longest + "x", "must have at most 2048 characters"},
      {"", "must be a text in quotes"}};
  for (const auto& [url, message] : wrong) {
    const auto found = with(url);
    EXPECT_TRUE(found.starts_with(
        "holdfast.toml:7: step \"pay\" of plan \"default\": `forward_url` " + message))
        << url << ": " << found;
    EXPECT_EQ(found.find("hunter2"), std::string::npos) << found;  // a password is not told
  }
}

TEST(Plans, SecretsAreCheckedAndNeverTold) {
  const auto with = [](const std::string& secret) {
    return http_faults("webhook_secret = \"" + secret + "\"\n");
  };
  const std::string bytes24(32, 'A');  // base64 of 24 zeros
  const auto bytes64 = std::string(86, 'A') + "==";
  for (const auto& right : {kSecret, "whsec_" + kSecret, bytes24, bytes64}) {
    EXPECT_EQ(with(right), "") << right;
  }
  const auto bytes23 = std::string(31, 'A') + "=";
  const auto bytes65 = std::string(87, 'A') + "=";
  for (const auto& wrong :
       {bytes23, bytes65, kSecret.substr(1), "whsec-" + kSecret, std::string("whsec_"),
        std::string(31, 'A') + "-", "=" + std::string(31, 'A')}) {
    EXPECT_EQ(with(wrong),
              "holdfast.toml:8: step \"pay\" of plan \"default\": `webhook_secret` must be whsec_ "
              "and the base64 of 24 to 64 bytes; make one with: echo whsec_$(openssl rand -base64 "
              "32)\n");
  }
  EXPECT_NE(with("***").find("write the secret"), std::string::npos);
  EXPECT_NE(with("").find("must be a text in quotes"), std::string::npos);
}

TEST(Plans, StepsFollowStepsOfTheirPlan) {
  EXPECT_EQ(faults(kStock + kNext + "name = \"stock\"\nkind = \"points\"\n"),
            "holdfast.toml:5: plan \"default\" has two steps named \"stock\"; give one another "
            "name\n");
  EXPECT_EQ(http_faults("after = [\n\"stock\",\n\"stok\"]\n"),
            "holdfast.toml:10: step \"pay\" of plan \"default\" comes after \"stok\", which is no "
            "step of this plan; did you mean \"stock\"?\n");
  EXPECT_EQ(http_faults("after = [\"pay\"]\n"),
            "holdfast.toml:8: step \"pay\" of plan \"default\" comes after itself; take it out of "
            "`after`\n");
  EXPECT_EQ(http_faults("after = [\"stock\", \"stock\"]\n"),
            "holdfast.toml:8: step \"pay\" of plan \"default\" names \"stock\" twice in `after`; "
            "once will do\n");
  EXPECT_EQ(http_faults("after = \"stock\"\n"),
            "holdfast.toml:8: step \"pay\" of plan \"default\": `after` must be a list of step "
            "names, such as [\"stock\"]\n");
}

TEST(Plans, EachHasOneStockStepAndAtMostOneForPoints) {
  EXPECT_EQ(pay_faults("stock", ""),
            "holdfast.toml:6: plan \"default\" has two steps of kind \"stock\"; one is the most\n");
  EXPECT_EQ(pay_faults("points", kNext + "name = \"more\"\nkind = \"points\"\n"),
            "holdfast.toml:9: plan \"default\" has two steps of kind \"points\"; one is the "
            "most\n");
  EXPECT_EQ(faults("[[plans.a.steps]]\nname = \"p\"\nkind = \"points\"\n"),
            "holdfast.toml:1: plan \"a\" has no step of kind \"stock\"; every plan needs one\n");
}

TEST(Plans, ACycleNamesItsStepsAndNotThoseBehindIt) {
  EXPECT_EQ(faults("[[plans.p.steps]]\nname = \"a\"\nkind = \"stock\"\nafter = [\"b\"]\n"
                   "[[plans.p.steps]]\nname = \"b\"\nkind = \"points\"\nafter = [\"a\"]\n"),
            "holdfast.toml:4: plan \"p\" has a cycle: the steps \"a\", \"b\" wait for each other; "
            "take one name out of an `after`\n");
  const auto step = [](const std::string& name, const std::string& after) {
    return "[[plans.default.steps]]\nname = \"" + name + "\"\nkind = \"await\"\nafter = [\"" +
           after + "\"]\n";
  };
  EXPECT_EQ(faults(kStock + step("behind", "x") + step("x", "y") + step("y", "z") + step("z", "x") +
                   step("before", "stock")),
            "holdfast.toml:11: plan \"default\" has a cycle: the steps \"x\", \"y\", \"z\" wait "
            "for each other; take one name out of an `after`\n");
}

TEST(Plans, TheirNumberIsLimited) {
  const auto many_steps = [](int count) {  // the stock step among them
    std::string text = kStock;
    for (int i = 1; i < count; ++i) {
      text += kNext + "name = \"s" + std::to_string(i) + "\"\nkind = \"await\"\n";
    }
    return text;
  };
  EXPECT_EQ(faults(many_steps(32)), "");
  EXPECT_EQ(faults(many_steps(33)),
            "holdfast.toml:97: plan \"default\" has 33 steps; 32 is the most\n");
  const auto many_plans = [](int count) {  // `default` among them
    std::string text;
    for (int i = 101; i < 100 + count; ++i) {
      text += "[[plans.p" + std::to_string(i) + ".steps]]\nname = \"s\"\nkind = \"stock\"\n";
    }
    return text;
  };
  EXPECT_EQ(faults(many_plans(64)), "");
  EXPECT_EQ(faults(many_plans(65)),
            "holdfast.toml:190: there are 65 plans, `default` included; 64 is the most\n");
}

TEST(Plans, AWaitLongerThanTheOrderMayLastIsOdd) {
  const auto with = [](const std::string& timeout) {
    return pay("await", "timeout = \"" + timeout + "\"\n[order]\ndeadline = \"5s\"\n");
  };
  EXPECT_EQ(warnings(with("5s")), "");
  EXPECT_EQ(warnings(with("6s")),
            "holdfast.toml:7: step \"pay\" of plan \"default\" waits for 6s, but order.deadline "
            "cancels the order after 5s\n");
}

// A plan with a step of each kind, no value of it a default.
std::string every_kind(const std::string& secret) {
  return R"([[plans.sale.steps]]
name = "stock"
kind = "stock"
[[plans.sale.steps]]
name = "points"
kind = "points"
after = ["pay"]
per = 7
[[plans.sale.steps]]
name = "pay"
kind = "http"
after = ["stock", "approve"]
forward_url = "http://127.0.0.1:8090/charges"
reverse_url = "http://127.0.0.1:8090/refunds"
timeout = "1500ms"
report_timeout = "2h"
retry = { attempts = 4, first = "5ms", factor = 2, max = "7s" }
concurrency = 9
webhook_secret = ")" +
         secret + R"("
[[plans.sale.steps]]
name = "approve"
kind = "await"
reverse_url = "https://back.example/"
timeout = "48h"
[[plans.sale.steps]]
name = "ship"
kind = "amqp"
timeout = "90s"
concurrency = 1
)";
}

TEST(Plans, WhatIsPrintedCanBeLoadedAgain) {
  const auto config = loaded(every_kind(kSecret));
  auto text = config_as_toml(config);
  EXPECT_EQ(text.find(kSecret), std::string::npos);
  const auto hidden = text.find("webhook_secret = \"***\"");
  ASSERT_NE(hidden, std::string::npos) << text;
  EXPECT_NE(faults(text).find("write the secret"), std::string::npos);  // not signed with ***
  text.replace(text.find("***", hidden), 3, kSecret);
  const auto again = loaded(text);
  EXPECT_EQ(again.plans, config.plans);
  for (std::istringstream lines(text); std::getline(lines, text);) {
    EXPECT_LE(text.size(), 100U) << text;
  }
}

TEST(Plans, AreShownAsJson) {
  const auto text = config_as_json(loaded(every_kind(kSecret)));
  EXPECT_EQ(text.find(kSecret), std::string::npos);
  const auto steps = boost::json::parse(text).at("plans").at("sale").at("steps").as_array();
  EXPECT_EQ(steps.at(0), boost::json::parse(R"({"name":"stock","kind":"stock","after":[]})"));
  EXPECT_EQ(steps.at(2), boost::json::parse(R"({"name":"pay","kind":"http",
      "after":["stock","approve"],"forward_url":"http://127.0.0.1:8090/charges",
      "reverse_url":"http://127.0.0.1:8090/refunds","timeout":"1500ms","report_timeout":"2h",
      "retry":{"attempts":4,"first":"5ms","factor":2,"max":"7s"},"concurrency":9,
      "webhook_secret":"***"})"));
  EXPECT_EQ(steps.at(4), boost::json::parse(R"({"name":"ship","kind":"amqp","after":[],
      "timeout":"90s","retry":{"attempts":8,"first":"1s","factor":3,"max":"5m"},
      "concurrency":1})"));
}

TEST(Plans, OfTheDomainAreTheConfiguredOnes) {
  EXPECT_EQ(plans_from(Config{}), std::vector<Plan>{holdfast::default_plan()});

  const auto plans = plans_from(loaded(every_kind(kSecret)));
  ASSERT_EQ(plans.size(), 2U);
  EXPECT_EQ(plans[0], holdfast::default_plan());
  EXPECT_EQ(plans[1].name, PlanName{"sale"});
  PlanStep pay;
  pay.name = StepName{"pay"};
  pay.kind = StepKind::http;
  pay.after = {StepName{"stock"}, StepName{"approve"}};
  pay.forward_url = "http://127.0.0.1:8090/charges";
  pay.reverse_url = "http://127.0.0.1:8090/refunds";
  pay.timeout = milliseconds(1'500);
  pay.report_timeout = hours(2);
  pay.retry = {4, milliseconds(5), 2, seconds(7)};
  pay.concurrency = 9;
  pay.webhook_secret = "whsec_" + kSecret;  // the file left the prefix out
  PlanStep approve;
  approve.name = StepName{"approve"};
  approve.kind = StepKind::await;
  approve.reverse_url = "https://back.example/";
  approve.timeout = hours(48);
  ASSERT_EQ(plans[1].steps.size(), 5U);
  EXPECT_EQ(plans[1].steps[1].points_per, 7);
  EXPECT_EQ(plans[1].steps[2], pay);
  EXPECT_EQ(plans[1].steps[3], approve);
  EXPECT_EQ(plans[1].version, with_version(PlanName{"sale"}, plans[1].steps).version);
}

TEST(Plans, AnotherSecretIsNoOtherVersion) {
  const auto before = plans_from(loaded(every_kind(kSecret))).at(1);
  const auto after = plans_from(loaded(every_kind(std::string(32, 'A')))).at(1);
  EXPECT_NE(after.steps, before.steps);
  EXPECT_EQ(after.version, before.version);
}

TEST(Plans, TheManualHasEveryKeyAndItsKinds) {
  std::ifstream file(std::string(HOLDFAST_SOURCE_DIR) + "/docs/operations.md");
  std::ostringstream text;
  text << file.rdbuf();
  for (const auto& key : step_keys()) {
    const auto row = text.str().find("\n| `" + key.name + "` | ");
    ASSERT_NE(row, std::string::npos) << key.name;
    std::string kinds;
    for (const auto kind : key.kinds) {
      kinds += (kinds.empty() ? "" : ", ") + std::string(to_string(kind));
    }
    EXPECT_EQ(text.str().substr(row + key.name.size() + 8, kinds.size() + 3), kinds + " | ")
        << key.name;
  }
}

}  // namespace
}  // namespace holdfast::app
