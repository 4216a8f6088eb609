#include <algorithm>
#include <array>
#include <cctype>

#include "app/config_properties.h"
#include "app/config_url.h"

// The table itself: what each key is called, what it is for, and what it may be.

namespace holdfast::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

template <auto Section, auto Member>
auto& member(Config& config) {
  return config.*Section.*Member;
}

// How each choice is written, in the order of its enum.
template <class Enum>
struct Spelling;
template <>
struct Spelling<Auth> {
  static constexpr std::array<const char*, 2> names = {"none", "keys"};
};
template <>
struct Spelling<Ack> {
  static constexpr std::array<const char*, 2> names = {"queued", "reserved"};
};
template <>
struct Spelling<LogFormat> {
  static constexpr std::array<const char*, 2> names = {"text", "json"};
};

template <>
struct Spelling<PointsFloor> {
  static constexpr std::array<const char*, 2> names = {"none", "zero"};
};

template <auto Section, auto Member>
ChoiceSetting choice() {
  using Enum = std::remove_cvref_t<decltype(std::declval<Config&>().*Section.*Member)>;
  constexpr auto& names = Spelling<Enum>::names;
  return {{names.begin(), names.end()},
          [](const Config& config) -> std::string {
            return names.at(static_cast<std::size_t>(config.*Section.*Member));
          },
          [](Config& config, const std::string& name) {
            const auto found = std::find(names.begin(), names.end(), name);
            config.*Section.*Member = static_cast<Enum>(found - names.begin());
          }};
}

// The log level stays a text: it is handed to the log library by that name.
ChoiceSetting log_level() {
  return {{"trace", "debug", "info", "warn", "error"},
          [](const Config& config) { return config.log.level; },
          [](Config& config, const std::string& name) { config.log.level = name; }};
}

template <auto Section, auto Member>
CountSetting count(std::uint32_t minimum, std::uint32_t maximum) {
  return {member<Section, Member>, minimum, maximum};
}
template <auto Section, auto Member>
DurationSetting duration(milliseconds minimum, milliseconds maximum) {
  return {member<Section, Member>, minimum, maximum};
}
template <auto Section, auto Member>
FlagSetting flag() {
  return {member<Section, Member>};
}

bool is_short_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Fault check_short_name(std::string_view text) {
  return is_short_name(text) ? Fault{} : "must be 1 to 32 characters of a-z 0-9 _ -";
}

Fault check_listen(std::string_view text) {
  const auto address = parse_listen(text);
  return address ? Fault{} : address.error() + "; write it as 127.0.0.1:8080 or [::1]:8080";
}

Fault wrong_scheme(std::string_view example) {
  return "must be a URL such as " + std::string(example);
}

Fault check_redis_url(std::string_view text) {
  const auto url = parse_url(text);
  if (!url) {
    return url.error() + "; write it as redis://127.0.0.1:6379/0 or unix:///path/to/socket";
  }
  if (url->scheme == "unix") {
    return url->path.size() > 1 ? Fault{} : "must name the socket, as in unix:///run/redis.sock";
  }
  if (url->scheme != "redis" || url->host.empty()) {
    return wrong_scheme("redis://127.0.0.1:6379/0 or unix:///path/to/socket");
  }
  const bool is_number =
      std::all_of(url->path.begin(), url->path.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number && url->path.size() <= 4 ? Fault{} : "must end in a database number, as in /0";
}

Fault check_amqp_url(std::string_view text) {
  const auto url = parse_url(text);
  if (!url) {
    return url.error() + "; write it as amqp://user:password@127.0.0.1:5672/%2f";
  }
  const bool fits = url->scheme == "amqp" && !url->host.empty();
  return fits ? Fault{} : wrong_scheme("amqp://user:password@127.0.0.1:5672/%2f");
}

Fault check_management_url(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  const auto url = parse_url(text);
  const bool fits = url && (url->scheme == "http" || url->scheme == "https") && !url->host.empty();
  return fits ? Fault{} : wrong_scheme("http://user:password@127.0.0.1:15672, or empty");
}

// libpq reads this URL itself, with forms (several hosts, a socket's folder) that are its own.
Fault check_postgres_url(std::string_view text) {
  const bool fits = text.starts_with("postgresql://") || text.starts_with("postgres://");
  return fits ? Fault{} : wrong_scheme("postgresql://user:password@127.0.0.1:5432/holdfast");
}

template <auto Section, auto Member>
TextSetting url(std::string allowed, Fault (*check)(std::string_view)) {
  return {member<Section, Member>, std::move(allowed), check, true};
}

using Rows = std::vector<Property>;

Rows http_rows() {
  constexpr auto at = &Config::http;
  using S = HttpConfig;
  return {
      {"http", "listen", "Address and port of the API.",
       TextSetting{member<at, &S::listen>, "an IP address or localhost, and a port", check_listen}},
      {"http", "threads", "Event loops that serve the API, one thread each.",
       count<at, &S::threads>(1, 64)},
      {"http", "auth",
       "Who may call the API: \"none\" lets everyone in (loopback only), \"keys\" asks for a key "
       "from [[http.keys]].",
       choice<at, &S::auth>()},
      {"http", "request_timeout", "A request whose header or body takes longer is cut.",
       duration<at, &S::request_timeout>(milliseconds(100), minutes(10))},
      {"http", "max_connections", "Open connections; further ones are answered 503 and closed.",
       count<at, &S::max_connections>(1, 1'000'000)},
  };
}

Rows server_rows() {
  using R = RedisConfig;
  using Q = RabbitmqConfig;
  using P = PostgresConfig;
  constexpr auto redis = &Config::redis;
  constexpr auto rabbitmq = &Config::rabbitmq;
  constexpr auto postgres = &Config::postgres;
  return {
      {"redis", "url", "Where the stock, the journal and the outbox live.",
       url<redis, &R::url>("redis://[user:password@]host[:port][/database] or unix:///path",
                           check_redis_url)},
      {"redis", "key_prefix", "The first part of every key in Redis.",
       TextSetting{member<redis, &R::key_prefix>, "1 to 32 characters of a-z 0-9 _ -",
                   check_short_name}},
      {"redis", "timeout", "A command without an answer for this long has failed.",
       duration<redis, &R::timeout>(milliseconds(10), minutes(1))},
      {"redis", "require_durable",
       "Refuse to start when Redis does not write each change to disk before it answers "
       "(appendonly yes, appendfsync always).",
       flag<redis, &R::require_durable>()},

      {"rabbitmq", "url", "The broker that carries orders, steps and refunds.",
       url<rabbitmq, &Q::url>("amqp://[user:password@]host[:port][/vhost], %2f for the vhost /",
                              check_amqp_url)},
      {"rabbitmq", "management_url",
       "The broker's management API, for queue lengths in the status; empty: do without.",
       url<rabbitmq, &Q::management_url>("http://[user:password@]host:port, or empty",
                                         check_management_url)},
      {"rabbitmq", "heartbeat", "A connection that is silent for twice as long is taken for dead.",
       duration<rabbitmq, &Q::heartbeat>(seconds(1), minutes(5))},
      {"rabbitmq", "confirm_window", "Messages under way to the broker without its confirmation.",
       count<rabbitmq, &Q::confirm_window>(1, 10'000)},
      {"rabbitmq", "rpc_timeout", "A declaration or handshake without an answer has failed.",
       duration<rabbitmq, &Q::rpc_timeout>(milliseconds(100), minutes(2))},

      {"postgres", "url", "The book: the durable record of orders, refunds and stock.",
       url<postgres, &P::url>("postgresql://[user:password@]host[:port]/database",
                              check_postgres_url)},
      {"postgres", "connections", "Connections of this process to the book.",
       count<postgres, &P::connections>(1, 64)},
      {"postgres", "timeout", "A connection attempt or statement that takes longer has failed.",
       duration<postgres, &P::timeout>(milliseconds(100), minutes(5))},
      {"postgres", "auto_migrate", "Bring the book's schema up to date at the start of `serve`.",
       flag<postgres, &P::auto_migrate>()},
  };
}

Rows order_rows() {
  using A = AdmissionConfig;
  using O = OutboxConfig;
  using S = SettlementConfig;
  constexpr auto admission = &Config::admission;
  constexpr auto outbox = &Config::outbox;
  constexpr auto settlement = &Config::settlement;
  return {
      {"admission", "ack",
       "When the buyer is answered: \"queued\" once RabbitMQ has confirmed the order, \"reserved\" "
       "once Redis has it.",
       choice<admission, &A::ack>()},
      {"admission", "ack_timeout",
       "With ack = \"queued\": answer with durability \"reserved\" when no confirmation came.",
       duration<admission, &A::ack_timeout>(milliseconds(1), minutes(1))},
      {"admission", "batch_max", "Orders in one message, at most.",
       count<admission, &A::batch_max>(1, 1'000)},
      {"admission", "max_in_flight",
       "Orders being answered at the same time by each event loop; past it new ones are answered "
       "503.",
       count<admission, &A::max_in_flight>(1, 1'000'000)},
      {"admission", "max_backlog",
       "Orders accepted and not yet settled, while settlement goes on: past half of it fewer and "
       "fewer new ones are taken, past it all are answered 503.",
       count<admission, &A::max_backlog>(1, 100'000'000)},

      {"outbox", "max", "Orders that may wait for RabbitMQ; past it new ones are answered 503.",
       count<outbox, &O::max>(1, 100'000'000)},
      {"outbox", "sweep_after", "Publish again what has waited in the outbox for this long.",
       duration<outbox, &O::sweep_after>(milliseconds(100), hours(1))},
      {"outbox", "sweep_every", "How often the outbox is looked through.",
       duration<outbox, &O::sweep_every>(milliseconds(10), hours(1))},

      {"settlement", "batch_max", "Orders written in one transaction, at most.",
       count<settlement, &S::batch_max>(1, 10'000)},
      {"settlement", "linger", "How long a batch that is not full waits for more.",
       duration<settlement, &S::linger>(milliseconds(0), seconds(10))},
      {"settlement", "prefetch", "Messages the broker hands out ahead of their acknowledgement.",
       count<settlement, &S::prefetch>(1, 10'000)},
      {"settlement", "attempts", "Attempts at one order before its message is parked.",
       count<settlement, &S::attempts>(1, 1'000)},
      {"settlement", "retry_first", "The wait before the second attempt; it grows from there.",
       duration<settlement, &S::retry_first>(milliseconds(1), hours(24))},
      {"settlement", "retry_max", "The longest wait between two attempts.",
       duration<settlement, &S::retry_max>(milliseconds(1), hours(24))},
  };
}

Rows lifetime_rows() {
  using R = RefundConfig;
  constexpr auto refund = &Config::refund;
  return {
      {"worker", "pause", "Start with consuming paused, until POST /v1/worker/resume.",
       flag<&Config::worker, &WorkerConfig::pause>()},

      {"refund", "delay",
       "How long a refund whose order is not complete is held before it is looked at again. The "
       "order's completion wakes it at once; this is the safety net.",
       duration<refund, &R::delay>(milliseconds(10), hours(24))},
      {"refund", "max_wait", "A refund of a whole order held this long pre-empts the order.",
       duration<refund, &R::max_wait>(milliseconds(10), hours(24 * 30))},
      {"refund", "attempts", "Attempts at one reversal before its message is parked.",
       count<refund, &R::attempts>(1, 1'000)},

      {"order", "deadline", "An order that is not final after this long is cancelled, timed_out.",
       duration<&Config::order, &OrderConfig::deadline>(seconds(1), hours(24 * 365))},

      {"journal", "retention",
       "How long a settled order's journal entry stays in Redis to answer repeats; after that "
       "the book does.",
       duration<&Config::journal, &JournalConfig::retention>(seconds(1), hours(24 * 365))},

      {"sweep", "every", "How often held refunds, deadlines and stock changes are looked through.",
       duration<&Config::sweep, &SweepConfig::every>(milliseconds(10), hours(1))},
  };
}

Rows step_rows() {
  constexpr auto steps = &Config::steps;
  using S = StepsConfig;
  return {
      {"points", "floor",
       "Where a refund stops taking points back: \"none\" lets the balance go below zero, \"zero\" "
       "takes no more than there is.",
       choice<&Config::points, &PointsConfig::floor>()},

      {"steps", "breaker_after",
       "Calls of one step that fail in a row before its queue is taken one message at a time, "
       "until a call succeeds.",
       count<steps, &S::breaker_after>(1, 1'000)},
      {"steps", "breaker_pause", "The pause between two such calls.",
       duration<steps, &S::breaker_pause>(milliseconds(50), minutes(1))},

      {"events", "enabled",
       "Publish what becomes of orders, refunds and stock as CloudEvents on the exchange "
       "<namespace>.events.",
       flag<&Config::events, &EventsConfig::enabled>()},
  };
}

Rows other_rows() {
  using Q = QueueConfig;
  return {
      {"queue", "max_length", "Messages in one queue; past it the broker refuses new ones.",
       count<&Config::queue, &Q::max_length>(1, 100'000'000)},
      {"queue", "delivery_limit", "Deliveries of one message before the broker parks it.",
       count<&Config::queue, &Q::delivery_limit>(1, 1'000)},

      {"log", "level", "The least severe lines that are written.", log_level()},
      {"log", "format", "\"text\" for people, \"json\" for a log collector.",
       choice<&Config::log, &LogConfig::format>()},
  };
}

Rows all_rows() {
  Rows rows = {{"", "namespace", "The first part of the names of all queues and exchanges.",
                TextSetting{[](Config& config) -> std::string& { return config.name_space; },
                            "1 to 32 characters of a-z 0-9 _ -", check_short_name}}};
  for (const auto& more :
       {http_rows(), server_rows(), order_rows(), lifetime_rows(), step_rows(), other_rows()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

}  // namespace

const std::vector<Property>& properties() {
  static const Rows rows = all_rows();
  return rows;
}

}  // namespace holdfast::app
