#pragma once

#include <hiredis/hiredis.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "adapters/redis/redis_stock_ledger.h"
#include "adapters/redis/redis_url.h"
#include "tests/contract/stock_ledger_fixture.h"

namespace holdfast::testing {

/// The server for tests. Missing is a failure, never a reason to skip.
inline std::string redis_url() {
  const char* url = std::getenv("HOLDFAST_TEST_REDIS_URL");
  if (url == nullptr) throw std::runtime_error("HOLDFAST_TEST_REDIS_URL is not set");
  return url;
}

/// A second, blocking client: looks at the server behind the ledger's back.
class RedisClient {
 public:
  explicit RedisClient(const std::string& url) {
    const auto address = redis::parse_redis_url(url);
    if (!address) throw std::runtime_error(address.error());
    const timeval patience{5, 0};
    context_.reset(redisConnectWithTimeout(address->host.c_str(), address->port, patience));
    if (!context_ || context_->err != 0) throw std::runtime_error("no Redis at " + url);
    if (address->database != 0) ask({"SELECT", std::to_string(address->database)});
  }

  /// The reply as text: of a string, status or error as it is, of an integer its digits, of an
  /// array its elements separated by spaces, of nil "(nil)".
  std::string ask(const std::vector<std::string>& words) {
    std::vector<const char*> data;
    std::vector<std::size_t> sizes;
    for (const auto& word : words) {
      data.push_back(word.data());
      sizes.push_back(word.size());
    }
    const std::unique_ptr<redisReply, Free> reply(static_cast<redisReply*>(redisCommandArgv(
        context_.get(), static_cast<int>(words.size()), data.data(), sizes.data())));
    if (!reply) throw std::runtime_error("Redis does not answer " + words.front());
    return text_of(*reply);
  }

 private:
  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  static std::string text_of(const redisReply& reply) {
    switch (reply.type) {
      case REDIS_REPLY_INTEGER: return std::to_string(reply.integer);
      case REDIS_REPLY_NIL: return "(nil)";
      case REDIS_REPLY_ARRAY: {
        std::string all;
        for (std::size_t i = 0; i < reply.elements; ++i) {
          all += (i == 0 ? "" : " ") + text_of(*reply.element[i]);
        }
        return all;
      }
      default: return {reply.str, reply.len};
    }
  }
  std::unique_ptr<redisContext, Free> context_;
};

/// Runs the loop until `condition` holds; false when it does not within `deadline`.
template <class Condition>
bool run_until(boost::asio::io_context& loop, Condition condition,
               std::chrono::milliseconds deadline = std::chrono::seconds(10)) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (!condition() && std::chrono::steady_clock::now() < until) {
    loop.restart();
    const auto step = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
    loop.run_one_until(std::min(step, until));
  }
  return condition();
}

/// Ledgers under a key prefix that no other test has; its keys are removed at the end.
class RedisLedgerFactory : public StockLedgerFactory {
 public:
  explicit RedisLedgerFactory(std::string url = redis_url()) {
    static std::atomic<int> count{0};
    options_.url = std::move(url);
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    options_.key_prefix = "test-" + std::to_string(getpid()) + "-" + std::to_string(now) + "-" +
                          std::to_string(++count);
    options_.timeout = std::chrono::seconds(10);
  }
  ~RedisLedgerFactory() override {
    try {
      remove_keys();
    } catch (const std::exception&) {
      // A server that the test has stopped needs no cleaning.
    }
  }

  std::unique_ptr<StockLedger> make(boost::asio::io_context& loop) override {
    return connect(loop);
  }
  std::unique_ptr<StockLedger> attach(boost::asio::io_context& loop) override {
    return connect(loop);
  }
  std::unique_ptr<redis::RedisStockLedger> connect(boost::asio::io_context& loop) {
    auto ledger = std::make_unique<redis::RedisStockLedger>(loop.get_executor(), options_);
    ledger->start();
    if (!run_until(loop, [&] { return ledger->connected(); })) {
      throw std::runtime_error("no connection to Redis: " + ledger->last_error());
    }
    return ledger;
  }
  redis::RedisOptions& options() { return options_; }
  [[nodiscard]] std::string key(const std::string& name) const {
    return "{" + options_.key_prefix + ":0}:" + name;
  }

 private:
  void remove_keys() {
    RedisClient client(options_.url);
    client.ask({"EVAL",
                "local cursor = '0' repeat local page = redis.call('SCAN', cursor, 'MATCH', "
                "ARGV[1], 'COUNT', 1000) cursor = page[1] for _, key in ipairs(page[2]) do "
                "redis.call('UNLINK', key) end until cursor == '0' return 'OK'",
                "0", "{" + options_.key_prefix + ":0}:*"});
  }

  redis::RedisOptions options_;
};

}  // namespace holdfast::testing
