#pragma once

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "codec/order_json.h"
#include "codec/plan_json.h"

namespace holdfast::codec {

/// Parts of orders, refunds and plans as the text that the book's rows hold. What others said of a
/// step is made storable on the way.
std::string stored_json(const std::vector<OrderLine>& lines);
std::string stored_json(const std::vector<Step>& steps);
std::string stored_json(const std::vector<RefundLine>& lines);
std::string stored_json(const std::vector<RefundStep>& steps);
std::string stored_json(const std::map<std::string, std::string>& attributes);
std::string stored_json(const std::vector<PlanStep>& steps);

/// Reads such a text with the reader of what it holds, as `lines_from_json`.
template <class T>
Decoded<T> from_stored_json(std::string_view text, Decoded<T> (*read)(const boost::json::value&)) {
  std::array<unsigned char, 4096> room;  // most fit
  boost::json::monotonic_resource memory(room.data(), room.size());
  boost::system::error_code error;
  const auto value = boost::json::parse({text.data(), text.size()}, error, &memory);
  if (error) return tl::unexpected<DecodeError>(DecodeError{error.message()});
  return read(value);
}

}  // namespace holdfast::codec
