#pragma once

#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/order_json.h"

namespace holdfast::codec {

/// JSON written straight into a text: what each order is stored and sent as, where a document built
/// first would cost several times as much.

inline void append_text(std::string& out, std::string_view text) {
  const bool plain = is_valid_name(text);
  if (plain) {
    out.push_back('"');
    out.append(text);
    out.push_back('"');
  } else {
    out.append(boost::json::serialize(boost::json::string_view(text.data(), text.size())));
  }
}

inline void append_integer(std::string& out, std::int64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

/// Writes one object at the end of a text, from its construction to `end`.
class ObjectText {
 public:
  explicit ObjectText(std::string& out) : out_(out) { out_.push_back('{'); }

  ObjectText& text(std::string_view key, std::string_view value) {
    append_text(member(key), value);
    return *this;
  }
  ObjectText& integer(std::string_view key, std::int64_t value) {
    append_integer(member(key), value);
    return *this;
  }
  ObjectText& boolean(std::string_view key, bool value) {
    member(key).append(value ? "true" : "false");
    return *this;
  }
  ObjectText& instant(std::string_view key, Instant value) { return text(key, to_rfc3339(value)); }
  /// The place where the value of `key` is to be written.
  std::string& member(std::string_view key) {
    if (!is_first_) out_.push_back(',');
    is_first_ = false;
    return out_.append("\"").append(key).append("\":");
  }
  void end() { out_.push_back('}'); }

 private:
  std::string& out_;
  bool is_first_ = true;
};

/// Writes an array of what `append_item(out, item)` writes of each.
template <class T, class AppendItem>
void append_array(std::string& out, const std::vector<T>& items, AppendItem append_item) {
  out.push_back('[');
  for (const auto& item : items) {
    if (&item != &items.front()) out.push_back(',');
    append_item(out, item);
  }
  out.push_back(']');
}

/// What the plan says of a step beside its name and kind.
void add_planned(ObjectText& object, const Step& step);

}  // namespace holdfast::codec
