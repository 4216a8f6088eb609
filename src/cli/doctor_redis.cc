#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <memory>
#include <optional>

#include "app/config_url.h"
#include "cli/doctor.h"

namespace holdfast::cli {
namespace {

constexpr std::uint16_t kRedisPort = 6379;

struct FreeRedis {
  void operator()(redisContext* redis) const { redisFree(redis); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Redis = std::unique_ptr<redisContext, FreeRedis>;
using Reply = std::unique_ptr<redisReply, FreeReply>;

Reply command(const Redis& redis, const std::vector<std::string>& words) {
  std::vector<const char*> pointers;
  std::vector<std::size_t> lengths;
  for (const auto& each : words) {
    pointers.push_back(each.data());
    lengths.push_back(each.size());
  }
  return Reply(static_cast<redisReply*>(redisCommandArgv(
      redis.get(), static_cast<int>(words.size()), pointers.data(), lengths.data())));
}

// The error of a reply, or of the connection; nothing when all is well.
std::optional<std::string> error_of(const Redis& redis, const Reply& reply) {
  if (!reply) {
    return std::string(redis->errstr);
  }
  if (reply->type == REDIS_REPLY_ERROR) {
    return std::string(reply->str, static_cast<std::size_t>(reply->len));
  }
  return std::nullopt;
}

// The value of a setting; nothing when the server does not tell.
std::optional<std::string> setting(const Redis& redis, const std::string& name) {
  const auto reply = command(redis, {"CONFIG", "GET", name});
  if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
      reply->element[1]->type != REDIS_REPLY_STRING) {
    return std::nullopt;
  }
  return std::string(reply->element[1]->str, static_cast<std::size_t>(reply->element[1]->len));
}

std::string line_of(const std::string& info, const std::string& name) {
  const auto at = info.find(name + ":");
  if (at == std::string::npos) {
    return "";
  }
  const auto begin = at + name.size() + 1;
  return info.substr(begin, info.find_first_of("\r\n", begin) - begin);
}

Redis connect(const app::RedisConfig& config, const app::Url& url) {
  timeval limit{};
  limit.tv_sec = config.timeout.count() / 1000;
  limit.tv_usec = (config.timeout.count() % 1000) * 1000;
  Redis redis(url.scheme == "unix" ? redisConnectUnixWithTimeout(url.path.c_str(), limit)
                                   : redisConnectWithTimeout(url.host.c_str(),
                                                             url.port.value_or(kRedisPort), limit));
  if (redis && redis->err == 0) {
    redisSetTimeout(redis.get(), limit);
  }
  return redis;
}

std::optional<Finding> enter(const Redis& redis, const app::Url& url) {
  std::vector<std::vector<std::string>> commands;
  if (!url.password.empty() && url.user.empty()) {
    commands.push_back({"AUTH", url.password});
  } else if (!url.password.empty()) {
    commands.push_back({"AUTH", url.user, url.password});
  }
  if (url.scheme == "redis" && !url.path.empty()) {
    commands.push_back({"SELECT", url.path});
  }
  commands.push_back({"PING"});
  for (const auto& words : commands) {
    const auto reply = command(redis, words);
    if (const auto error = error_of(redis, reply)) {
      return Finding{reply ? Verdict::fail : Verdict::unreachable, words[0] + ": " + *error,
                     "mend redis.url or the server's access rules"};
    }
  }
  return std::nullopt;
}

Finding durability(const Redis& redis, bool required) {
  const auto append = setting(redis, "appendonly");
  const auto sync = setting(redis, "appendfsync");
  if (!append || !sync) {
    return {Verdict::warn, "does not tell its settings (CONFIG GET)",
            "make sure of appendonly yes and appendfsync always"};
  }
  const std::string found = "appendonly " + *append + ", appendfsync " + *sync;
  if (*append == "yes" && *sync == "always") {
    return {Verdict::ok, found};
  }
  return {required ? Verdict::fail : Verdict::warn,
          found + ": an accepted order may be lost when Redis or its machine stops",
          required ? "set appendonly yes and appendfsync always, or redis.require_durable = false"
                   : "set appendonly yes and appendfsync always"};
}

Finding eviction(const Redis& redis) {
  const auto policy = setting(redis, "maxmemory-policy");
  const auto limit = setting(redis, "maxmemory");
  if (!policy || *policy == "noeviction") {
    return {policy ? Verdict::ok : Verdict::warn,
            policy ? "maxmemory-policy noeviction" : "does not tell its maxmemory-policy",
            policy ? "" : "make sure of noeviction"};
  }
  const bool unlimited = limit && *limit == "0";
  return {unlimited ? Verdict::warn : Verdict::fail,
          "maxmemory-policy " + *policy + ": a full Redis would throw stock and journal away",
          "set maxmemory-policy noeviction"};
}

}  // namespace

Findings probe_redis(const app::Config& config) {
  const auto url = app::parse_url(config.redis.url);
  const auto shown = app::redact_url(config.redis.url);
  if (!url) {
    return {{Verdict::fail, shown + " " + url.error(), "mend redis.url"}};
  }
  const auto redis = connect(config.redis, *url);
  if (!redis || redis->err != 0) {
    return {{Verdict::unreachable,
             shown + " is not reached: " + (redis ? redis->errstr : "out of memory"),
             "start it, or mend redis.url"}};
  }
  if (auto refused = enter(redis, *url)) {
    refused->what = shown + ": " + refused->what;
    return {*refused};
  }
  const auto info = command(redis, {"INFO", "server"});
  const auto version =
      error_of(redis, info) || info->type != REDIS_REPLY_STRING
          ? std::string("of unknown version")
          : line_of({info->str, static_cast<std::size_t>(info->len)}, "redis_version");
  Findings findings;
  findings.push_back({Verdict::ok, shown + ", Redis " + version});
  if (!version_at_least(version, 7, 0)) {
    findings.back() = {Verdict::fail, shown + ", Redis " + version, "use Redis 7.0 or later"};
  }
  findings.push_back(durability(redis, config.redis.require_durable));
  findings.push_back(eviction(redis));
  return findings;
}

}  // namespace holdfast::cli
