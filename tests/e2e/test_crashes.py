"""kill -9 at the points where a crash hurts most: nothing is lost, nothing is doubled (I3, I7, I8).

The client notes what it was told. A request without an answer is unknown: it is sent again with the
same id, as a client should, and must then make one order, or one refund.
"""

import os
import uuid

import pytest

from support.api import Lost
from support.checks import FINAL, FINAL_REFUND, at_rest, check_sku
from support.program import order_body
from support.traffic import Background, burst
from support.waiting import wait_until

STOCK = 5000
# name:n is the n-th time that the point is passed.
POINTS = ["reserved_before_publish:7", "published_before_outbox_delete:3",
          "book_committed_before_ack", "refund_inserted_before_publish:5",
          "reversal_committed_before_release"]
if os.environ.get("HOLDFAST_TEST_LONG") == "1":
    POINTS += ["reserved_before_publish", "published_before_outbox_delete",
               "book_committed_before_ack:3", "refund_inserted_before_publish",
               "reversal_committed_before_release:2"]


class Shop:
    """Buyers who order one to three units; every second asks for a refund at once."""

    def __init__(self, holdfast, sku):
        self.holdfast = holdfast
        self.sku = sku
        self.orders = {}
        self.refunds = {}  # order_id -> body

    def buy(self, number):
        body = order_body(f"u-{number}", (self.sku, 1 + number % 3, 250))
        self.orders[body["order_id"]] = body
        if not self._send_order(body):
            return
        if number % 2:
            refund = {"refund_id": str(uuid.uuid4())}
            self.refunds[body["order_id"]] = refund
            self._send_refund(body["order_id"], refund)

    def _send_order(self, body):
        answer = self.holdfast.place(body)
        assert answer.status in (202, 503), answer
        return answer.status == 202

    def _send_refund(self, order_id, refund):
        answer = self.holdfast.refund(order_id, refund)
        assert answer.status in (202, 503), answer

    def send_all_again(self):
        """The client's repeats after the restart: acknowledged or unknown, all must be taken."""
        bodies = list(self.orders.values())
        for answer in burst(lambda i: self.holdfast.place(bodies[i]), len(bodies), 8):
            assert answer.status == 202, answer
        refunds = list(self.refunds.items())
        if not refunds:
            return
        for answer in burst(lambda i: self.holdfast.refund(*refunds[i]), len(refunds), 8):
            assert answer.status == 202, answer

    def check(self):
        """Every order once and at its end, every refund at its end, the books balanced."""
        wait_until(lambda: all(order["status"] in FINAL for order in self.holdfast.orders()) and
                   all(refund["status"] in FINAL_REFUND
                       for refund in self.holdfast.list_all("/v1/refunds", "refunds")) and
                   len(self.holdfast.orders()) >= len(self.orders), 60,
                   "all orders and refunds to end", 0.2)
        at_rest(self.holdfast)
        shown = self.holdfast.orders()
        assert len(shown) == len({order["order_id"] for order in shown})
        assert {order["order_id"] for order in shown} == set(self.orders)
        refunds = self.holdfast.list_all("/v1/refunds", "refunds")
        assert sorted(refund["refund_id"] for refund in refunds) == sorted(
            refund["refund_id"] for refund in self.refunds.values())
        for order in shown:
            body = self.orders[order["order_id"]]
            assert order["lines"] == body["lines"] and order["user_id"] == body["user_id"]
            refunded = order["order_id"] in self.refunds
            assert order["status"] == ("refunded" if refunded else "completed"), order
            points = 0 if refunded else order["amount"] // 100
            assert self.holdfast.points(order["user_id"]) == points, order
        check_sku(self.holdfast, self.sku)
        assert self.holdfast.list_all("/v1/parked", "parked") == []


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_loses_nothing_and_doubles_nothing(install, sku, point):
    holdfast = install({"refund.delay": "2s", "outbox.sweep_after": "1s"}, fault=True).start()
    sku = sku.replace(":", "-")
    holdfast.set_stock(sku, STOCK)
    holdfast.stop()
    holdfast.start({"HOLDFAST_CRASH_AT": point})
    shop = Shop(holdfast, sku)
    with Background(shop.buy, 8) as traffic:
        holdfast.wait_killed()
        traffic.stop()
    assert any(isinstance(result, Lost) for result in traffic.results.values())
    holdfast.start()
    shop.send_all_again()
    shop.check()


def test_without_repeats_what_was_acknowledged_still_gets_done(install, sku):
    """Nobody sends anything again: the outbox, the queue and the sweep do it alone."""
    holdfast = install({"refund.delay": "2s", "outbox.sweep_after": "1s"}).start()
    holdfast.set_stock(sku, STOCK)
    promised = {}

    def buy(number):
        body = order_body(f"u-{number}", (sku, 1, 250))
        if holdfast.place(body).status != 202:
            return
        promised[body["order_id"]] = None
        if number % 2:
            answer = holdfast.refund(body["order_id"])
            if answer.status == 202:
                promised[body["order_id"]] = answer.json["refund_id"]

    with Background(buy, 8) as traffic:
        wait_until(lambda: len(promised) > 100, 30, "100 orders")
        holdfast.kill()
        traffic.stop()
    holdfast.start()
    for order_id, refund_id in promised.items():
        order = holdfast.order(order_id, wait_s=40)
        if refund_id is None:
            assert order["status"] in FINAL, order
        else:
            assert holdfast.refunded(refund_id)["status"] == "refunded"
    at_rest(holdfast)
    check_sku(holdfast, sku)


def test_kill_nine_in_the_middle_of_a_burst_three_times_in_a_row(install, sku):
    holdfast = install({"refund.delay": "2s", "outbox.sweep_after": "1s"}).start()
    holdfast.set_stock(sku, STOCK)
    shop = Shop(holdfast, sku)
    for turn in range(3):
        before = len(shop.orders)
        with Background(lambda i, turn=turn: shop.buy(turn * 100_000 + i), 8) as traffic:
            wait_until(lambda: len(shop.orders) > before + 80, 30, "orders to be under way")
            holdfast.kill()
            traffic.stop()
        holdfast.start()
    shop.send_all_again()
    shop.check()
