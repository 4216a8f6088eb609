"""What Holdfast says of orders and refunds, held against the payment provider's own records."""

from support.checks import FINAL, FINAL_REFUND
from support.waiting import wait_until

PAYMENT = "payment"


def wait_all_final(holdfast, deadline_s):
    """Waits until every order and refund has ended; (orders, refunds)."""
    def ended():
        # In this order: a refund that ends in between would be one that its order shows not yet.
        refunds = holdfast.list_all("/v1/refunds", "refunds")
        orders = holdfast.orders()
        open_ones = ([(order["order_id"], order["status"]) for order in orders
                      if order["status"] not in FINAL] +
                     [(refund["refund_id"], refund["status"]) for refund in refunds
                      if refund["status"] not in FINAL_REFUND])
        seen["open"] = open_ones
        return (orders, refunds) if not open_ones else None

    seen = {}
    try:
        return wait_until(ended, deadline_s, "all orders and refunds to end", 0.3)
    except AssertionError as failure:
        parked = holdfast.list_all("/v1/parked", "parked")
        raise AssertionError(f"{failure}; {len(seen['open'])} open: {seen['open'][:10]}; "
                             f"parked: {parked[:3]}") from None


def check_money(orders, refunds, records):
    """Charged once or not at all, each refund given back once, and the same sums on both sides."""
    assert records["anomalies"] == [], records["anomalies"][:5]
    charges = _by_order(records["charges"])
    given = _by_order(records["refunds"])
    wanted = _by_order(refunds)
    known = {order["order_id"] for order in orders}
    assert set(charges) <= known and set(given) <= known
    for order in orders:
        order_id = order["order_id"]
        _check_order(order, wanted.get(order_id, []), charges.get(order_id, []),
                     given.get(order_id, []))
    totals = records["totals"]
    assert totals["charged"] - totals["refunded"] == sum(
        order["amount"] - order["refunded_amount"] for order in orders
        if order["status"] != "cancelled")


def _by_order(items):
    found = {}
    for item in items:
        found.setdefault(item["order_id"], []).append(item)
    return found


def _check_order(order, refunds, charges, given):
    order_id = order["order_id"]
    told = (order, refunds, charges, given)
    assert len(charges) <= 1, told
    for charge in charges:
        assert charge["key"] == f"{order_id}/{PAYMENT}/forward", told
        assert (charge["amount"], charge["currency"]) == (order["amount"], order["currency"]), told
    assert len({one["key"] for one in given}) == len(given), told
    for one in given:
        assert one["key"] == f"{order_id}/{PAYMENT}/reverse/{one['cause']}", told
    charged = sum(charge["amount"] for charge in charges)
    back = sum(one["amount"] for one in given)
    by_cause = {one["cause"]: one["amount"] for one in given}
    refunded = {refund["refund_id"]: refund["amount"] for refund in refunds
                if refund["status"] == "refunded"}
    if order["status"] != "cancelled":
        assert len(charges) == 1 and by_cause == refunded, told
        assert back == order["refunded_amount"] == sum(refunded.values()), told
        return
    assert charged == back, told
    if order["reason"] == "preempted":
        assert len(refunded) == 1 and sum(refunded.values()) == back, told
        assert set(by_cause) <= set(refunded), told
    else:
        assert not refunded and set(by_cause) <= {"cancel", "late"}, told
