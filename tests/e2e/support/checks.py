"""The rules that always hold, looked at from outside once nothing is in flight."""

from support.waiting import wait_until

FINAL = {"completed", "partially_refunded", "refunded", "cancelled"}
FINAL_REFUND = {"refunded", "void"}


def at_rest(holdfast, deadline_s=60):
    """Waits until nothing is in flight and all is balanced; the report."""
    def resting():
        answer = holdfast.api.get("/v1/reconciliation")
        if answer.status != 200:
            return None
        report = answer.json
        in_flight = report["in_flight"]
        moving = any(in_flight[name] for name in
                     ("outbox", "unsettled", "queued_messages", "unreleased_refunds",
                      "pending_changes"))
        seen["last"] = report
        return report if report["balanced"] and not moving else None

    seen = {}
    try:
        return wait_until(resting, deadline_s, "the books to be at rest and balanced", 0.1)
    except AssertionError as failure:
        raise AssertionError(f"{failure}; the last report: {seen.get('last')}") from None


def check_stock(holdfast, sku):
    """I1 and I2 of one SKU at rest, by its own numbers, its journal and its orders; the stock."""
    stock = holdfast.stock(sku)
    assert stock["available"] >= 0 and stock["reserved"] == 0, stock
    assert stock["on_hand"] == stock["loaded"] - stock["sold"] + stock["returned"], stock
    assert stock["on_hand"] == stock["available"], stock
    journal = holdfast.journal(sku)
    assert sum(entry["delta"] for entry in journal) == stock["available"], (stock, journal[:20])
    causes = [(entry["kind"], entry["cause_id"]) for entry in journal]
    assert len(set(causes)) == len(causes), "a cause stands twice in the journal"
    return stock


def check_sku(holdfast, sku):
    """The same, and that what stands sold is what the orders' lines say, refunds taken off."""
    # Also those whose request a crash left unanswered: the sweep carries them out a little later.
    wait_until(lambda: all(refund["status"] in FINAL_REFUND
                           for refund in holdfast.list_all("/v1/refunds", "refunds")),
               30, "every refund to end", 0.2)
    at_rest(holdfast)
    stock = check_stock(holdfast, sku)
    sold = refunded_units = 0
    refunds = {}
    for refund in holdfast.list_all("/v1/refunds", "refunds"):
        refunds.setdefault(refund["order_id"], []).append(refund)
    for order in holdfast.orders(f"?sku={sku}"):
        assert order["status"] in FINAL, order
        line = next(line for line in order["lines"] if line["sku"] == sku)
        if order["status"] == "cancelled":
            continue
        sold += line["quantity"]
        amount = given_back = 0
        for refund in refunds.get(order["order_id"], []):
            assert refund["status"] in FINAL_REFUND, refund
            if refund["status"] != "refunded":
                continue
            amount += refund["amount"]
            given_back += sum(part["quantity"] for part in refund["lines"]
                              if part["sku"] == sku and part["restock"])
        assert order["refunded_amount"] == amount <= order["amount"], order
        assert given_back <= line["quantity"], order
        refunded_units += given_back
    assert stock["loaded"] - stock["available"] == sold - refunded_units, (stock, sold)
    return stock
