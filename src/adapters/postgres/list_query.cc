#include "adapters/postgres/list_query.h"

#include <algorithm>

#include "domain/assert.h"

namespace holdfast::postgres {
namespace {

constexpr std::string_view kCondition = "/*if ";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || c == '_';
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

}  // namespace

ListQuery& ListQuery::keep(std::string_view name) {
  kept_.emplace(name);
  return *this;
}

ListQuery& ListQuery::put(std::string_view name, std::string text) {
  put_.emplace_back("{" + std::string(name) + "}", std::move(text));
  return *this;
}

std::string ListQuery::kept_lines() const {
  std::string sql;
  for (std::size_t begin = 0; begin < template_.size();) {
    const auto end = std::min(template_.find('\n', begin), template_.size());
    auto line = template_.substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with("--")) continue;
    if (line.starts_with(kCondition)) {
      const auto close = line.find("*/");
      HF_ASSERT(close != std::string_view::npos);
      const auto name = line.substr(kCondition.size(), close - kCondition.size());
      if (!kept_.contains(name)) continue;
      line.remove_prefix(close + 2);
    }
    sql.append(line).push_back('\n');
  }
  return sql;
}

Statement ListQuery::statement() const {
  auto text = kept_lines();
  for (const auto& [what, with] : put_) replace_all(text, what, with);
  std::string sql;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_cast = text[i] == ':' && i + 1 < text.size() && text[i + 1] == ':';
    if (is_cast) sql.push_back(text[i++]);
    if (is_cast || text[i] != ':') {
      sql.push_back(text[i]);
      continue;
    }
    auto end = i + 1;
    while (end < text.size() && is_name_character(text[end])) ++end;
    const auto bound = std::find(bound_.begin(), bound_.end(), text.substr(i + 1, end - i - 1));
    HF_ASSERT(bound != bound_.end());
    sql.append("$").append(std::to_string(bound - bound_.begin() + 1));
    i = end - 1;
  }
  return Statement{"", std::move(sql)};
}

}  // namespace holdfast::postgres
