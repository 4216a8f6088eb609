#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast {

/// Builds a text that is the same for the same fields and different for different ones: each field
/// is a netstring (`<bytes>:<field>,`), so that no field can pass for the end of another.
/// Lists are to be preceded by their length.
class CanonicalText {
 public:
  /// `kind` names what is described and the version of the description, as in `order/1`.
  explicit CanonicalText(std::string_view kind) { add(kind); }

  CanonicalText& add(std::string_view field) {
    text_ += std::to_string(field.size());
    text_ += ':';
    text_ += field;
    text_ += ',';
    return *this;
  }
  CanonicalText& add_number(std::int64_t number) { return add(std::to_string(number)); }
  CanonicalText& add_count(std::size_t count) { return add(std::to_string(count)); }

  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace holdfast
