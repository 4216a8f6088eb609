#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/order.h"
#include "domain/refund.h"
#include "domain/requests.h"

namespace holdfast {

/// How refunds are held.
struct RefundPolicy {
  Milliseconds delay{30'000};      ///< between two looks at a held refund
  Milliseconds max_wait{900'000};  ///< after which a held one needs more than waiting
};

/// In order of precedence: the first that holds is the answer.
enum class RefundRequestOutcome {
  unknown_order,
  conflict,  ///< the id belongs to another refund
  replayed,  ///< the same refund was asked for before
  order_cancelled,
  already_refunded,
  invalid,               ///< a line the order has not, see the field errors
  refund_exceeds_order,  ///< more than is left after refunds done and under way
  accepted,
};

struct RefundDecision {
  RefundRequestOutcome outcome = RefundRequestOutcome::accepted;
  std::optional<Refund> refund;    ///< to be written (`accepted`), or as it stands (`replayed`)
  std::vector<FieldError> errors;  ///< of `invalid`
};

/// Decides a request for a refund of `order`, which holds the refunds `others` already.
RefundDecision decide_refund_request(const Order& order, const std::vector<Refund>& others,
                                     const RefundId& id, const std::string& fingerprint,
                                     const RefundRequest& request, const RefundPolicy& policy,
                                     Instant now);

/// Decides a request for a refund that stands already: `replayed`, or `conflict` where it was asked
/// for with other content.
RefundDecision decide_refund_repeat(const Refund& standing, const std::string& fingerprint);

/// What a wake-up finds to be done with a refund.
enum class RefundCheckOutcome {
  nothing,  ///< it has ended
  hold,     ///< the order is not complete: look again at next_check_at
  preempt,  ///< the order is not complete and is not waited for: stop it
  reverse,  ///< the order is complete: give back now
  ended,    ///< the order was cancelled, which has given everything back
};

struct RefundCheck {
  RefundCheckOutcome outcome = RefundCheckOutcome::nothing;
  Refund refund;  ///< as it must be written
};

/// Looks at one refund of `order` again. Each look at a held one counts in `checks`.
RefundCheck decide_refund_check(const Order& order, const Refund& refund,
                                const RefundPolicy& policy, Instant now);

/// Units that a reversal gives back, per line and summed.
struct Reversal {
  Order order;    ///< with the refunded units, amounts, points and status
  Refund refund;  ///< `refunded`
  struct Returned {
    Sku sku;
    std::int64_t units = 0;
    bool restock = true;
  };
  std::vector<Returned> returned;
  std::int64_t points_delta = 0;  ///< zero or negative
};

/// Ends a refund in state `reversing` or `needs_attention` whose remote steps are reversed, by
/// carrying out the local ones. Precondition: the order
/// has the units (`decide_refund_request` saw to it), which is asserted: I5. `points_per`: of the
/// order's plan, 0 where it has no points step.
Reversal decide_reversal(const Order& order, const Refund& refund, std::int64_t points_per,
                         Instant now);

/// `floor(amount / per)`; `per` at least 1.
std::int64_t points_for(Money amount, std::int64_t per);

}  // namespace holdfast
