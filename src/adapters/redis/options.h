#pragma once

#include <chrono>
#include <string>

namespace holdfast::redis {

struct RedisOptions {
  std::string url;                           ///< see redis_url.h
  std::string key_prefix = "hf";             ///< keys are `{<prefix>:0}:...`
  std::chrono::milliseconds timeout{2'000};  ///< of each call, from its beginning to its reply
  /// Use no server whose settings could lose an acknowledged reservation: it needs `appendonly
  /// yes`, `appendfsync always`, and must not evict keys when memory is used up.
  bool require_durable = true;
};

}  // namespace holdfast::redis
