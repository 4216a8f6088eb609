"""Buyers of a shop whose payments fail in every way, and who want their money back in every way."""

import threading
import time
import uuid

from support.api import Lost
from support.checks import FINAL
from support.program import order_body
from support.waiting import wait_until

# What a refund may be told when another one was there first, or the payment was declined.
OVERTAKEN = {"order_cancelled", "already_refunded", "refund_exceeds_order"}


class Buyers:
    """`visit(n)` places the n-th order and asks for its early refunds, `come_back(n)` for its late
    ones. Of 20 orders 6 are refunded, by 8 refunds: whole, of parts, early, pre-empting, mixed.

    A request without an answer, or with 503, is sent again under the same id.
    """

    def __init__(self, holdfast, skus, plans):
        self.holdfast = holdfast
        self.skus = skus
        self.plans = plans
        self.orders = {}
        self.refunds = {}  # refund_id -> (order_id, the answer)
        self._lock = threading.Lock()

    def visit(self, number):
        body = self.body(number)
        self.orders[number] = body
        placed = self.certain(lambda: self.holdfast.place(body))
        assert placed.status == 202, placed
        kind = number % 20
        if kind == 2:
            self.refund(number)
        elif kind == 3:
            self.refund(number, when_incomplete="preempt")
        elif kind == 4:
            self.refund(number, lines=[self.part(0)])
            self.refund(number, when_incomplete="preempt")
        elif kind == 5:
            # At a moment of its own: the payment may be anywhere.
            until = time.monotonic() + (number * 37 % 300) / 1000
            wait_until(lambda: time.monotonic() >= until, 10, "the buyer's second thoughts")
            self.refund(number, when_incomplete="preempt")

    def come_back(self, number):
        kind = number % 20
        if kind > 1:
            return
        order_id = self.orders[number]["order_id"]
        wait_until(lambda: self.certain(lambda: self.holdfast.api.get(
            f"/v1/orders/{order_id}", headers={"Prefer": "wait=5"})).json["status"] in FINAL,
                   120, f"order {order_id} to end")
        if kind == 0:
            self.refund(number)
        else:
            self.refund(number, lines=[self.part(0, restock=False)])
            self.refund(number, lines=[self.part(1)], when_incomplete="wait")

    def body(self, number):
        return order_body(f"buyer-{number}", (self.skus[0], 1 + number % 3, 1999),
                          (self.skus[1], 2, 333), plan=self.plans[number % len(self.plans)])

    def part(self, line, restock=True):
        return {"sku": self.skus[line], "quantity": 1, "restock": restock}

    def refund(self, number, **members):
        refund_id = str(uuid.uuid4())
        order_id = self.orders[number]["order_id"]
        body = {"refund_id": refund_id, **members}
        answer = self.certain(lambda: self.holdfast.refund(order_id, body))
        assert answer.status == 202 or (answer.status == 409 and answer.code in OVERTAKEN), answer
        with self._lock:
            self.refunds[refund_id] = (order_id, answer)

    @staticmethod
    def certain(send):
        """As a client should: the same again until there is an answer."""
        def answered():
            try:
                answer = send()
            except Lost:
                return None
            return None if answer.status == 503 else answer

        return wait_until(answered, 60, "an answer", 0.1)

    def check_all_known(self, orders, refunds):
        """What was promised is there, and nothing else."""
        assert sorted(order["order_id"] for order in orders) == sorted(
            body["order_id"] for body in self.orders.values())
        assert {refund["refund_id"] for refund in refunds} == {
            refund_id for refund_id, (_, answer) in self.refunds.items() if answer.status == 202}
