#pragma once

#include <string>
#include <vector>

#include "domain/order.h"
#include "domain/requests.h"

namespace holdfast {

/// What all new orders of a plan have alike, worked out once.
struct PlannedOrder {
  PlanName plan;
  std::string plan_version;
  std::vector<Step> steps;  ///< each after those it comes after; `updated_at` is unset
};

PlannedOrder planned_order(const Plan& plan);

/// As `make_order` with the plan itself.
Order make_order(const OrderRequest& request, const PlannedOrder& planned, NewOrder identity);

}  // namespace holdfast
