#pragma once

#include <optional>
#include <string_view>
#include <vector>

// Faults of our own that the simulator must find (docs/simulation.md). A build without
// HOLDFAST_DEFECTS has none of them: the condition is the constant false.

namespace holdfast::defects {

// clang-format off
#define HF_ALL_DEFECTS(X)                                                                       \
  X(ack_before_commit) X(delete_outbox_before_confirm) X(acknowledge_unpublished)               \
  X(forget_settle_marks) X(forget_second_reservation) X(settle_stale_without_reserving)         \
  X(forget_outbox) X(forget_unsettled) X(forget_holds) X(forget_releases) X(forget_due_orders)  \
  X(forget_pending_changes) X(mark_before_release) X(new_change_id_each_time)                   \
  X(trust_any_ledger) X(trust_restarted_ledger) X(forget_counted_changes)                       \
  X(rebuild_from_loaded) X(preempt_unchecked) X(hold_for_lost_orders) X(refund_sums_unchecked)  \
  X(ignore_refund_content) X(ignore_order_content) X(skip_repeat_check)                         \
  X(stock_before_repeat) X(ignore_generation) X(give_back_twice) X(adjust_twice)                \
  X(ignore_limits) X(keep_reserved) X(ignore_stale_generation) X(refunds_not_locked)            \
  X(unknown_is_failed) X(unknown_is_done) X(new_key_each_attempt) X(finish_before_adjusting)
// clang-format on

enum class Defect {
  none,
#define HF_NAME(name) name,
  HF_ALL_DEFECTS(HF_NAME)
#undef HF_NAME
};

/// The one that is on in this process; set it before any thread begins.
void turn_on(Defect defect);
bool is_on(Defect defect);
std::optional<Defect> parse(std::string_view name);
std::vector<std::string_view> names();

}  // namespace holdfast::defects

#if defined(HOLDFAST_DEFECTS)
#define HF_DEFECT(name) (::holdfast::defects::is_on(::holdfast::defects::Defect::name))
#else
#define HF_DEFECT(name) false
#endif
