#include "sim/checkers/checkers.h"

namespace holdfast::sim::checkers {

Findings check_all(const Evidence& evidence) {
  Findings all;
  for (const auto check : {check_no_oversell, check_conservation, check_one_end, check_effects_once,
                           check_money, check_same_answer, check_refunds_end, check_nothing_left,
                           check_fails_closed, check_limits_and_points, check_events}) {
    for (auto& finding : check(evidence)) all.push_back(std::move(finding));
  }
  return all;
}

}  // namespace holdfast::sim::checkers
