#include <algorithm>

#include "adapters/redis/calls.h"
#include "adapters/redis/journal_entry.h"

// Writing the whole ledger anew, in chunks. The order makes each cut harmless:
//   1. unsettled entries go before `reserved` is cleared, so that a settlement in between finds
//      its units still counted or its entry gone, never an entry without units;
//   2. counts of what users bought go while the old limits still tell which SKUs have any;
//   3. a limit is written before the counts of its SKU, so that a later rebuild finds them;
//   4. the generation token is last: without it nothing sells.
// The outbox is not touched: what is in it may not be in the queue yet.

namespace holdfast::redis {

namespace asio = boost::asio;

namespace {

using Done = PortResult<void>;

/// Gathers plain commands for one call of rebuild-write.
class WriteChunk {
 public:
  void begin(std::size_t words) { words_.push_back(std::to_string(words)); }
  void word(std::string text) { words_.push_back(std::move(text)); }
  void key(std::string name) {
    keys_.push_back(name);
    words_.push_back(std::move(name));
  }

  [[nodiscard]] bool empty() const { return words_.empty(); }
  [[nodiscard]] bool full() const { return words_.size() >= 4 * kWriteChunk; }

  [[nodiscard]] Commands commands(const Session& session, const std::string& generation) const {
    Commands result(64 * (keys_.size() + words_.size()) + 256);
    begin_script(result, session, Script::rebuild_write, 2 + keys_.size(), 1 + words_.size());
    result.word(session.keys->generation).word(session.keys->rebuilding);
    for (const auto& key : keys_) result.word(key);
    result.word(generation);
    for (const auto& word : words_) result.word(word);
    return result;
  }

 private:
  std::vector<std::string> keys_;
  std::vector<std::string> words_;
};

/// Runs one of the rebuild scripts, which answer "ok" or why not.
asio::awaitable<Done> run_step(Session session, Script script, Commands commands) {
  const auto reply = co_await run_script(std::move(session), script, std::move(commands));
  if (!reply) co_return tl::unexpected(reply.error());
  const auto answer = understood([&] { return std::string(reply->view().text()); });
  if (!answer) co_return tl::unexpected(answer.error());
  if (*answer == "ok") co_return Done{};
  co_return tl::unexpected(PortError{PortErrorKind::rejected, Effect::none,
                                     *answer == "open"
                                         ? "the ledger is open: close it before a rebuild"
                                         : "the ledger was opened, or another rebuild has begun"});
}

asio::awaitable<Done> begin_rebuild(Session session, std::string generation) {
  Commands commands;
  begin_script(commands, session, Script::rebuild_begin, 2, 1);
  commands.word(session.keys->generation).word(session.keys->rebuilding).word(generation);
  return run_step(std::move(session), Script::rebuild_begin, std::move(commands));
}

/// The names in one reply of a listing command.
PortResult<std::vector<std::string>> names_of(const Reply& reply) {
  return understood([&] {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < reply.view().size(); ++i) {
      names.emplace_back(reply.view()[i].text());
    }
    return names;
  });
}

asio::awaitable<Done> forget_unsettled(Session session, std::string generation) {
  while (true) {
    Commands list;
    list.begin(4).word("ZRANGE").word(session.keys->unsettled).word(0);
    list.word(static_cast<std::int64_t>(kWriteChunk) - 1);
    const auto replies = co_await run_commands(session, std::move(list));
    if (!replies) co_return tl::unexpected(replies.error());
    const auto order_ids = names_of(replies->back());
    if (!order_ids) co_return tl::unexpected(order_ids.error());
    if (order_ids->empty()) co_return Done{};

    Commands commands(256 + 160 * order_ids->size());
    begin_script(commands, session, Script::rebuild_forget, 3 + order_ids->size(),
                 1 + order_ids->size());
    commands.word(session.keys->generation).word(session.keys->rebuilding);
    commands.word(session.keys->unsettled);
    for (const auto& id : *order_ids) commands.word(session.keys->journal, id);
    commands.word(generation);
    for (const auto& id : *order_ids) commands.word(id);
    auto done = co_await run_step(session, Script::rebuild_forget, std::move(commands));
    if (!done) co_return done;
  }
}

asio::awaitable<PortResult<std::vector<std::string>>> limited_skus(Session session) {
  Commands commands;
  commands.begin(2).word("HKEYS").word(session.keys->limit);
  const auto replies = co_await run_commands(std::move(session), std::move(commands));
  if (!replies) co_return tl::unexpected(replies.error());
  co_return names_of(replies->back());
}

/// Cuts a ledger into chunks of commands, in the order they are to be written.
class ChunkWriter {
 public:
  ChunkWriter(const Keys& keys, const RebuiltLedger& ledger) : keys_(keys), ledger_(ledger) {}

  std::vector<WriteChunk> chunks(const std::vector<std::string>& old_limited) {
    for (const auto& sku : old_limited) remove(keys_.bought + sku);
    for (const auto& sku : ledger_.skus) remove(keys_.bought + sku.sku.value);
    cut();  // a chunk is a transaction: the counts are gone before their limits are
    remove(keys_.available);
    remove(keys_.reserved);
    remove(keys_.limit);
    remove(keys_.limit_version);
    for (const auto& sku : ledger_.skus) add_sku(sku);
    for (const auto& change : ledger_.applied) {
      set(keys_.applied + change.value, "1", kAppliedRetention);
    }
    for (const auto& change : ledger_.not_applied) remove(keys_.applied + change.value);
    for (auto entry : ledger_.journal) {
      entry.settled = true;
      set(keys_.journal + entry.order_id.to_string(), format_journal_entry(entry),
          ledger_.journal_retention);
    }
    cut();
    return std::move(chunks_);
  }

  /// The last one: opens the ledger.
  WriteChunk opening() const {
    WriteChunk chunk;
    chunk.begin(3);
    chunk.word("SET");
    chunk.word(keys_.generation);
    chunk.word(ledger_.generation);
    chunk.begin(2);
    chunk.word("DEL");
    chunk.word(keys_.rebuilding);
    return chunk;
  }

 private:
  void cut() {
    if (!chunk_.empty()) chunks_.push_back(std::exchange(chunk_, {}));
  }
  void cut_when_full() {
    if (chunk_.full()) cut();
  }
  void remove(std::string key) {
    chunk_.begin(2);
    chunk_.word("DEL");
    chunk_.key(std::move(key));
    cut_when_full();
  }
  void set(std::string key, std::string value, Milliseconds time_to_live) {
    // A time to live of nothing is what SET refuses; it means that nothing is to be kept.
    if (time_to_live.count() <= 0) return remove(std::move(key));
    chunk_.begin(5);
    chunk_.word("SET");
    chunk_.key(std::move(key));
    chunk_.word(std::move(value));
    chunk_.word("PX");
    chunk_.word(std::to_string(time_to_live.count()));
    cut_when_full();
  }
  void put(const std::string& key, std::string field, std::int64_t value) {
    chunk_.begin(4);
    chunk_.word("HSET");
    chunk_.key(key);
    chunk_.word(std::move(field));
    chunk_.word(std::to_string(value));
    cut_when_full();
  }
  void add_sku(const RebuiltSku& sku) {
    put(keys_.available, sku.sku.value, sku.available);
    if (sku.limit_version > 0) put(keys_.limit_version, sku.sku.value, sku.limit_version);
    if (!sku.purchase_limit) return;
    put(keys_.limit, sku.sku.value, *sku.purchase_limit);
    for (const auto& bought : sku.bought) {
      put(keys_.bought + sku.sku.value, bought.user_id.value, bought.units.units);
    }
  }

  const Keys& keys_;
  const RebuiltLedger& ledger_;
  WriteChunk chunk_;
  std::vector<WriteChunk> chunks_;
};

asio::awaitable<Done> write_all(Session session, RebuiltLedger ledger) {
  auto done = co_await forget_unsettled(session, ledger.generation);
  if (!done) co_return done;
  const auto old_limited = co_await limited_skus(session);
  if (!old_limited) co_return tl::unexpected(old_limited.error());

  ChunkWriter writer(*session.keys, ledger);
  auto chunks = writer.chunks(*old_limited);
  chunks.push_back(writer.opening());
  for (const auto& chunk : chunks) {
    auto commands = chunk.commands(session, ledger.generation);
    done = co_await run_step(session, Script::rebuild_write, std::move(commands));
    if (!done) co_return done;
  }
  co_return Done{};
}

}  // namespace

asio::awaitable<Done> rebuild_ledger(Session session, RebuiltLedger ledger) {
  auto begun = co_await begin_rebuild(session, ledger.generation);
  if (!begun) co_return begun;
  auto written = co_await write_all(std::move(session), std::move(ledger));
  // Some of it was written. The ledger stays closed, and a rebuild from the start mends it.
  if (!written) written.error().effect = Effect::unknown;
  co_return written;
}

}  // namespace holdfast::redis
