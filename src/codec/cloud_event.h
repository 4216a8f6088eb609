#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "domain/ids.h"
#include "domain/money.h"

namespace holdfast::codec {

/// The context attributes of an event (CloudEvents 1.0).
struct CloudEvent {
  Uuid id;
  std::string source;
  std::string type;
  std::string subject;
  Instant at;
};

/// In JSON format, `data` as JSON.
std::string to_json(const CloudEvent& event, boost::json::object data);

}  // namespace holdfast::codec
