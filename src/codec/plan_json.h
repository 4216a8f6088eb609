#pragma once

#include <boost/json/array.hpp>

#include "codec/order_json.h"
#include "domain/plan.h"

namespace holdfast::codec {

/// The steps of a plan as the book keeps them, secrets included.
boost::json::array plan_steps_to_json(const std::vector<PlanStep>& steps);
Decoded<std::vector<PlanStep>> plan_steps_from_json(const boost::json::value& json);

}  // namespace holdfast::codec
