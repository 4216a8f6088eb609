#pragma once

#include <boost/json/value.hpp>
#include <ostream>

// Orders and refunds as people read them.

namespace holdfast::cli {

void print_order(std::ostream& out, const boost::json::value& order);
void print_refund(std::ostream& out, const boost::json::value& refund);

// The member `status`, "" without one.
std::string status_of(const boost::json::value& document);

}  // namespace holdfast::cli
