#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <optional>

#include "tests/contract/redis_server.h"
#include "tests/contract/redis_test_support.h"

// What only the Redis adapter has: a connection that is lost and comes back, a server that is
// slow, full, read-only, not durable or not there. Each test has a server of its own, because it
// pauses, kills or reconfigures it.

namespace holdfast::testing {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

class RedisConnection : public StockLedgerFixture {
 public:
  void connect(RedisLedgerFactory factory) {
    owner_ = std::make_unique<RedisLedgerFactory>(std::move(factory));
    auto ledger =
        std::make_unique<redis::RedisStockLedger>(loop_.get_executor(), owner_->options());
    redis_ = ledger.get();
    redis_->on_connection([this](bool connected) { heard_.push_back(connected); });
    redis_->start();
    ledger_ = std::move(ledger);
  }
  void connect() { connect(RedisLedgerFactory(server_->url())); }
  void connect_with_timeout(milliseconds timeout) {
    RedisLedgerFactory factory(server_->url());
    factory.options().timeout = timeout;
    connect(factory);
  }
  bool wait_connected() {
    return run_until(loop_, [&] { return redis_->connected(); });
  }
  /// Connected to a new server, with ten units of A on sale.
  void open_shop(milliseconds timeout = std::chrono::seconds(10)) {
    connect_with_timeout(timeout);
    ASSERT_TRUE(wait_connected()) << redis_->last_error();
    open({sku("A", 10)});
    admin_.emplace(server_->url());
  }
  std::string ask(const std::vector<std::string>& words) { return admin_->ask(words); }
  std::string info(const std::string& name) {
    const auto all = ask({"INFO"});
    const auto at = all.find(name + ":");
    if (at == std::string::npos) throw std::runtime_error("INFO has no " + name);
    const auto from = at + name.size() + 1;
    return all.substr(from, all.find('\r', from) - from);
  }
  void cut() { ask({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}); }

  /// A reservation that is under way; its result appears here.
  using Pending = std::shared_ptr<std::optional<PortResult<ReserveResult>>>;
  Pending begin_reserve(std::uint64_t number) {
    auto pending = std::make_shared<std::optional<PortResult<ReserveResult>>>();
    asio::co_spawn(loop_, ledger_->reserve(request(number, {units("A", 1)})),
                   [pending](std::exception_ptr, PortResult<ReserveResult> result) {
                     pending->emplace(std::move(result));
                   });
    return pending;
  }
  bool wait_held_by_server() {
    return run_until(loop_, [&] { return info("blocked_clients") == "1"; });
  }

  std::unique_ptr<RedisServer> server_ = std::make_unique<RedisServer>();
  std::unique_ptr<RedisLedgerFactory> owner_;
  redis::RedisStockLedger* redis_ = nullptr;  // ledger_'s
  std::optional<RedisClient> admin_;
  std::vector<bool> heard_;
};

PortError error_of(const RedisConnection::Pending& pending) {
  if (!*pending) return PortError{PortErrorKind::rejected, Effect::happened, "still under way"};
  if (**pending) return PortError{PortErrorKind::rejected, Effect::happened, "succeeded"};
  return (*pending)->error();
}

TEST_F(RedisConnection, ComesBackAfterItsConnectionWasKilled) {
  open_shop();
  EXPECT_EQ(heard_, std::vector<bool>{true});
  cut();
  ASSERT_TRUE(run_until(loop_, [&] { return heard_.size() == 3; }));
  EXPECT_EQ(heard_, (std::vector<bool>{true, false, true}));
  EXPECT_EQ(outcome(request(1, {units("A", 1)})), ReserveOutcome::reserved);
}

TEST_F(RedisConnection, CallUnderWhichTheConnectionIsLostIsUnknown) {
  open_shop();
  ask({"CLIENT", "PAUSE", "60000", "WRITE"});
  const auto pending = begin_reserve(1);
  ASSERT_TRUE(wait_held_by_server());
  cut();
  ASSERT_TRUE(run_until(loop_, [&] { return pending->has_value(); }));
  EXPECT_EQ(error_of(pending).kind, PortErrorKind::unavailable);
  EXPECT_EQ(error_of(pending).effect, Effect::unknown);
  EXPECT_EQ(heard_.at(1), false);
  ask({"CLIENT", "UNPAUSE"});
  ASSERT_TRUE(wait_connected());
  EXPECT_EQ(outcome(request(1, {units("A", 1)})), ReserveOutcome::reserved);
  EXPECT_EQ(available("A"), 9);
}

TEST_F(RedisConnection, CallPastItsDeadlineIsUnknownAndCostsTheConnection) {
  open_shop(milliseconds(300));
  ask({"CLIENT", "PAUSE", "60000", "WRITE"});
  const auto first = begin_reserve(1);
  const auto second = begin_reserve(2);
  ASSERT_TRUE(run_until(loop_, [&] { return first->has_value() && second->has_value(); }));
  EXPECT_EQ(error_of(first).kind, PortErrorKind::timed_out);
  EXPECT_EQ(error_of(first).effect, Effect::unknown);
  EXPECT_EQ(error_of(second).effect, Effect::unknown);
  EXPECT_NE(error_of(first).detail.find("300 ms"), std::string::npos) << error_of(first).detail;
  ASSERT_GE(heard_.size(), 2U);
  EXPECT_FALSE(heard_[1]);
  ask({"CLIENT", "UNPAUSE"});
  ASSERT_TRUE(wait_connected());
  EXPECT_EQ(state().generation, kGeneration);
  EXPECT_EQ(outcome(request(3, {units("A", 1)})), ReserveOutcome::reserved);
}

TEST_F(RedisConnection, CallsOfOneTurnShareOneWrite) {
  open_shop();
  const auto reads_before = std::stoll(info("total_reads_processed"));
  std::vector<asio::awaitable<PortResult<ReserveResult>>> calls;
  for (std::uint64_t i = 0; i < 10; ++i) {
    calls.push_back(ledger_->reserve(request(i, {units("A", 1)})));
  }
  all(std::move(calls));
  const auto reads = std::stoll(info("total_reads_processed")) - reads_before;
  EXPECT_LE(reads, 2);  // one of ours, one of the question itself
  EXPECT_EQ(available("A"), 0);
}

TEST_F(RedisConnection, ScriptsThatTheServerForgotAreLoadedAgain) {
  open_shop();
  ask({"SCRIPT", "FLUSH"});
  std::vector<asio::awaitable<PortResult<ReserveResult>>> calls;
  for (std::uint64_t i = 0; i < 10; ++i) {
    calls.push_back(ledger_->reserve(request(i, {units("A", 1)})));
  }
  for (const auto& result : all(std::move(calls))) {
    EXPECT_EQ(result.outcome, ReserveOutcome::reserved);
  }
  ask({"SCRIPT", "FLUSH"});
  EXPECT_EQ(reserved("A"), 10);
}

TEST_F(RedisConnection, MalformedUrlNeverConnectsAndSaysWhy) {
  RedisLedgerFactory factory("http://secret@127.0.0.1");
  connect(factory);
  EXPECT_NE(redis_->last_error().find("redis://"), std::string::npos) << redis_->last_error();
  EXPECT_EQ(redis_->last_error().find("secret"), std::string::npos);
  const auto result = run(loop_, ledger_->state());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().effect, Effect::none);
  EXPECT_FALSE(redis_->connected());
  EXPECT_TRUE(heard_.empty());
}

TEST_F(RedisConnection, ServerThatIsAwayAtFirstIsFoundWhenItComes) {
  server_->stop();
  connect();
  ASSERT_TRUE(run_until(loop_, [&] { return !redis_->last_error().empty(); }));
  const auto result = run(loop_, ledger_->reserve(request(1, {units("A", 1)})));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, PortErrorKind::unavailable);
  EXPECT_EQ(result.error().effect, Effect::none);
  server_->start();
  ASSERT_TRUE(wait_connected()) << redis_->last_error();
  EXPECT_EQ(redis_->last_error(), "");
  EXPECT_FALSE(state().generation);
}

TEST_F(RedisConnection, KeepsEverythingThroughACrashOfTheServer) {
  open_shop();
  const auto id = reserve(request(1, {units("A", 3)})).outbox_id;
  const auto incarnation = state().incarnation;
  EXPECT_FALSE(incarnation.empty());
  EXPECT_EQ(state().incarnation, incarnation);
  server_->stop();
  ASSERT_TRUE(run_until(loop_, [&] { return !redis_->connected(); }));
  server_->start();
  ASSERT_TRUE(wait_connected());
  EXPECT_EQ(state().generation, kGeneration);
  EXPECT_EQ(state().last_outbox_id, id);
  EXPECT_NE(state().incarnation, incarnation);
  EXPECT_EQ(available("A"), 7);
  EXPECT_EQ(outcome(request(1, {units("A", 3)})), ReserveOutcome::replayed);
}

struct Weakness {
  std::vector<std::string> settings;
  std::string named;
};

TEST_F(RedisConnection, ServerThatIsNotDurableIsRefused) {
  const std::vector<Weakness> weaknesses = {
      {{"--appendonly", "no"}, "appendonly is no"},
      {{"--appendonly", "yes", "--appendfsync", "everysec"}, "appendfsync is everysec"},
      {{"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "allkeys-lru"},
       "maxmemory-policy is allkeys-lru"}};
  for (const auto& weakness : weaknesses) {
    server_ = std::make_unique<RedisServer>(weakness.settings);
    connect();
    ASSERT_TRUE(run_until(loop_, [&] {
      return redis_->last_error().find(weakness.named) != std::string::npos;
    })) << redis_->last_error();
    EXPECT_FALSE(redis_->connected());
    EXPECT_FALSE(run(loop_, ledger_->state()));
  }
  EXPECT_TRUE(heard_.empty());

  // The operator mends the last one, and it is taken without a restart.
  RedisClient(server_->url()).ask({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  EXPECT_TRUE(wait_connected()) << redis_->last_error();

  server_ = std::make_unique<RedisServer>(weaknesses[0].settings);
  RedisLedgerFactory careless(server_->url());
  careless.options().require_durable = false;
  connect(careless);
  EXPECT_TRUE(wait_connected()) << redis_->last_error();
}

TEST_F(RedisConnection, LogsInAndSelectsItsDatabase) {
  auto settings = RedisServer::durable();
  settings.insert(settings.end(), {"--requirepass", "p@ss word"});
  server_ = std::make_unique<RedisServer>(settings);
  connect();
  ASSERT_TRUE(run_until(loop_, [&] {
    return redis_->last_error().find("NOAUTH") != std::string::npos;
  })) << redis_->last_error();

  connect(RedisLedgerFactory("redis://:p%40ss%20word@" + server_->authority() + "/3"));
  ASSERT_TRUE(wait_connected()) << redis_->last_error();
  open({sku("A", 1)});

  connect(RedisLedgerFactory("redis://default:wrong@" + server_->authority()));
  ASSERT_TRUE(run_until(loop_, [&] {
    return redis_->last_error().find("WRONGPASS") != std::string::npos;
  })) << redis_->last_error();
  EXPECT_EQ(redis_->last_error().find("wrong@"), std::string::npos);

  connect(RedisLedgerFactory("unix://:p%40ss%20word@" + server_->socket_path() + "?db=3"));
  ASSERT_TRUE(wait_connected()) << redis_->last_error();
  EXPECT_FALSE(state().generation);  // keys of another prefix
}

TEST_F(RedisConnection, FullServerRefusesOrdersButLetsThemSettle) {
  open_shop();
  const auto id = reserve(request(1, {units("A", 3)})).outbox_id;
  ask({"CONFIG", "SET", "maxmemory", "1"});
  const auto refused = run(loop_, ledger_->reserve(request(2, {units("A", 1)})));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, PortErrorKind::unavailable);
  EXPECT_EQ(refused.error().effect, Effect::none);
  const auto returned = run(loop_, ledger_->give_back(give("c-1", {units("A", 1)})));
  ASSERT_FALSE(returned);
  EXPECT_EQ(returned.error().effect, Effect::none);
  EXPECT_EQ(outcome(request(1, {units("A", 3)})), ReserveOutcome::replayed);

  // What makes room again is not refused.
  settle({mark(1, {units("A", 3)})});
  done(ledger_->delete_outbox({id}));
  EXPECT_EQ(reserved("A"), 0);
  EXPECT_EQ(available("A"), 7);
  EXPECT_TRUE(journal(1)->settled);
  EXPECT_TRUE(outbox().empty());
}

TEST_F(RedisConnection, ReadOnlyServerHasNoEffect) {
  open_shop();
  ask({"REPLICAOF", "127.0.0.1", "1"});
  const auto refused = run(loop_, ledger_->reserve(request(2, {units("A", 1)})));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, PortErrorKind::unavailable);
  EXPECT_EQ(refused.error().effect, Effect::none);
  const auto closed = run(loop_, ledger_->close());
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().effect, Effect::none);
  ask({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(available("A"), 10);
}

TEST_F(RedisConnection, ScriptThatFailsInTheMiddleIsUnknown) {
  open_shop();
  ask({"SET", owner_->key("outbox"), "no stream"});
  const auto result = run(loop_, ledger_->reserve(request(1, {units("A", 1)})));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, PortErrorKind::rejected);
  EXPECT_EQ(result.error().effect, Effect::unknown);
}

TEST_F(RedisConnection, DestroyedWithCallsInFlightItFailsThem) {
  open_shop();
  ask({"CLIENT", "PAUSE", "60000", "WRITE"});
  const auto held = begin_reserve(1);
  ASSERT_TRUE(wait_held_by_server());
  const auto unwritten = begin_reserve(2);
  loop_.restart();
  loop_.poll_one();  // begins the call; the write waits for the end of this turn
  heard_.clear();
  ledger_.reset();
  EXPECT_FALSE(held->has_value());
  ASSERT_TRUE(run_until(loop_, [&] { return held->has_value() && unwritten->has_value(); }));
  EXPECT_EQ(error_of(held).effect, Effect::unknown);
  EXPECT_EQ(error_of(unwritten).effect, Effect::none);
  EXPECT_TRUE(heard_.empty());  // whoever listened may be gone as well
  ask({"CLIENT", "UNPAUSE"});
}

TEST_F(RedisConnection, LoopMayEndWithCallsInFlight) {
  open_shop();
  ask({"CLIENT", "PAUSE", "60000", "WRITE"});
  auto loop = std::make_unique<asio::io_context>(1);
  auto ledger = owner_->connect(*loop);
  asio::co_spawn(*loop, ledger->reserve(request(1, {units("A", 1)})),
                 [](std::exception_ptr, PortResult<ReserveResult>) { FAIL(); });
  loop->restart();
  loop->poll();
  ledger.reset();
  loop.reset();
  ask({"CLIENT", "UNPAUSE"});
  EXPECT_EQ(state().generation, kGeneration);
}

TEST_F(RedisConnection, AfterStopCallsHaveNoEffect) {
  open_shop();
  redis_->stop();
  redis_->stop();
  EXPECT_FALSE(redis_->connected());
  const auto result = run(loop_, ledger_->reserve(request(1, {units("A", 1)})));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().effect, Effect::none);
  EXPECT_EQ(loop_.run(), 0U);  // nothing of it is left on the loop
}

TEST_F(RedisConnection, JournalEntriesLiveAsLongAsTheyAreNeeded) {
  open_shop();
  ASSERT_EQ(outcome(request(1, {units("A", 1)})), ReserveOutcome::reserved);
  const auto key = owner_->key("journal:" + order(1).to_string());
  EXPECT_EQ(ask({"GET", key}),
            "R " + fingerprint('a') + " " + reservation(1).to_string() + R"( {"order":1})");
  EXPECT_EQ(ask({"PTTL", key}), "-1");
  auto short_lived = mark(1, {units("A", 1)});
  short_lived.retention = milliseconds(50);
  settle({short_lived});
  EXPECT_TRUE(run_until(loop_, [&] { return !journal(1); }));

  ASSERT_EQ(adjust(adjustment("c-1", "A", 1)), ChangeOutcome::applied);
  const auto left = std::stoll(ask({"PTTL", owner_->key("applied:c-1")}));
  EXPECT_GT(left, 6LL * 24 * 3'600 * 1'000);
  EXPECT_LE(left, 7LL * 24 * 3'600 * 1'000);
}

/// A rebuild of several chunks.
RebuiltLedger large_ledger() {
  RebuiltLedger ledger;
  ledger.generation = "generation-2";
  for (int i = 0; i < 5'000; ++i) {
    ledger.skus.push_back(StockLedgerFixture::sku("sku-" + std::to_string(i), 1));
  }
  return ledger;
}

TEST_F(RedisConnection, RebuildThatIsCutShortStaysClosedAndIsDoneAgain) {
  open_shop();
  ASSERT_EQ(outcome(request(1, {units("A", 1)})), ReserveOutcome::reserved);
  done(ledger_->close());
  std::optional<PortResult<void>> cut_short;
  asio::co_spawn(loop_, ledger_->rebuild(large_ledger()),
                 [&](std::exception_ptr, PortResult<void> result) { cut_short = result; });
  ASSERT_TRUE(run_until(loop_, [&] {
    return cut_short || ask({"HEXISTS", owner_->key("available"), "sku-0"}) == "1";
  }));
  ASSERT_FALSE(cut_short);
  cut();
  ASSERT_TRUE(run_until(loop_, [&] { return cut_short.has_value(); }));
  ASSERT_FALSE(cut_short->has_value());
  EXPECT_EQ(cut_short->error().effect, Effect::unknown);
  ASSERT_TRUE(wait_connected());
  EXPECT_FALSE(state().generation);

  auto again = large_ledger();
  done(ledger_->rebuild(std::move(again)));
  EXPECT_EQ(state().generation, "generation-2");
  EXPECT_EQ(done(ledger_->all_levels()).size(), 5'000U);
  EXPECT_EQ(reserved("A"), 0);
}

TEST_F(RedisConnection, OfTwoRebuildsTheLaterOneWins) {
  open_shop();
  done(ledger_->close());
  std::optional<PortResult<void>> earlier;
  asio::co_spawn(loop_, ledger_->rebuild(large_ledger()),
                 [&](std::exception_ptr, PortResult<void> result) { earlier = result; });
  ASSERT_TRUE(run_until(loop_, [&] {
    return earlier || ask({"HEXISTS", owner_->key("available"), "sku-0"}) == "1";
  }));
  ASSERT_FALSE(earlier);
  RebuiltLedger later;
  later.generation = "generation-3";
  later.skus = {sku("B", 7)};
  done(ledger_->rebuild(std::move(later)));
  ASSERT_TRUE(run_until(loop_, [&] { return earlier.has_value(); }));
  EXPECT_FALSE(earlier->has_value());
  EXPECT_EQ(state().generation, "generation-3");
  EXPECT_EQ(available("B"), 7);
  EXPECT_EQ(done(ledger_->all_levels()).size(), 1U);
}

}  // namespace
}  // namespace holdfast::testing
