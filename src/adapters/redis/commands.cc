#include "adapters/redis/commands.h"

#include <array>
#include <charconv>

#include "domain/assert.h"

namespace holdfast::redis {
namespace {

void append_header(std::string& text, char kind, std::size_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.push_back(kind);
  text.append(digits.data(), end);
  text.append("\r\n");
}

}  // namespace

Commands& Commands::begin(std::size_t words) {
  HF_ASSERT(missing_words_ == 0 && words > 0);
  append_header(text_, '*', words);
  missing_words_ = words;
  ++count_;
  return *this;
}

Commands& Commands::word(std::string_view text) {
  return word(text, {});
}

Commands& Commands::word(std::string_view prefix, std::string_view rest) {
  HF_ASSERT(missing_words_ > 0);
  --missing_words_;
  append_header(text_, '$', prefix.size() + rest.size());
  text_.append(prefix).append(rest).append("\r\n");
  return *this;
}

Commands& Commands::word(std::int64_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return word(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

Commands& Commands::append(const Commands& other) {
  HF_ASSERT(complete() && other.complete());
  text_.append(other.text_);
  count_ += other.count_;
  return *this;
}

}  // namespace holdfast::redis
