#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "domain/order.h"
#include "domain/refund.h"

namespace holdfast::codec {

/// Why stored or received JSON could not be read as what it should be.
struct DecodeError {
  std::string detail;
};

template <class T>
using Decoded = tl::expected<T, DecodeError>;

/// RFC 3339 in UTC with milliseconds, `2026-01-31T08:15:30.123Z`.
std::string to_rfc3339(Instant at);
std::optional<Instant> parse_rfc3339(std::string_view text);

std::string lines_to_text(const std::vector<OrderLine>& lines);
Decoded<std::vector<OrderLine>> lines_from_json(const boost::json::value& json);
std::string steps_to_text(const std::vector<Step>& steps);
Decoded<std::vector<Step>> steps_from_json(const boost::json::value& json);
/// Steps as they were when the order was placed: what the plan says of them, nothing done.
Decoded<std::vector<Step>> planned_steps_from_json(const boost::json::value& json);
boost::json::object attributes_to_json(const std::map<std::string, std::string>& attributes);
Decoded<std::map<std::string, std::string>> attributes_from_json(const boost::json::value& json);
boost::json::array refund_lines_to_json(const std::vector<RefundLine>& lines);
Decoded<std::vector<RefundLine>> refund_lines_from_json(const boost::json::value& json);
std::string refund_steps_to_text(const std::vector<RefundStep>& steps);
Decoded<std::vector<RefundStep>> refund_steps_from_json(const boost::json::value& json);

/// An order on its way through journal, outbox and queue, and the ledger's generation that its
/// reservation was made under.
struct PlacedOrder {
  Order order;
  std::string generation;
};

std::string to_payload(const Order& order, std::string_view generation);
Decoded<PlacedOrder> placed_order_from_payload(std::string_view payload);
Decoded<PlacedOrder> placed_order_from_json(const boost::json::value& json);

}  // namespace holdfast::codec
