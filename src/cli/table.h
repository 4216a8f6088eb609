#pragma once

#include <boost/json/value.hpp>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

// Text for people: aligned tables, and JSON documents as such tables.

namespace holdfast::cli {

// Columns a terminal gives to `text`: East Asian wide characters count two, combining ones none.
std::size_t display_width(std::string_view text);

// `text` without control characters and without bytes that are no UTF-8: what a buyer wrote into an
// order must not steer an operator's terminal.
std::string printable(std::string_view text);

// Rows under a heading; a column in which every cell is a number is set right.
class Table {
 public:
  explicit Table(std::vector<std::string> heading) : heading_(std::move(heading)) {}

  void add(std::vector<std::string> row);  // as many cells as the heading has
  bool empty() const { return rows_.empty(); }
  void print(std::ostream& out) const;

 private:
  std::vector<std::string> heading_;
  std::vector<std::vector<std::string>> rows_;
};

// "name   value" lines, the values under each other.
class Facts {
 public:
  void add(std::string name, std::string value);
  void print(std::ostream& out) const;

 private:
  std::vector<std::pair<std::string, std::string>> facts_;
};

// One value in one cell: a text as it is, "-" for null, a list of plain values with commas.
std::string cell(const boost::json::value& value);
// The member `key`, "-" when it is not there. A dot in the key goes one level down.
std::string cell(const boost::json::object& object, std::string_view key);

struct Column {
  std::string heading;
  std::string key;
};
// One row for each object of `rows`.
Table table_of(const boost::json::array& rows, const std::vector<Column>& columns);

// Any document: plain values as facts ("outbox.entries  0"), each list of objects as a table.
void print_document(std::ostream& out, const boost::json::value& document);

}  // namespace holdfast::cli
