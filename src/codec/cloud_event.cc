#include "codec/cloud_event.h"

#include <boost/json/serialize.hpp>
#include <utility>

#include "codec/order_json.h"

namespace holdfast::codec {

std::string to_json(const CloudEvent& event, boost::json::object data) {
  return boost::json::serialize(boost::json::object{{"specversion", "1.0"},
                                                    {"id", event.id.to_string()},
                                                    {"source", event.source},
                                                    {"type", event.type},
                                                    {"subject", event.subject},
                                                    {"time", to_rfc3339(event.at)},
                                                    {"datacontenttype", "application/json"},
                                                    {"data", std::move(data)}});
}

}  // namespace holdfast::codec
