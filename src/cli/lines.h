#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

// The texts in which the command line takes order lines, refund lines and attributes, as the JSON
// that the API wants. The error says what the text should be.

namespace holdfast::cli {

// SKU:QUANTITY:PRICE. A SKU may hold colons, so the numbers are read from the right.
tl::expected<boost::json::object, std::string> parse_order_line(std::string_view text);

// SKU:QUANTITY or SKU:QUANTITY:norestock.
tl::expected<boost::json::object, std::string> parse_refund_line(std::string_view text);

struct Attribute {
  std::string key;
  std::string value;
};
// KEY=VALUE, split at the first equals sign.
tl::expected<Attribute, std::string> parse_attribute(std::string_view text);

}  // namespace holdfast::cli
