#include "adapters/redis/redis_stock_ledger.h"

#include <algorithm>
#include <set>

#include "adapters/redis/calls.h"
#include "adapters/redis/journal_entry.h"
#include "domain/assert.h"

namespace holdfast::redis {

namespace asio = boost::asio;

namespace {

template <class T>
using Answer = asio::awaitable<PortResult<T>>;

// Each call is a coroutine of its own that owns all it needs, never a member: the ledger may be
// gone before the answer comes.

void add_lines(Commands& commands, const std::vector<StockUnits>& lines) {
  for (const auto& line : lines) commands.word(line.sku.value).word(line.quantity.units);
}

/// Lines of no units say nothing, and "-0" is no integer to Redis.
void drop_empty_lines(std::vector<StockUnits>& lines) {
  for (const auto& line : lines) HF_ASSERT(line.quantity.units >= 0);
  std::erase_if(lines, [](const StockUnits& line) { return line.quantity.units == 0; });
}

std::int64_t ms_of(Instant at) {
  return at.time_since_epoch().count();
}

Commands reserve_command(const Session& session, const ReserveRequest& request) {
  const auto& keys = *session.keys;
  const auto lines = request.lines.size();
  const auto order_id = request.order_id.to_string();
  HF_ASSERT(request.fingerprint.size() == kFingerprintSize && lines > 0);
  for (const auto& line : request.lines) HF_ASSERT(line.quantity.units > 0);

  Commands commands(700 + request.payload.size() + 160 * lines);
  begin_script(commands, session, Script::reserve, 7 + lines, 8 + 2 * lines);
  commands.word(keys.generation).word(keys.available).word(keys.reserved).word(keys.limit);
  commands.word(keys.outbox).word(keys.unsettled).word(keys.journal, order_id);
  for (const auto& line : request.lines) commands.word(keys.bought, line.sku.value);
  commands.word(request.generation).word(order_id).word(request.reservation_id.to_string());
  commands.word(request.fingerprint).word(request.user_id.value).word(request.payload);
  commands.word(ms_of(request.at));
  if (request.append_to_outbox) {
    commands.word(request.outbox_max);
  } else {
    commands.word("");
  }
  add_lines(commands, request.lines);
  return commands;
}

Answer<ReserveResult> reserve_on(Session session, ReserveRequest request) {
  const auto order_id = request.order_id;
  auto commands = reserve_command(session, request);
  const auto reply = co_await run_script(std::move(session), Script::reserve, std::move(commands));
  if (!reply) co_return tl::unexpected(reply.error());
  co_return understood([&] { return reserve_result(order_id, reply->view()); });
}

Answer<std::optional<JournalEntry>> find_journal_on(Session session, OrderId order_id) {
  Commands commands;
  commands.begin(2).word("GET").word(session.keys->journal, order_id.to_string());
  const auto replies = co_await run_commands(std::move(session), std::move(commands));
  if (!replies) co_return tl::unexpected(replies.error());
  co_return understood([&] { return journal_entry(order_id, replies->back().view()); });
}

Answer<std::vector<OutboxEntry>> read_outbox_on(Session session, std::string after,
                                                Instant not_after, std::size_t limit) {
  if (limit == 0 || ms_of(not_after) < 0) co_return std::vector<OutboxEntry>{};
  Commands commands;
  commands.begin(6).word("XRANGE").word(session.keys->outbox);
  if (after.empty()) {
    commands.word("-");
  } else {
    commands.word("(", after);
  }
  commands.word(ms_of(not_after)).word("COUNT").word(static_cast<std::int64_t>(limit));
  const auto replies = co_await run_commands(std::move(session), std::move(commands));
  if (!replies) co_return tl::unexpected(replies.error());
  co_return understood([&] { return outbox_entries(replies->back().view()); });
}

// XDEL, not XTRIM MINID: entries are confirmed out of order, and trimming up to a confirmed one
// would take older ones along that are not.
Answer<void> delete_outbox_on(Session session, std::vector<std::string> outbox_ids) {
  if (outbox_ids.empty()) co_return PortResult<void>{};
  Commands commands(64 + 32 * outbox_ids.size());
  for (std::size_t first = 0; first < outbox_ids.size(); first += kDeleteChunk) {
    const auto last = std::min(first + kDeleteChunk, outbox_ids.size());
    commands.begin(2 + last - first).word("XDEL").word(session.keys->outbox);
    for (auto i = first; i < last; ++i) commands.word(outbox_ids[i]);
  }
  const auto replies = co_await run_commands(std::move(session), std::move(commands));
  if (!replies) co_return tl::unexpected(replies.error());
  co_return PortResult<void>{};
}

// One script for many marks: measured, it costs Redis about half of what a script for each does.
// A chunk is sent when the one before was answered; marking twice changes nothing, so a failure
// half-way is repaired by repeating.
Answer<void> settle_on(Session session, std::vector<SettleMark> marks) {
  for (auto& mark : marks) drop_empty_lines(mark.lines);
  for (std::size_t first = 0; first < marks.size(); first += kSettleChunk) {
    const auto count = std::min(kSettleChunk, marks.size() - first);
    std::size_t words = 0;
    for (auto i = first; i < first + count; ++i) words += 4 + 2 * marks[i].lines.size();
    Commands commands(128 + 320 * count);
    begin_script(commands, session, Script::settle, 2 + count, words);
    commands.word(session.keys->reserved).word(session.keys->unsettled);
    for (auto i = first; i < first + count; ++i) {
      commands.word(session.keys->journal, marks[i].order_id.to_string());
    }
    for (auto i = first; i < first + count; ++i) {
      commands.word(marks[i].order_id.to_string()).word(marks[i].reservation_id.to_string());
      commands.word(marks[i].retention.count());
      commands.word(static_cast<std::int64_t>(marks[i].lines.size()));
      add_lines(commands, marks[i].lines);
    }
    const auto reply = co_await run_script(session, Script::settle, std::move(commands));
    if (!reply) {
      auto error = reply.error();
      if (first > 0) error.effect = Effect::unknown;
      co_return tl::unexpected(std::move(error));
    }
  }
  co_return PortResult<void>{};
}

/// `rows` are the answer to MGET of the entries of `order_ids`. One that was settled since the
/// ids were read is left out.
std::vector<JournalEntry> unsettled_entries(ReplyView order_ids, ReplyView rows) {
  std::vector<JournalEntry> entries;
  for (std::size_t i = 0; i < order_ids.size(); ++i) {
    const auto order_id = OrderId::parse(order_ids[i].text());
    if (!order_id) throw UnexpectedReply("not an order id");
    auto entry = journal_entry(*order_id, rows[i]);
    if (entry && !entry->settled) entries.push_back(*std::move(entry));
  }
  return entries;
}

Answer<std::vector<JournalEntry>> read_unsettled_on(Session session, Instant not_after,
                                                    std::size_t limit) {
  if (limit == 0) co_return std::vector<JournalEntry>{};
  Commands ids;
  ids.begin(7).word("ZRANGEBYSCORE").word(session.keys->unsettled).word("-inf");
  ids.word(ms_of(not_after)).word("LIMIT").word(0).word(static_cast<std::int64_t>(limit));
  const auto members = co_await run_commands(session, std::move(ids));
  if (!members) co_return tl::unexpected(members.error());
  const auto order_ids = members->back().view();
  if (order_ids.is_array() && order_ids.size() == 0) co_return std::vector<JournalEntry>{};

  Commands entries;
  const auto built = understood([&] {
    entries.begin(1 + order_ids.size()).word("MGET");
    for (std::size_t i = 0; i < order_ids.size(); ++i) {
      entries.word(session.keys->journal, order_ids[i].text());
    }
    return true;
  });
  if (!built) co_return tl::unexpected(built.error());
  const auto rows = co_await run_commands(session, std::move(entries));
  if (!rows) co_return tl::unexpected(rows.error());
  co_return understood([&] { return unsettled_entries(order_ids, rows->back().view()); });
}

Answer<ChangeOutcome> change_on(Session session, Script script, Commands commands) {
  const auto reply = co_await run_script(std::move(session), script, std::move(commands));
  if (!reply) co_return tl::unexpected(reply.error());
  co_return understood([&] { return change_outcome(reply->view()); });
}

Commands give_back_command(const Session& session, const GiveBack& change) {
  const auto& keys = *session.keys;
  const auto lines = change.to_available.size() + change.to_limit.size();
  Commands commands(700 + 160 * lines);
  begin_script(commands, session, Script::give_back, 7 + change.to_limit.size(), 7 + 2 * lines);
  commands.word(keys.generation).word(keys.available).word(keys.reserved).word(keys.limit);
  commands.word(keys.unsettled).word(keys.applied, change.change_id.value);
  const auto& unsettled = change.reservation;
  commands.word(keys.journal, unsettled ? unsettled->order_id.to_string() : "none");
  for (const auto& line : change.to_limit) commands.word(keys.bought, line.sku.value);
  commands.word(kAppliedRetention.count()).word(change.user_id.value);
  commands.word(unsettled ? unsettled->order_id.to_string() : "");
  commands.word(unsettled ? unsettled->reservation_id.to_string() : "");
  commands.word(unsettled ? unsettled->retention.count() : 0);
  commands.word(change.generation);
  commands.word(static_cast<std::int64_t>(change.to_available.size()));
  add_lines(commands, change.to_available);
  add_lines(commands, change.to_limit);
  return commands;
}

Commands set_limit_command(const Session& session, const LimitAttempt& attempt,
                           std::string_view limit, const std::vector<UnitsBought>& bought,
                           std::size_t first, std::size_t count) {
  Commands commands(256 + 80 * count);
  begin_script(commands, session, Script::set_limit, 4, 4 + 2 * count);
  commands.word(session.keys->generation).word(session.keys->limit);
  commands.word(session.keys->limit_version).word(session.keys->bought, attempt.sku.value);
  commands.word(attempt.sku.value).word(attempt.version);
  commands.word(limit).word(first == 0 ? "1" : "0");
  for (auto i = first; i < first + count; ++i) {
    commands.word(bought[i].user_id.value).word(bought[i].units.units);
  }
  return commands;
}

// In chunks, the SKU busy all the while: the last one carries the limit and so ends that.
Answer<ChangeOutcome> set_limit_on(Session session, LimitAttempt attempt,
                                   std::optional<std::int64_t> limit,
                                   std::vector<UnitsBought> bought) {
  const auto last_limit = limit ? std::to_string(*limit) : std::string{};
  if (!limit) bought.clear();
  std::size_t first = 0;
  while (true) {
    const auto count = std::min(kWriteChunk, bought.size() - first);
    const bool is_last = first + count == bought.size();
    auto commands = set_limit_command(session, attempt, is_last ? last_limit : std::string("busy"),
                                      bought, first, count);
    auto outcome = co_await change_on(session, Script::set_limit, std::move(commands));
    if (!outcome && first > 0) outcome.error().effect = Effect::unknown;
    if (!outcome || *outcome != ChangeOutcome::applied || is_last) co_return outcome;
    first += count;
  }
}

Answer<std::vector<ChangeId>> find_applied_on(Session session, std::vector<ChangeId> changes) {
  std::vector<ChangeId> found;
  for (std::size_t first = 0; first < changes.size(); first += kReadChunk) {
    const auto count = std::min(kReadChunk, changes.size() - first);
    Commands commands(64 + 100 * count);
    commands.begin(1 + count).word("MGET");
    for (auto i = first; i < first + count; ++i) {
      commands.word(session.keys->applied, changes[i].value);
    }
    const auto replies = co_await run_commands(session, std::move(commands));
    if (!replies) co_return tl::unexpected(replies.error());
    const auto read = understood([&] {
      const auto marks = replies->back().view();
      for (std::size_t i = 0; i < count; ++i) {
        if (!marks[i].is_nil()) found.push_back(changes[first + i]);
      }
      return true;
    });
    if (!read) co_return tl::unexpected(read.error());
  }
  co_return found;
}

Answer<std::vector<SkuLevel>> levels_on(Session session, std::vector<Sku> skus) {
  std::vector<SkuLevel> levels;
  for (std::size_t first = 0; first < skus.size(); first += kReadChunk) {
    const auto count = std::min(kReadChunk, skus.size() - first);
    Commands commands(256 + 70 * count);
    begin_script(commands, session, Script::levels, 3, count);
    commands.word(session.keys->available).word(session.keys->reserved);
    commands.word(session.keys->limit);
    for (auto i = first; i < first + count; ++i) commands.word(skus[i].value);
    const auto reply = co_await run_script(session, Script::levels, std::move(commands));
    if (!reply) co_return tl::unexpected(reply.error());
    const auto read = understood([&] {
      append_levels(skus, first, reply->view(), levels);
      return true;
    });
    if (!read) co_return tl::unexpected(read.error());
  }
  co_return levels;
}

/// Adds the field names of the hash `key` to `names`.
Answer<void> scan_names(Session session, std::string key, std::set<std::string>* names) {
  std::string cursor = "0";
  do {
    Commands commands;
    commands.begin(5).word("HSCAN").word(key).word(cursor).word("COUNT");
    commands.word(static_cast<std::int64_t>(kReadChunk));
    const auto replies = co_await run_commands(session, std::move(commands));
    if (!replies) co_return tl::unexpected(replies.error());
    const auto read = understood([&] {
      const auto page = replies->back().view();
      cursor = std::string(page[0].text());
      for (std::size_t i = 0; i < page[1].size(); i += 2) names->emplace(page[1][i].text());
      return true;
    });
    if (!read) co_return tl::unexpected(read.error());
  } while (cursor != "0");
  co_return PortResult<void>{};
}

// Names first, then levels in chunks: each SKU is consistent in itself, and no command holds the
// server up for long. A SKU that has units reserved and is otherwise unknown must show, too.
Answer<std::vector<SkuLevel>> all_levels_on(Session session) {
  std::set<std::string> names;
  for (const auto* key :
       {&session.keys->available, &session.keys->reserved, &session.keys->limit}) {
    const auto scanned = co_await scan_names(session, *key, &names);
    if (!scanned) co_return tl::unexpected(scanned.error());
  }
  std::vector<Sku> skus;
  skus.reserve(names.size());
  for (const auto& name : names) skus.push_back(Sku{name});
  co_return co_await levels_on(std::move(session), std::move(skus));
}

Answer<LedgerState> state_on(Session session) {
  Commands commands;
  begin_script(commands, session, Script::state, 3, 0);
  commands.word(session.keys->generation).word(session.keys->outbox);
  commands.word(session.keys->unsettled);
  const auto reply = co_await run_script(session, Script::state, std::move(commands));
  if (!reply) co_return tl::unexpected(reply.error());
  auto state = understood([&] { return ledger_state(reply->view()); });
  if (state) state->incarnation = session.connection->run_id();
  co_return state;
}

Answer<void> close_on(Session session) {
  Commands commands;
  commands.begin(2).word("DEL").word(session.keys->generation);
  const auto replies = co_await run_commands(std::move(session), std::move(commands));
  if (!replies) co_return tl::unexpected(replies.error());
  co_return PortResult<void>{};
}

}  // namespace

RedisStockLedger::RedisStockLedger(asio::any_io_executor executor, RedisOptions options)
    : keys_(std::make_shared<const Keys>(options.key_prefix)) {
  connection_ = std::make_shared<Connection>(std::move(executor), std::move(options));
}

RedisStockLedger::~RedisStockLedger() {
  connection_->stop();
}

void RedisStockLedger::start() {
  connection_->start();
}
void RedisStockLedger::stop() {
  connection_->stop();
}
const std::string& RedisStockLedger::last_error() const {
  return connection_->last_error();
}
bool RedisStockLedger::is_too_weak() const {
  return connection_->is_too_weak();
}
bool RedisStockLedger::connected() const {
  return connection_->connected();
}

void RedisStockLedger::on_connection(std::function<void(bool connected)> listener) {
  connection_->on_connection(std::move(listener));
}

asio::awaitable<PortResult<ReserveResult>> RedisStockLedger::reserve(ReserveRequest request) {
  return reserve_on(Session{connection_, keys_}, std::move(request));
}

asio::awaitable<PortResult<std::optional<JournalEntry>>> RedisStockLedger::find_journal(
    OrderId order_id) {
  return find_journal_on(Session{connection_, keys_}, order_id);
}

asio::awaitable<PortResult<std::vector<OutboxEntry>>> RedisStockLedger::read_outbox(
    std::string after, Instant not_after, std::size_t limit) {
  return read_outbox_on(Session{connection_, keys_}, std::move(after), not_after, limit);
}

asio::awaitable<PortResult<void>> RedisStockLedger::delete_outbox(
    std::vector<std::string> outbox_ids) {
  return delete_outbox_on(Session{connection_, keys_}, std::move(outbox_ids));
}

asio::awaitable<PortResult<void>> RedisStockLedger::settle(std::vector<SettleMark> marks) {
  return settle_on(Session{connection_, keys_}, std::move(marks));
}

asio::awaitable<PortResult<std::vector<JournalEntry>>> RedisStockLedger::read_unsettled(
    Instant not_after, std::size_t limit) {
  return read_unsettled_on(Session{connection_, keys_}, not_after, limit);
}

asio::awaitable<PortResult<ChangeOutcome>> RedisStockLedger::give_back(GiveBack change) {
  Session session{connection_, keys_};
  drop_empty_lines(change.to_available);
  drop_empty_lines(change.to_limit);
  auto commands = give_back_command(session, change);
  return change_on(std::move(session), Script::give_back, std::move(commands));
}

asio::awaitable<PortResult<ChangeOutcome>> RedisStockLedger::adjust(Adjustment change) {
  Session session{connection_, keys_};
  Commands commands(512);
  begin_script(commands, session, Script::adjust, 4, 4);
  commands.word(keys_->generation).word(keys_->available);
  commands.word(keys_->applied, change.change_id.value);
  commands.word(keys_->applied, "refused:" + change.change_id.value);
  commands.word(kAppliedRetention.count()).word(change.sku.value).word(change.delta);
  commands.word(change.generation);
  return change_on(std::move(session), Script::adjust, std::move(commands));
}

asio::awaitable<PortResult<ChangeOutcome>> RedisStockLedger::begin_limit_change(
    LimitAttempt attempt) {
  Session session{connection_, keys_};
  Commands commands(256);
  begin_script(commands, session, Script::begin_limit_change, 3, 2);
  commands.word(keys_->generation).word(keys_->limit).word(keys_->limit_version);
  commands.word(attempt.sku.value).word(attempt.version);
  return change_on(std::move(session), Script::begin_limit_change, std::move(commands));
}

asio::awaitable<PortResult<ChangeOutcome>> RedisStockLedger::set_limit(
    LimitAttempt attempt, std::optional<std::int64_t> limit, std::vector<UnitsBought> bought) {
  return set_limit_on(Session{connection_, keys_}, std::move(attempt), limit, std::move(bought));
}

asio::awaitable<PortResult<std::vector<ChangeId>>> RedisStockLedger::find_applied(
    std::vector<ChangeId> changes) {
  return find_applied_on(Session{connection_, keys_}, std::move(changes));
}

asio::awaitable<PortResult<std::vector<SkuLevel>>> RedisStockLedger::levels(std::vector<Sku> skus) {
  return levels_on(Session{connection_, keys_}, std::move(skus));
}

asio::awaitable<PortResult<std::vector<SkuLevel>>> RedisStockLedger::all_levels() {
  return all_levels_on(Session{connection_, keys_});
}

asio::awaitable<PortResult<LedgerState>> RedisStockLedger::state() {
  return state_on(Session{connection_, keys_});
}

asio::awaitable<PortResult<void>> RedisStockLedger::close() {
  return close_on(Session{connection_, keys_});
}

asio::awaitable<PortResult<void>> RedisStockLedger::rebuild(RebuiltLedger ledger) {
  return rebuild_ledger(Session{connection_, keys_}, std::move(ledger));
}

}  // namespace holdfast::redis
