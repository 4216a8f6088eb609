#pragma once

#include "bench/failure.h"
#include "bench/results.h"
#include "bench/stage.h"

namespace holdfast::bench {

// A held refund is woken by its order's completion; the delayed look is for wakes that were lost.
// With the usual 30 seconds one such look would be most of what is measured, with one second it
// shows as what it is: a second that an early refund may take.
inline constexpr const char* kRefundDelay = "HOLDFAST_REFUND_DELAY=1s";

// Refunds of orders that are not complete yet: such as wait for the order, then such as stop it.
// Counted when they have ended.
Result<void> early_refunds(Stage& stage, Results& results);

}  // namespace holdfast::bench
