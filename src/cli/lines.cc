#include "cli/lines.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace holdfast::cli {
namespace {

namespace json = boost::json;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

// Cuts ":<last>" off the end of `text`; nothing when there is no colon.
std::optional<std::string_view> take_last(std::string_view& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto last = text.substr(colon + 1);
  text = text.substr(0, colon);
  return last;
}

std::optional<std::int64_t> take_number(std::string_view& text) {
  const auto last = take_last(text);
  return last ? whole_number(*last) : std::nullopt;
}

tl::unexpected<std::string> wrong(std::string_view text, std::string_view form) {
  return tl::unexpected("\"" + std::string(text) + "\" is not " + std::string(form));
}

}  // namespace

tl::expected<json::object, std::string> parse_order_line(std::string_view text) {
  std::string_view rest = text;
  const auto price = take_number(rest);
  const auto quantity = take_number(rest);
  if (!price || !quantity || *price < 0 || *quantity < 1 || rest.empty()) {
    return wrong(text, "SKU:QUANTITY:PRICE, such as A-1:2:1999 (the price in minor units)");
  }
  return json::object{{"sku", rest}, {"quantity", *quantity}, {"unit_price", *price}};
}

tl::expected<json::object, std::string> parse_refund_line(std::string_view text) {
  std::string_view rest = text;
  const bool keep = rest.ends_with(":norestock");
  if (keep) {
    (void)take_last(rest);
  }
  const auto quantity = take_number(rest);
  if (!quantity || *quantity < 1 || rest.empty()) {
    return wrong(text, "SKU:QUANTITY or SKU:QUANTITY:norestock, such as A-1:1");
  }
  json::object line{{"sku", rest}, {"quantity", *quantity}};
  if (keep) {
    line["restock"] = false;
  }
  return line;
}

tl::expected<Attribute, std::string> parse_attribute(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return wrong(text, "KEY=VALUE");
  }
  return Attribute{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

}  // namespace holdfast::cli
