#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "domain/plan.h"

// The configuration of one Holdfast process: one TOML file, then HOLDFAST_<SECTION>_<KEY>
// variables on top. The defaults stand in the structs below, and nowhere else; keys, descriptions
// and bounds stand in the table of config_properties.cc. Durations are milliseconds.

namespace holdfast::app {

using Milliseconds = std::chrono::milliseconds;

enum class Auth { none, keys };
enum class KeyRole { shop, operations };  // "operator" in the file: a keyword in C++
enum class Ack { queued, reserved };
enum class LogFormat { text, json };

struct HttpKey {
  std::string name;
  std::string sha256;  // of the secret, 64 hexadecimal digits in lower case
  KeyRole role = KeyRole::shop;
};

struct HttpConfig {
  std::string listen = "127.0.0.1:8080";
  std::uint32_t threads = 1;
  Auth auth = Auth::none;
  std::vector<HttpKey> keys;
  Milliseconds request_timeout = std::chrono::seconds(30);
  std::uint32_t max_connections = 10'000;
};

struct RedisConfig {
  std::string url = "redis://127.0.0.1:6379/0";
  std::string key_prefix = "hf";
  Milliseconds timeout = std::chrono::seconds(2);
  bool require_durable = true;
};

struct RabbitmqConfig {
  std::string url = "amqp://guest:guest@127.0.0.1:5672/%2f";
  std::string management_url;
  Milliseconds heartbeat = std::chrono::seconds(15);
  std::uint32_t confirm_window = 500;
  Milliseconds rpc_timeout = std::chrono::seconds(10);
};

struct PostgresConfig {
  std::string url = "postgresql://holdfast@127.0.0.1:5432/holdfast";
  std::uint32_t connections = 4;
  Milliseconds timeout = std::chrono::seconds(5);
  bool auto_migrate = true;
};

struct AdmissionConfig {
  Ack ack = Ack::queued;
  Milliseconds ack_timeout = std::chrono::seconds(2);
  std::uint32_t batch_max = 256;
  std::uint32_t max_in_flight = 750;
  std::uint32_t max_backlog = 5'000;
};

struct OutboxConfig {
  std::uint32_t max = 1'000'000;
  Milliseconds sweep_after = std::chrono::seconds(5);
  Milliseconds sweep_every = std::chrono::seconds(1);
};

struct SettlementConfig {
  std::uint32_t batch_max = 256;
  Milliseconds linger = std::chrono::milliseconds(5);
  std::uint32_t prefetch = 64;
  std::uint32_t attempts = 8;
  Milliseconds retry_first = std::chrono::seconds(1);
  Milliseconds retry_max = std::chrono::minutes(1);
};

struct WorkerConfig {
  bool pause = false;
};

struct RefundConfig {
  Milliseconds delay = std::chrono::seconds(30);
  Milliseconds max_wait = std::chrono::minutes(15);
  std::uint32_t attempts = 10;
};

struct OrderConfig {
  Milliseconds deadline = std::chrono::hours(24);
};

struct JournalConfig {
  Milliseconds retention = std::chrono::hours(24);
};

struct SweepConfig {
  Milliseconds every = std::chrono::seconds(1);
};

struct QueueConfig {
  std::uint32_t max_length = 1'000'000;
  std::uint32_t delivery_limit = 20;
};

// Where a balance of points stops when a refund takes back more than the user has left.
enum class PointsFloor { none, zero };

struct PointsConfig {
  PointsFloor floor = PointsFloor::none;
};

struct StepsConfig {
  std::uint32_t breaker_after = 10;
  Milliseconds breaker_pause = std::chrono::seconds(1);
};

struct EventsConfig {
  bool enabled = true;
};

struct LogConfig {
  std::string level = "info";  // trace, debug, info, warn, error
  LogFormat format = LogFormat::text;
};

// How long a step of this kind is waited for unless configured: a call, an answer, a buyer.
Milliseconds default_timeout(StepKind kind);

// One step of a plan. Which kinds have which key, and its bounds, stand in the table of
// config_step_keys.cc.
struct StepConfig {
  std::string name;
  StepKind kind = StepKind::stock;
  std::vector<std::string> after;  // names of steps of the same plan
  std::uint32_t per = 100;         // points only: one point for each `per` minor units
  std::string forward_url;
  std::string reverse_url;  // empty: nothing to give back
  Milliseconds timeout = default_timeout(StepKind::stock);
  Milliseconds report_timeout = std::chrono::minutes(15);
  RetryPolicy retry;
  std::uint32_t concurrency = 16;
  std::string webhook_secret;  // empty: calls are not signed

  bool operator==(const StepConfig&) const = default;
};

struct PlanConfig {
  std::string name;
  std::vector<StepConfig> steps;  // in the order of the file

  bool operator==(const PlanConfig&) const = default;
};

// Plain data; made by load_config, read by everyone, changed by nobody once the process runs.
struct Config {
  std::string name_space = "holdfast";  // key `namespace`: the prefix of queues and exchanges
  HttpConfig http;
  RedisConfig redis;
  RabbitmqConfig rabbitmq;
  PostgresConfig postgres;
  AdmissionConfig admission;
  OutboxConfig outbox;
  SettlementConfig settlement;
  WorkerConfig worker;
  RefundConfig refund;
  OrderConfig order;
  JournalConfig journal;
  SweepConfig sweep;
  QueueConfig queue;
  PointsConfig points;
  StepsConfig steps;
  EventsConfig events;
  LogConfig log;
  std::vector<PlanConfig> plans = {default_plan()};  // never without one named `default`

  std::vector<std::string> warnings;  // what load_config found odd but not wrong; say it once

  static PlanConfig default_plan();  // `default`: stock, points
};

// What is wrong with a configuration. Every fault found, not the first alone.
struct ConfigFault {
  std::string where;  // "holdfast.toml:12", "HOLDFAST_HTTP_LISTEN", or "" when in no one place
  std::string message;
};
struct ConfigError {
  std::vector<ConfigFault> faults;  // never empty
  std::string text() const;         // one line a fault: "<where>: <message>"
};

using Environment = std::map<std::string, std::string>;

// The HOLDFAST_* variables of this process.
Environment process_environment();

// Reads the file (none: the defaults), lays the environment over it, and validates the whole.
// No effect but reading the file.
tl::expected<Config, ConfigError> load_config(const std::optional<std::string>& file,
                                              const Environment& environment);

// The rules that span several keys (auth on an open address, plans). load_config has called it;
// call it again only on a Config made or changed by hand.
tl::expected<void, ConfigError> validate(const Config& config);

// All keys with description, bounds and default, as TOML that load_config accepts. With a config,
// its values stand in place of the defaults, secrets as "***". load_config takes a password so
// hidden for what it says, but refuses a step's hidden secret: to sign with a wrong one would
// cancel orders.
std::string config_as_toml(const Config& config);
std::string config_as_json(const Config& config);

}  // namespace holdfast::app
