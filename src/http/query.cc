#include "http/query.h"

#include <algorithm>
#include <charconv>

#include "codec/order_json.h"
#include "http/limits.h"
#include "http/utf8.h"

namespace holdfast::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Problem refused(std::string detail) {
  return make_problem(problems::kInvalidRequest, std::move(detail));
}

/// A parameter's name as it may stand in an answer.
std::string quoted(std::string_view name) {
  return "`" + std::string(name.substr(0, 64)) + "`";
}

std::string list_of(const std::vector<std::string_view>& names) {
  if (names.empty()) return "None is known here.";
  std::string list = "Known here:";
  for (const std::string_view name : names) {
    list += list.back() == ':' ? " " : ", ";
    list += name;
  }
  return list + ".";
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded.push_back(' ');
    } else if (text[i] != '%') {
      decoded.push_back(text[i]);
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  if (!is_utf8(decoded) || decoded.find('\0') != std::string::npos) return std::nullopt;
  return decoded;
}

tl::expected<Query, Problem> Query::parse(std::string_view text,
                                          const std::vector<std::string_view>& known) {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) {
      return tl::unexpected(refused("The query is not valid percent-encoded UTF-8."));
    }
    if (std::find(known.begin(), known.end(), *name) == known.end()) {
      return tl::unexpected(
          refused("There is no query parameter " + quoted(*name) + ". " + list_of(known)));
    }
    if (query.find(*name) != nullptr) {
      return tl::unexpected(refused("The query parameter " + quoted(*name) +
                                    " is given more than once. Give it once."));
    }
    query.values_.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

const std::string* Query::find(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return &value;
  }
  return nullptr;
}

void Query::fault(std::string_view name, std::string_view what) {
  if (problem_) return;
  problem_ = refused("The query parameter " + quoted(name) + " " + std::string(what) + ".");
}

std::optional<std::string> Query::text(std::string_view name) {
  const std::string* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->empty()) fault(name, "is empty; give it a value or leave it out");
  return *value;
}

std::optional<std::string> Query::name(std::string_view name) {
  const std::string* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!is_valid_name(*value)) fault(name, "must be 1 to 64 characters of A-Za-z0-9._:-");
  return *value;
}

std::optional<Uuid> Query::uuid(std::string_view name) {
  const std::string* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto uuid = parse_uuid(*value);
  if (!uuid) fault(name, "must be a UUID");
  return uuid;
}

std::optional<Instant> Query::time(std::string_view name) {
  const std::string* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto at = codec::parse_rfc3339(*value);
  if (!at) {
    fault(name, "must be an RFC 3339 time as 2026-01-31T08:15:30.123Z (a + is written %2B)");
  }
  return at;
}

PageRequest Query::page() {
  PageRequest page;
  page.limit = limits::kDefaultPage;
  if (const std::string* limit = find("limit")) {
    const char* end = limit->data() + limit->size();
    const auto [rest, error] = std::from_chars(limit->data(), end, page.limit);
    if (error != std::errc{} || rest != end || page.limit < 1 || page.limit > limits::kMaxPage) {
      fault("limit", "must be an integer from 1 to " + std::to_string(limits::kMaxPage));
    }
  }
  page.cursor = text("cursor");
  return page;
}

}  // namespace holdfast::http
