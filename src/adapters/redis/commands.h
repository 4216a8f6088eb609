#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::redis {

/// One or more Redis commands as they go over the wire (RESP arrays of bulk strings,
/// https://redis.io/docs/reference/protocol-spec). Encoded as they are built: hiredis' formatter
/// wants all words in memory first and copies them once more, and this is the hot path.
class Commands {
 public:
  Commands() = default;
  explicit Commands(std::size_t expected_bytes) { text_.reserve(expected_bytes); }

  /// Begins a command of `words` words, its name included; exactly so many must follow.
  Commands& begin(std::size_t words);
  Commands& word(std::string_view text);
  Commands& word(std::string_view prefix, std::string_view rest);  ///< one word made of two
  Commands& word(std::int64_t number);
  /// Adds what `other` holds behind what is here.
  Commands& append(const Commands& other);

  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] bool complete() const { return missing_words_ == 0; }

 private:
  std::string text_;
  std::size_t count_ = 0;
  std::size_t missing_words_ = 0;
};

}  // namespace holdfast::redis
