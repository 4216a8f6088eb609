#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <utility>

namespace holdfast::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kGap = "  ";

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
CodePoint decode(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = first < 0x80                     ? 1
                            : first >= 0xC2 && first <= 0xDF ? 2
                            : first >= 0xE0 && first <= 0xEF ? 3
                            : first >= 0xF0 && first <= 0xF4 ? 4
                                                             : 0;
  if (bytes == 0 || text.size() < bytes) {
    return {};
  }
  std::uint32_t value = bytes == 1 ? first : first & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80) {
      return {};
    }
    value = (value << 6U) | (next & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kLeast.at(bytes) || value > 0x10FFFF || surrogate) {
    return {};
  }
  return {value, bytes};
}

using Ranges = std::array<std::pair<std::uint32_t, std::uint32_t>, 12>;
// Unicode's East Asian Width W and F, by block.
constexpr Ranges kWide = {{{0x1100, 0x115F},
                           {0x2E80, 0x303E},
                           {0x3041, 0x33FF},
                           {0x3400, 0x4DBF},
                           {0x4E00, 0x9FFF},
                           {0xA000, 0xA4CF},
                           {0xAC00, 0xD7A3},
                           {0xF900, 0xFAFF},
                           {0xFE30, 0xFE6F},
                           {0xFF00, 0xFF60},
                           {0x1F300, 0x1FAFF},
                           {0x20000, 0x3FFFD}}};

std::size_t width_of(std::uint32_t value) {
  const bool combining = (value >= 0x300 && value <= 0x36F) || value == 0x200D || value == 0xFE0F;
  const bool wide = std::any_of(kWide.begin(), kWide.end(), [value](const auto& range) {
    return value >= range.first && value <= range.second;
  });
  return combining ? 0 : wide ? 2 : 1;
}

// C0, DEL, C1, and the marks that turn the writing direction round.
bool is_control(std::uint32_t value) {
  return value < 0x20 || (value >= 0x7F && value <= 0x9F) || (value >= 0x202A && value <= 0x202E) ||
         (value >= 0x2066 && value <= 0x2069) || value == 0x2028 || value == 0x2029;
}

bool is_number(std::string_view text) {
  const auto digits = text.starts_with('-') ? text.substr(1) : text;
  return !digits.empty() && digits.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const auto have = display_width(text);
  const std::string fill(width > have ? width - have : 0, ' ');
  return right ? fill + text : text + fill;
}

bool is_list_of_objects(const json::value& value) {
  const auto* list = value.if_array();
  return list != nullptr && !list->empty() &&
         std::all_of(list->begin(), list->end(), [](const auto& row) { return row.is_object(); });
}

struct Flattened {
  Facts facts;
  std::vector<std::pair<std::string, const json::array*>> tables;
};

void flatten(const json::value& value, const std::string& name, Flattened& into) {
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    for (const auto& member : *object) {
      std::string path = name;
      path.append(name.empty() ? "" : ".").append(member.key());
      flatten(member.value(), path, into);
    }
  } else if (is_list_of_objects(value)) {
    into.tables.emplace_back(name, &value.get_array());
  } else {
    into.facts.add(name, cell(value));
  }
}

// Every key that any row has, in the order of their first appearance.
std::vector<Column> columns_of(const json::array& rows) {
  std::vector<Column> columns;
  for (const auto& row : rows) {
    for (const auto& member : row.get_object()) {
      const std::string key(member.key());
      if (std::none_of(columns.begin(), columns.end(),
                       [&](const auto& column) { return column.key == key; })) {
        columns.push_back({key, key});
      }
    }
  }
  return columns;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto point = decode(text);
    width += point.bytes == 0 ? 1 : width_of(point.value);
    text.remove_prefix(std::max<std::size_t>(point.bytes, 1));
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto point = decode(text);
    if (point.bytes == 0 || is_control(point.value)) {
      result += '?';
    } else {
      result += text.substr(0, point.bytes);
    }
    text.remove_prefix(std::max<std::size_t>(point.bytes, 1));
  }
  return result;
}

void Table::add(std::vector<std::string> row) {
  row.resize(heading_.size());
  rows_.push_back(std::move(row));
}

void Table::print(std::ostream& out) const {
  std::vector<std::size_t> widths;
  std::vector<bool> right;
  for (std::size_t i = 0; i < heading_.size(); ++i) {
    std::size_t width = display_width(heading_[i]);
    bool any_number = false;
    bool any_text = false;
    for (const auto& row : rows_) {
      width = std::max(width, display_width(row[i]));
      any_number = any_number || is_number(row[i]);
      any_text = any_text || (!is_number(row[i]) && row[i] != "-");
    }
    widths.push_back(width);
    right.push_back(any_number && !any_text);
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += (i == 0 ? "" : std::string(kGap)) + padded(cells[i], widths[i], right[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  };
  line(heading_);
  for (const auto& row : rows_) {
    line(row);
  }
}

void Facts::add(std::string name, std::string value) {
  facts_.emplace_back(std::move(name), std::move(value));
}

void Facts::print(std::ostream& out) const {
  std::size_t width = 0;
  for (const auto& [name, value] : facts_) {
    width = std::max(width, display_width(name));
  }
  for (const auto& [name, value] : facts_) {
    out << padded(name, width, false) << kGap << value << '\n';
  }
}

std::string cell(const json::value& value) {
  if (const auto* number = value.if_double()) {
    return fmt::format("{:.10g}", *number);  // Boost.JSON would write a tenth as 1E-1
  }
  if (const auto* text = value.if_string()) {
    return text->empty() ? "-" : printable(*text);
  }
  if (value.is_null()) {
    return "-";
  }
  if (const auto* list = value.if_array()) {
    std::string joined;
    for (const auto& entry : *list) {
      joined += (joined.empty() ? "" : ", ") + cell(entry);
    }
    return joined.empty() ? "-" : joined;
  }
  return printable(json::serialize(value));
}

std::string cell(const json::object& object, std::string_view key) {
  const auto dot = key.find('.');
  const auto* member = object.if_contains(key.substr(0, dot));
  if (member == nullptr) {
    return "-";
  }
  if (dot == std::string_view::npos) {
    return cell(*member);
  }
  const auto* inner = member->if_object();
  return inner == nullptr ? "-" : cell(*inner, key.substr(dot + 1));
}

Table table_of(const json::array& rows, const std::vector<Column>& columns) {
  std::vector<std::string> heading;
  heading.reserve(columns.size());
  for (const auto& column : columns) {
    heading.push_back(printable(column.heading));
  }
  Table table(std::move(heading));
  for (const auto& row : rows) {
    if (const auto* object = row.if_object()) {
      std::vector<std::string> cells;
      for (const auto& column : columns) {
        // A key that came from the document itself may hold a dot.
        const auto* member = object->if_contains(column.key);
        cells.push_back(member == nullptr ? cell(*object, column.key) : cell(*member));
      }
      table.add(std::move(cells));
    }
  }
  return table;
}

void print_document(std::ostream& out, const json::value& document) {
  Flattened flat;
  flatten(document, "", flat);
  flat.facts.print(out);
  for (const auto& [name, rows] : flat.tables) {
    out << '\n' << printable(name) << '\n';
    table_of(*rows, columns_of(*rows)).print(out);
  }
}

}  // namespace holdfast::cli
