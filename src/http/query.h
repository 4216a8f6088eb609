#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "domain/ids.h"
#include "domain/money.h"
#include "http/problem.h"
#include "ports/order_book.h"

namespace holdfast::http {

/// Undoes percent-encoding (RFC 3986, section 2.1). `plus_is_space` as in forms, for queries.
/// Unset: an escape is malformed, or the result is not UTF-8, or holds U+0000.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// The query of a request: known names, each at most once. A typed getter notes the first fault,
/// which `problem` then returns; the values read after a fault mean nothing.
class Query {
 public:
  /// `text` is what stands after `?`. Refuses unknown and repeated parameters by name.
  static tl::expected<Query, Problem> parse(std::string_view text,
                                            const std::vector<std::string_view>& known);

  [[nodiscard]] const std::string* find(std::string_view name) const;

  std::optional<std::string> text(std::string_view name);  ///< not empty
  std::optional<std::string> name(std::string_view name);  ///< `is_valid_name` holds
  std::optional<Uuid> uuid(std::string_view name);
  std::optional<Instant> time(std::string_view name);
  template <class T>
  std::optional<T> word(std::string_view name, std::optional<T> (*read)(std::string_view)) {
    const std::string* value = find(name);
    if (value == nullptr) return std::nullopt;
    const std::optional<T> parsed = read(*value);
    if (!parsed) fault(name, "is none of the words it may be");
    return parsed;
  }
  PageRequest page();  ///< from `limit` and `cursor`

  [[nodiscard]] const std::optional<Problem>& problem() const { return problem_; }

 private:
  void fault(std::string_view name, std::string_view what);

  std::vector<std::pair<std::string, std::string>> values_;
  std::optional<Problem> problem_;
};

}  // namespace holdfast::http
