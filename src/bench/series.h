#pragma once

#include "bench/failure.h"
#include "bench/results.h"
#include "bench/stage.h"

namespace holdfast::bench {

// Offers orders by a timetable, at parts and multiples of the rate that was completed under the top
// load. Fails when an order that was accepted is not completed.
Result<void> measure_overload(Stage& stage, Results& results);

// The top load on one SKU, and on many.
Result<void> measure_skus(Stage& stage, Results& results);

}  // namespace holdfast::bench
