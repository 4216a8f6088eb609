#pragma once

#include <hiredis/hiredis.h>

#include <boost/container/small_vector.hpp>
#include <charconv>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace holdfast::redis {

/// A reply did not have the shape that its command's documentation gives it.
class UnexpectedReply : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A look at one reply, or at one element of an array. Valid as long as the Reply it came from.
/// Asking for a shape that the reply has not throws UnexpectedReply.
class ReplyView {
 public:
  explicit ReplyView(const redisReply* reply) : reply_(reply) {}

  [[nodiscard]] bool is_nil() const { return reply_->type == REDIS_REPLY_NIL; }
  [[nodiscard]] bool is_error() const { return reply_->type == REDIS_REPLY_ERROR; }
  [[nodiscard]] bool is_array() const { return reply_->type == REDIS_REPLY_ARRAY; }

  /// Of a bulk string, a status or an error.
  [[nodiscard]] std::string_view text() const {
    if (reply_->type != REDIS_REPLY_STRING && reply_->type != REDIS_REPLY_STATUS &&
        reply_->type != REDIS_REPLY_ERROR) {
      throw UnexpectedReply("not a text");
    }
    return {reply_->str, reply_->len};
  }

  /// Of an integer, or of a text that is one.
  [[nodiscard]] std::int64_t integer() const {
    if (reply_->type == REDIS_REPLY_INTEGER) return reply_->integer;
    const auto digits = text();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
      throw UnexpectedReply("not an integer");
    }
    return number;
  }

  [[nodiscard]] std::size_t size() const {
    if (!is_array()) throw UnexpectedReply("not an array");
    return reply_->elements;
  }
  [[nodiscard]] ReplyView operator[](std::size_t index) const {
    if (index >= size()) throw UnexpectedReply("array too short");
    return ReplyView(reply_->element[index]);
  }

 private:
  const redisReply* reply_;
};

/// Owns one reply as hiredis' reader made it.
class Reply {
 public:
  explicit Reply(void* from_reader) : reply_(static_cast<redisReply*>(from_reader)) {}
  [[nodiscard]] ReplyView view() const { return ReplyView(reply_.get()); }

 private:
  struct Free {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  std::unique_ptr<redisReply, Free> reply_;
};

/// The replies to one exchange, one per command, in their order. Nearly always one.
using Replies = boost::container::small_vector<Reply, 1>;

}  // namespace holdfast::redis
