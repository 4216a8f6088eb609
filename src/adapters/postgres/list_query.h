#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/postgres/encoding.h"
#include "adapters/postgres/pipeline.h"

namespace holdfast::postgres {

/// A list's SQL put together for one combination of filters, so that each is planned for what it
/// asks and no filter is paid for that is not used. See queries/list_orders.sql for the notation.
class ListQuery {
 public:
  explicit ListQuery(std::string_view sql) : template_(sql) {}

  /// Keeps the lines that begin with /*if `name`*/.
  ListQuery& keep(std::string_view name);
  /// Puts `text` in for {name}. Only for words and numbers of our own.
  ListQuery& put(std::string_view name, std::string text);
  /// The value of :name.
  template <class T>
  ListQuery& bind(std::string_view name, const T& value) {
    bound_.push_back(std::string(name));
    parameters_.add(value);
    return *this;
  }
  /// `keep` and `bind` of one name, if there is a value.
  template <class T>
  ListQuery& filter(std::string_view name, const std::optional<T>& value) {
    return value ? keep(name).bind(name, *value) : *this;
  }

  /// The finished statement; every :name it uses has been bound.
  [[nodiscard]] Statement statement() const;
  [[nodiscard]] const Parameters& parameters() const { return parameters_; }

 private:
  [[nodiscard]] std::string kept_lines() const;

  std::string_view template_;
  std::set<std::string, std::less<>> kept_;
  std::vector<std::pair<std::string, std::string>> put_;
  std::vector<std::string> bound_;  ///< the i-th is $i+1
  Parameters parameters_;
};

}  // namespace holdfast::postgres
