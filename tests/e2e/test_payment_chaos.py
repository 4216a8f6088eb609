"""A payment provider that loses answers, refuses and hangs: every cent is where it belongs.

The provider keeps records of its own, and those are what Holdfast is held against.
"""

import time

import pytest

from support import plans
from support.checks import at_rest, check_sku
from support.money import check_money, wait_all_final
from support.program import Holdfast
from support.psp import Psp
from support.shopping import Buyers
from support.traffic import burst
from support.waiting import wait_until

CONNECTIONS = 16
SEED = 20261126


@pytest.fixture
def shop(stack):
    """Holdfast, and a provider that fails a third of its calls and reports some payments later."""
    holdfast = Holdfast(stack, {"refund.delay": "1s", "outbox.sweep_after": "1s",
                                "steps.breaker_pause": "100ms"})
    psp = Psp(seed=SEED, lose_answer=0.2, unavailable=0.1, hang=0.05, jitter="40ms", decline=0.03,
              defer=0.03, report_delay="300ms",
              report_url=f"http://127.0.0.1:{holdfast.port}")
    # A third of the calls fails: 24 attempts in a row fail once in 10^11 times.
    payment = {"attempts": 24, "timeout": "400ms", "report_timeout": "1500ms", "concurrency": 24,
               "retry": plans.retry(24, first="100ms", longest="1s")}
    holdfast.tables = plans.tables(
        paid=[plans.stock(), plans.http("payment", psp.url, **payment),
              plans.points(after=["payment"])],
        prepaid=[plans.http("payment", psp.url, after=(), **payment),
                 plans.stock(after=["payment"]), plans.points()])
    holdfast.write_config()
    try:
        yield holdfast.start(), psp
        holdfast.stop()
        psp.stop()
    finally:
        holdfast.remove()
        psp.stop()


def open_shop(holdfast, sku, count):
    skus = [f"{sku}-a", f"{sku}-b"]
    for one in skus:
        holdfast.set_stock(one, 4 * count)
    return Buyers(holdfast, skus, ["paid", "prepaid"])


def check_all(holdfast, psp, buyers, deadline_s):
    orders, refunds = wait_all_final(holdfast, deadline_s)
    buyers.check_all_known(orders, refunds)
    report = at_rest(holdfast)
    assert report["balanced"], report
    assert holdfast.list_all("/v1/parked", "parked") == []
    check_money(orders, refunds, psp.records())
    for order in orders:
        if order["status"] != "cancelled":
            assert {step["status"] for step in order["steps"]} == {"done"}, order
        else:
            assert order["reason"] in ("payment_declined", "preempted"), order
    assert {order["status"] for order in orders} == {
        "completed", "partially_refunded", "refunded", "cancelled"}
    for sku in buyers.skus:
        check_sku(holdfast, sku)
    for order in orders[::7]:
        stands = 0 if order["status"] == "cancelled" else order["amount"] - order["refunded_amount"]
        assert holdfast.points(order["user_id"]) == stands // 100, order
    totals = psp.records()["totals"]
    assert totals["calls"] > totals["charges"] + totals["refunds"], "the provider never failed"


def test_every_order_is_charged_once_or_not_at_all_and_every_refund_given_back_once(
        shop, sku, is_long):
    holdfast, psp = shop
    count = 5000 if is_long else 300
    buyers = open_shop(holdfast, sku, count)
    burst(buyers.visit, count, CONNECTIONS)
    burst(buyers.come_back, count, CONNECTIONS)
    assert len(buyers.refunds) == count * 8 // 20
    check_all(holdfast, psp, buyers, 600 if is_long else 60)


def test_the_same_while_holdfast_is_killed_again_and_again(shop, sku, is_long):
    """kill -9 every 3 s; the buyers come all along."""
    holdfast, psp = shop
    count, kills = (5000, 20) if is_long else (160, 4)
    buyers = open_shop(holdfast, sku, count)
    begun = time.monotonic()
    span_s = 3 * kills

    def visit(number):
        at = begun + span_s * number / count
        wait_until(lambda: time.monotonic() >= at, 2 * span_s, "the buyer's turn")
        buyers.visit(number)

    def kill_again_and_again():
        for turn in range(1, kills + 1):
            wait_until(lambda turn=turn: time.monotonic() >= begun + 3 * turn, 60, "the next kill")
            holdfast.kill()
            holdfast.start()

    work = [lambda: burst(visit, count, CONNECTIONS), kill_again_and_again]
    burst(lambda number: work[number](), len(work), len(work))
    burst(buyers.come_back, count, CONNECTIONS)
    check_all(holdfast, psp, buyers, 600 if is_long else 60)
