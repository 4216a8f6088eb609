#include "app/config.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "app/config_duration.h"
#include "app/config_file_for_test.h"
#include "app/config_names.h"
#include "app/config_properties.h"
#include "app/config_url.h"

namespace holdfast::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Config, WithoutAFileIsTheDocumentedDefaults) {
  const auto config = load_config(std::nullopt, {});
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->name_space, "holdfast");
  EXPECT_EQ(config->http.listen, "127.0.0.1:8080");
  EXPECT_EQ(config->refund.delay, seconds(30));
  EXPECT_EQ(config->refund.max_wait, seconds(900));
  EXPECT_EQ(config->journal.retention, hours(24));
  EXPECT_EQ(config->order.deadline, hours(24));
  EXPECT_EQ(config->admission.ack, Ack::queued);
  EXPECT_EQ(config->admission.ack_timeout, seconds(2));
  EXPECT_EQ(config->outbox.max, 1'000'000U);
  EXPECT_EQ(config->points.floor, PointsFloor::none);
  EXPECT_EQ(config->steps.breaker_after, 10U);
  EXPECT_EQ(config->steps.breaker_pause, seconds(1));
  EXPECT_TRUE(config->events.enabled);
  ASSERT_EQ(config->plans.size(), 1U);
  EXPECT_EQ(config->plans[0].name, "default");
  ASSERT_EQ(config->plans[0].steps.size(), 2U);
  EXPECT_EQ(config->plans[0].steps[0].kind, StepKind::stock);
  EXPECT_EQ(config->plans[0].steps[1].kind, StepKind::points);
  EXPECT_EQ(config->plans[0].steps[1].per, 100U);
}

TEST(Config, ReadsEachKindOfValue) {
  const auto config = loaded(R"(
namespace = "shop_1"
[http]
threads = 3
[redis]
url = "unix:///run/redis.sock"
require_durable = false
[admission]
ack = "reserved"
[settlement]
linger = "0ms"
[refund]
delay = "250ms"
[points]
floor = "zero"
[steps]
breaker_after = 3
breaker_pause = "50ms"
[events]
enabled = false
[log]
level = "debug"
format = "json"
)");
  EXPECT_EQ(config.name_space, "shop_1");
  EXPECT_EQ(config.http.threads, 3U);
  EXPECT_EQ(config.redis.url, "unix:///run/redis.sock");
  EXPECT_FALSE(config.redis.require_durable);
  EXPECT_EQ(config.admission.ack, Ack::reserved);
  EXPECT_EQ(config.settlement.linger, milliseconds(0));
  EXPECT_EQ(config.refund.delay, milliseconds(250));
  EXPECT_EQ(config.points.floor, PointsFloor::zero);
  EXPECT_EQ(config.steps.breaker_after, 3U);
  EXPECT_EQ(config.steps.breaker_pause, milliseconds(50));
  EXPECT_FALSE(config.events.enabled);
  EXPECT_EQ(config.log.level, "debug");
  EXPECT_EQ(config.log.format, LogFormat::json);
}

TEST(Config, AVariableOverridesTheFile) {
  const auto config = loaded("[http]\nlisten = \"127.0.0.1:1\"\nthreads = 2\n",
                             {{"HOLDFAST_HTTP_LISTEN", "[::1]:9090"},
                              {"HOLDFAST_NAMESPACE", "other"},
                              {"HOLDFAST_WORKER_PAUSE", "true"},
                              {"HOLDFAST_HTTP_MAX_CONNECTIONS", "12"},
                              {"HOLDFAST_REFUND_MAX_WAIT", "2s"},
                              {"HOLDFAST_REDIS_URL", "redis://127.0.0.1:7401/3"}});
  EXPECT_EQ(config.http.listen, "[::1]:9090");
  EXPECT_EQ(config.http.threads, 2U);
  EXPECT_EQ(config.name_space, "other");
  EXPECT_TRUE(config.worker.pause);
  EXPECT_EQ(config.http.max_connections, 12U);
  EXPECT_EQ(config.refund.max_wait, seconds(2));
  EXPECT_EQ(config.redis.url, "redis://127.0.0.1:7401/3");
}

TEST(Config, AWrongVariableIsNamed) {
  const auto found = faults("", {{"HOLDFAST_HTTP_THREADS", "many"}});
  EXPECT_EQ(found,
            "HOLDFAST_HTTP_THREADS: http.threads must be a whole number from 1 to 64, not "
            "\"many\"\n");
}

TEST(Config, AVariableOneLetterOffIsAnErrorAndAStrangersIsNot) {
  EXPECT_EQ(faults("", {{"HOLDFAST_HTTP_LISTN", "x"}}),
            "HOLDFAST_HTTP_LISTN: unknown variable; did you mean HOLDFAST_HTTP_LISTEN?\n");
  const auto config = loaded("", {{"HOLDFAST_URL", "http://x"},
                                  {"HOLDFAST_KEY", "k"},
                                  {"HOLDFAST_TEST_REDIS_URL", "r"},
                                  {"HOLDFAST_REDIS_SERVICE_HOST", "10.0.0.1"}});
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_NE(config.warnings[0].find("HOLDFAST_REDIS_SERVICE_HOST"), std::string::npos);
}

TEST(Config, UnknownNamesPointToTheLineAndTheNearestName) {
  EXPECT_EQ(faults("\n[http]\nlisen = \"127.0.0.1:1\"\n"),
            "holdfast.toml:3: unknown key `lisen` in [http]; did you mean `listen`?\n");
  EXPECT_EQ(faults("[htp]\nlisten = \"127.0.0.1:1\"\n"),
            "holdfast.toml:1: unknown section [htp]; did you mean [http]?\n");
  EXPECT_EQ(faults("namespac = \"x\"\n"),
            "holdfast.toml:1: unknown key `namespac`; did you mean `namespace`?\n");
  EXPECT_EQ(faults("[order]\nmax_wait = \"1s\"\n"),
            "holdfast.toml:2: unknown key `max_wait` in [order]; did you mean `max_wait` in "
            "[refund]?\n");
  EXPECT_EQ(faults("listen = \"127.0.0.1:1\"\n"),
            "holdfast.toml:1: unknown key `listen`; did you mean `listen` in [http]?\n");
}

TEST(Config, EveryFaultIsToldInTheOrderOfTheFile) {
  EXPECT_EQ(faults("[refund]\ndelay = 30\n[http]\nthreads = 65\n[queue]\nmax_length = 1.5\n"
                   "[admission]\nack = \"maybe\"\n[postgres]\nauto_migrate = \"yes\"\n"),
            "holdfast.toml:2: refund.delay must be a duration in quotes (such as \"200ms\", "
            "\"5s\", \"15m\", \"24h\") from 10ms to 24h, not 30\n"
            "holdfast.toml:4: http.threads must be a whole number from 1 to 64, not 65\n"
            "holdfast.toml:6: queue.max_length must be a whole number from 1 to 100000000, not a "
            "number with a fraction\n"
            "holdfast.toml:8: admission.ack must be one of \"queued\", \"reserved\", not "
            "\"maybe\"\n"
            "holdfast.toml:10: postgres.auto_migrate must be true or false, not \"yes\"\n");
}

TEST(Config, BoundsAreInclusive) {
  EXPECT_EQ(loaded("[http]\nthreads = 64\n").http.threads, 64U);
  EXPECT_EQ(loaded("[rabbitmq]\nconfirm_window = 1\n").rabbitmq.confirm_window, 1U);
  EXPECT_NE(faults("[rabbitmq]\nconfirm_window = 0\n"), "");
  EXPECT_NE(faults("[rabbitmq]\nconfirm_window = 10001\n"), "");
  EXPECT_NE(faults("[http]\nthreads = 4294967297\n"), "");
  EXPECT_NE(faults("[http]\nthreads = -1\n"), "");
  EXPECT_EQ(loaded("[steps]\nbreaker_after = 1000\n").steps.breaker_after, 1'000U);
  EXPECT_NE(faults("[steps]\nbreaker_after = 0\n"), "");
  EXPECT_NE(faults("[steps]\nbreaker_after = 1001\n"), "");
  EXPECT_NE(faults("[steps]\nbreaker_pause = \"49ms\"\n"), "");
  EXPECT_NE(faults("[steps]\nbreaker_pause = \"60001ms\"\n"), "");
  EXPECT_EQ(faults("[points]\nfloor = \"one\"\n"),
            "holdfast.toml:2: points.floor must be one of \"none\", \"zero\", not \"one\"\n");
  EXPECT_NE(faults("namespace = \"Shop\"\n"), "");
  EXPECT_NE(faults("namespace = \"" + std::string(33, 'a') + "\"\n"), "");
}

TEST(Config, AFileThatIsMissingOrNoTomlIsNamed) {
  const auto missing = load_config("/nonexistent/holdfast.toml", {});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().text(),
            "/nonexistent/holdfast.toml: cannot be read: No such file or directory\n");
  EXPECT_FALSE(load_config("/tmp", {}).has_value());
  EXPECT_EQ(faults("[http]\nlisten = \n").substr(0, 30), "holdfast.toml:2: is not TOML: ");
  EXPECT_EQ(faults("[http]\nthreads = 1\nthreads = 2\n").substr(0, 30),
            "holdfast.toml:3: is not TOML: ");
}

TEST(Config, WithoutKeysOnlyLoopbackIsServed) {
  for (const auto* open : {"0.0.0.0:8080", "[::]:8080", "192.0.2.1:80"}) {
    const auto found = faults("[http]\nlisten = \"" + std::string(open) + "\"\n");
    EXPECT_NE(found.find("holdfast.toml:2: http.listen"), std::string::npos) << found;
    EXPECT_NE(found.find("auth = \"keys\""), std::string::npos) << found;
  }
  for (const auto* closed : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    EXPECT_EQ(faults("[http]\nlisten = \"" + std::string(closed) + "\"\n"), "");
  }
  Config by_hand;
  by_hand.http.listen = "0.0.0.0:80";
  EXPECT_FALSE(validate(by_hand).has_value());
  EXPECT_TRUE(validate(Config{}).has_value());
}

TEST(Config, KeysOpenAnyAddress) {
  const std::string digest(64, 'A');
  const auto config = loaded(
      "[http]\nlisten = \"0.0.0.0:80\"\nauth = \"keys\"\n[[http.keys]]\n"
      "name = \"web\"\nsha256 = \"" +
      digest + "\"\n[[http.keys]]\nname = \"ops\"\nrole = \"operator\"\nsha256 = \"" +
      std::string(64, '1') + "\"\n");
  ASSERT_EQ(config.http.keys.size(), 2U);
  EXPECT_EQ(config.http.keys[0].sha256, std::string(64, 'a'));
  EXPECT_EQ(config.http.keys[0].role, KeyRole::shop);
  EXPECT_EQ(config.http.keys[1].role, KeyRole::operations);
}

TEST(Config, FaultyKeysAreTold) {
  EXPECT_NE(faults("[http]\nauth = \"keys\"\n").find("holdfast.toml:2"), std::string::npos);
  EXPECT_NE(faults("[[http.keys]]\nname = \"a\"\nsha256 = \"short\"\n").find("holdfast.toml:3"),
            std::string::npos);
  EXPECT_NE(faults("[[http.keys]]\nname = \"a\"\n").find("needs `sha256`"), std::string::npos);
  const std::string key =
      "[[http.keys]]\nname = \"a\"\nsha256 = \"" + std::string(64, '2') + "\"\n";
  EXPECT_NE(faults(key + "rolle = \"shop\"\n").find("did you mean `role`"), std::string::npos);
  EXPECT_NE(faults(key + "role = \"root\"\n").find("\"operator\""), std::string::npos);
  EXPECT_NE(faults(key + key).find("holdfast.toml:4: two [[http.keys]]"), std::string::npos);
  EXPECT_EQ(loaded(key).warnings.size(), 1U);  // auth = "none": not looked at
}

TEST(Config, WhatIsPrintedCanBeLoadedAgain) {
  const TomlFile file(config_as_toml(Config{}));
  const auto again = load_config(file.path(), {});
  ASSERT_TRUE(again.has_value()) << again.error().text();
  EXPECT_EQ(config_as_toml(*again), config_as_toml(Config{}));

  Config changed;
  changed.refund.delay = seconds(90);
  changed.plans[0].steps[1].after = {"stock"};
  changed.http.keys = {{"web \"shop\"", std::string(64, 'c'), KeyRole::operations}};
  const auto text = config_as_toml(changed);
  EXPECT_NE(text.find("delay = \"90s\""), std::string::npos);
  EXPECT_EQ(text.find(std::string(64, 'c')), std::string::npos);
  EXPECT_EQ(loaded(text).plans[0].steps[1].after, std::vector<std::string>{"stock"});
}

TEST(Config, PasswordsAreNotPrinted) {
  Config config;
  config.postgres.url = "postgresql://shop:hunter2@db/holdfast?sslpassword=hunter3";
  config.rabbitmq.url = "amqp://shop:hunter2@mq/%2f";
  config.redis.url = "redis://:hunter2@127.0.0.1/0";
  for (const auto& text : {config_as_toml(config), config_as_json(config)}) {
    EXPECT_EQ(text.find("hunter"), std::string::npos) << text;
    EXPECT_NE(text.find("amqp://shop:***@mq/%2f"), std::string::npos);
  }
  EXPECT_NE(config_as_toml(Config{}).find("amqp://guest:guest@"), std::string::npos);
}

TEST(Config, EachKeyHasADescriptionAndIsInBothListings) {
  const Config config;
  const auto toml = config_as_toml(config);
  const auto json = boost::json::parse(config_as_json(config));
  const auto& listed = json.at("properties").as_array();
  ASSERT_EQ(listed.size(), properties().size());
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const auto& property = properties()[i];
    EXPECT_GT(property.description.size(), 10U) << property.name();
    EXPECT_FALSE(property.allowed().empty()) << property.name();
    EXPECT_NE(toml.find("\n" + property.key + " = "), std::string::npos) << property.name();
    EXPECT_EQ(listed[i].at("name").as_string(), property.name());
    Config copy;  // each default is within its own bounds
    const auto shown = boost::json::parse(property.shown(config));
    RawValue raw = OtherType{"?"};
    if (shown.is_string()) {
      raw = std::string(shown.as_string());
    } else if (shown.is_bool()) {
      raw = shown.as_bool();
    } else {
      raw = shown.as_int64();
    }
    EXPECT_EQ(property.set(copy, raw), std::nullopt) << property.name();
  }
}

TEST(Config, EveryPropertyReachesAMemberOfItsOwn) {
  // A row with another row's member would change two values at once.
  for (const auto& property : properties()) {
    Config config;
    std::string text = "2";
    if (const auto* choice = std::get_if<ChoiceSetting>(&property.setting)) {
      text = choice->get(config) == choice->names.back() ? choice->names[0] : choice->names.back();
    } else if (property.type() == "duration") {
      text = "1234ms";
    } else if (property.type() == "boolean") {
      text = property.shown(config) == "true" ? "false" : "true";
    } else if (property.type() == "text") {
      const auto scheme = property.shown(config).find("://");
      text = property.key == "listen"           ? "127.0.0.1:9"
             : property.key == "management_url" ? "http://h:1"
             : scheme == std::string::npos      ? "x"
                                           : property.shown(config).substr(1, scheme - 1) + "://h";
    }
    ASSERT_EQ(property.set_from_text(config, text), std::nullopt) << property.name();
    for (const auto& other : properties()) {
      EXPECT_EQ(other.shown(config) != other.shown(Config{}), other.name() == property.name())
          << property.name() << " and " << other.name();
    }
  }
}

TEST(Duration, ParsesWholeNumbersWithOneUnit) {
  EXPECT_EQ(parse_duration("200ms"), milliseconds(200));
  EXPECT_EQ(parse_duration("5s"), milliseconds(5'000));
  EXPECT_EQ(parse_duration("15m"), milliseconds(900'000));
  EXPECT_EQ(parse_duration("24h"), milliseconds(86'400'000));
  for (const auto* wrong : {"", "5", "s", "-5s", "+5s", "1.5s", "5 s", "5S", "1h30m", "5d",
                            "9223372036854775807h", "99999999999999999999s"}) {
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  }
}

TEST(Duration, IsShownInTheLargestUnitThatFits) {
  EXPECT_EQ(format_duration(milliseconds(200)), "200ms");
  EXPECT_EQ(format_duration(milliseconds(1'500)), "1500ms");
  EXPECT_EQ(format_duration(seconds(90)), "90s");
  EXPECT_EQ(format_duration(seconds(900)), "15m");
  EXPECT_EQ(format_duration(hours(48)), "48h");
  EXPECT_EQ(format_duration(milliseconds(0)), "0ms");
}

TEST(Url, IsTakenApart) {
  const auto url = parse_url("amqp://us%3Aer:p%40ss@[::1]:5673/%2f?heartbeat=5");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->scheme, "amqp");
  EXPECT_EQ(url->user, "us:er");
  EXPECT_EQ(url->password, "p@ss");
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 5673);
  EXPECT_EQ(url->path, "/");
  EXPECT_EQ(url->query, "heartbeat=5");
  EXPECT_EQ(parse_url("unix:///run/redis.sock")->path, "/run/redis.sock");
  EXPECT_FALSE(parse_url("redis://h:port/0").has_value());
  EXPECT_FALSE(parse_url("redis://h:70000").has_value());
  EXPECT_FALSE(parse_url("127.0.0.1:6379").has_value());
  EXPECT_FALSE(parse_url("amqp://h/%2").has_value());
}

TEST(Url, LosesItsPasswordForLogs) {
  EXPECT_EQ(redact_url("redis://127.0.0.1:6379/0"), "redis://127.0.0.1:6379/0");
  EXPECT_EQ(redact_url("redis://:secret@h:1/0"), "redis://:***@h:1/0");
  EXPECT_EQ(redact_url("amqp://u:p@ss@h:1/%2f"), "amqp://u:***@h:1/%2f");
  EXPECT_EQ(redact_url("postgresql://u:p/?w@h/db"), "postgresql://u:***@h/db");
  EXPECT_EQ(redact_url("postgresql://u@h/db?password=x&a=b"),
            "postgresql://u@h/db?password=***&a=b");
  EXPECT_EQ(redact_url("host=h password=x"), "***");
}

TEST(Names, DistanceCountsEdits) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("LISTEN", "listen"), 0U);
  EXPECT_EQ(nearest_name("lisen", {"threads", "listen"}).name, "listen");
}

}  // namespace
}  // namespace holdfast::app
