"""Plans that change while orders are under way, orders that never end, and kill -9 in between."""

import threading
import uuid

import pytest

from support import plans
from support.api import Lost
from support.checks import FINAL, at_rest, check_sku
from support.money import check_money, wait_all_final
from support.program import Holdfast, order_body
from support.psp import Psp
from support.traffic import burst
from support.waiting import wait_until


def waits_for_buyer(then):
    """A plan whose orders stand still until the buyer pays."""
    return [plans.stock(), plans.awaited("buyer_pays", "1h"), *then]


def under_way(holdfast, sku, plan):
    body = order_body("u-1", (sku, 1, 250), plan=plan)
    assert holdfast.place(body).status == 202
    return wait_until(
        lambda: (lambda order: order if step_of(order, "buyer_pays")["status"] == "awaiting"
                 else None)(holdfast.order(body["order_id"])), 20, "the order to wait")


def step_of(order, name):
    return next(step for step in order["steps"] if step["name"] == name)


def buyer_pays(holdfast, order_id):
    answer = holdfast.api.post(f"/v1/orders/{order_id}/steps/buyer_pays",
                               {"outcome": "succeeded", "reference": "p-1"})
    assert answer.status == 200, answer


def test_an_order_finishes_on_the_plan_it_began_with(install, party, sku):
    def first_plans(url):
        return plans.tables(
            changing=waits_for_buyer([
                plans.http("pay", url, after=["buyer_pays"]), plans.points(after=["pay"], per=50)]),
            leaving=waits_for_buyer([plans.http("pay", url, after=["buyer_pays"])]))

    old, new = f"{party.url}/old", f"{party.url}/new"
    holdfast = install(tables=first_plans(old)).start()
    holdfast.set_stock(sku, 10)
    changing, leaving = (under_way(holdfast, sku, plan) for plan in ("changing", "leaving"))
    done_before = under_way(holdfast, sku, "leaving")
    buyer_pays(holdfast, done_before["order_id"])
    assert holdfast.order(done_before["order_id"], wait_s=15)["status"] == "completed"

    holdfast.stop()
    holdfast.tables = plans.tables(
        changing=[plans.stock(), plans.http("invoice", new),
                  plans.http("pay", new, after=["invoice"]), plans.points(per=10)])
    holdfast.write_config()
    holdfast.start()
    fresh = holdfast.completed(order_body("u-2", (sku, 1, 250), plan="changing"))
    assert fresh["plan_version"] != changing["plan_version"]
    assert [call.path for call in party.calls(fresh["order_id"])] == ["/new/charges"] * 2
    assert [call.step for call in party.calls(fresh["order_id"])] == ["invoice", "pay"]
    assert holdfast.points("u-2") == 25
    gone = holdfast.place(order_body("u-3", (sku, 1, 250), plan="leaving"))
    assert (gone.status, gone.code) == (422, "unknown_plan"), gone

    for order in (changing, leaving):
        order_id = order["order_id"]
        buyer_pays(holdfast, order_id)
        done = holdfast.order(order_id, wait_s=15)
        assert done["status"] == "completed", done
        assert (done["plan"], done["plan_version"]) == (order["plan"], order["plan_version"])
        assert [step["name"] for step in done["steps"]] == [
            step["name"] for step in order["steps"]]
        assert [call.path for call in party.calls(order_id)] == ["/old/charges"]
    assert holdfast.points("u-1") == 5
    # Refunds go where the money went, of orders that were complete before, too.
    for order_id, path in ((changing["order_id"], "/old/refunds"),
                           (leaving["order_id"], "/old/refunds"),
                           (done_before["order_id"], "/old/refunds"),
                           (fresh["order_id"], "/new/refunds")):
        done = holdfast.refund(order_id, headers={"Prefer": "wait=20"})
        assert done.json["status"] == "refunded", done
        assert {call.path for call in party.calls(order_id, direction="reverse")} == {path}
    assert holdfast.points("u-1") == holdfast.points("u-2") == 0
    # The first plan again is the first version again.
    holdfast.stop()
    holdfast.tables = first_plans(old)
    holdfast.write_config()
    holdfast.start()
    assert under_way(holdfast, sku, "changing")["plan_version"] == changing["plan_version"]
    at_rest(holdfast)


def test_an_order_in_the_queue_keeps_the_plan_it_was_placed_with(install, party, sku):
    holdfast = install(tables=plans.tables(
        changing=[plans.stock(), plans.http("pay", f"{party.url}/old")])).start()
    holdfast.set_stock(sku, 3)
    holdfast.pause()
    body = order_body("u-1", (sku, 1, 250), plan="changing")
    placed = holdfast.place(body)
    assert placed.status == 202, placed
    holdfast.stop()
    holdfast.tables = plans.tables(
        changing=[plans.stock(), plans.http("pay", f"{party.url}/new"), plans.points()])
    holdfast.write_config()
    holdfast.start()
    order = holdfast.order(body["order_id"], wait_s=20)
    assert order["status"] == "completed", order
    assert order["plan_version"] == placed.json["plan_version"]
    assert [step["name"] for step in order["steps"]] == ["stock", "pay"]
    assert [call.path for call in party.calls(body["order_id"])] == ["/old/charges"]
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 2


def test_an_order_past_its_deadline_is_timed_out(install, party, sku):
    """Whatever holds it up: a buyer, a step that was parked, a report that never comes."""
    holdfast = install({"order.deadline": "3s"}, tables=plans.tables(
        waiting=waits_for_buyer([plans.http("pay", party.url, after=["buyer_pays"])]),
        parking=[plans.stock(), plans.http("a", party.url),
                 plans.http("b", party.url, after=["a"], attempts=2)])).start()
    holdfast.set_stock(sku, 5)
    waiting = under_way(holdfast, sku, "waiting")["order_id"]
    body = order_body("u-2", (sku, 1, 250), plan="parking")
    party.tell(body["order_id"], 503, step="b")
    assert holdfast.place(body).status == 202
    wait_until(lambda: holdfast.list_all("/v1/parked", "parked"), 10, "the step to be parked", 0.1)
    assert {holdfast.order(one)["status"] for one in (waiting, body["order_id"])} == {"processing"}
    for order_id in (waiting, body["order_id"]):
        order = holdfast.order(order_id, wait_s=15)
        assert (order["status"], order["reason"]) == ("cancelled", "timed_out"), order
        assert holdfast.refund(order_id).code == "order_cancelled"
    assert party.calls(waiting) == []
    reverses = party.calls(body["order_id"], direction="reverse")
    assert [(call.step, call.body.get("forward_unknown")) for call in reverses] == [
        ("b", True), ("a", None)]
    assert holdfast.list_all("/v1/parked", "parked") == []
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 5


def test_an_unknown_plan_is_refused(holdfast, sku):
    holdfast.set_stock(sku, 1)
    for plan in ("nowhere", "Default", "default2"):
        refused = holdfast.place(order_body("u-1", (sku, 1, 1), plan=plan))
        assert (refused.status, refused.code) == (422, "unknown_plan"), refused
    assert holdfast.stock(sku)["available"] == 1


# kill -9 where it hurts most. The installations are killed, and recover, side by side: they mostly
# wait for leases to end.

POINTS = ["step_begun_before_call:3", "step_called_before_record:2", "step_recorded_before_publish",
          "step_recorded_before_publish:6", "report_recorded_before_publish",
          "cancellation_committed_before_release", "order_refused_before_refund_ends",
          "reversal_committed_before_release", "refund_inserted_before_publish:2"]


class Day:
    """All that happens in a shop, some of it twice, while its Holdfast dies once and comes back."""

    SKU = "s"

    def __init__(self, stack, point):
        self.point = point
        self.psp = Psp(lose_answer=0.2)
        self.holdfast = Holdfast(
            stack, {"refund.delay": "1s", "outbox.sweep_after": "1s"}, plans.tables(
                paid=[plans.stock(), plans.http("payment", self.psp.url, attempts=20),
                      plans.points(after=["payment"])],
                awaited=[plans.stock(), plans.awaited("buyer_pays", "1h"),
                         plans.http("payment", self.psp.url, after=["buyer_pays"], attempts=20)]),
            fault=True)
        self.orders = {}
        self.refunds = {}  # order_id -> refund_id
        self._died = threading.Event()

    def remove(self):
        self.holdfast.remove()
        self.psp.stop()

    def run(self):
        holdfast = self.holdfast
        holdfast.start()
        holdfast.set_stock(self.SKU, 1000)
        holdfast.stop()
        holdfast.start({"HOLDFAST_CRASH_AT": self.point})
        work = [self._buy_all, self._start_again]
        burst(lambda number: work[number](), 2, 2)

    def _start_again(self):
        self.holdfast.wait_killed(60)
        self._died.set()
        self.holdfast.start()

    def _buy_all(self):
        self._in_the_queue()
        burst(self._buy, 12, 6)
        assert self._died.wait(60), f"{self.point} was never passed"

    def _in_the_queue(self):
        """Two orders, one of them stopped, before their settlement begins."""
        self._send(lambda: self.holdfast.api.post("/v1/worker/pause"), 200)
        self._place("paid")
        self._refund(self._place("paid"), when_incomplete="preempt")
        refund_id = list(self.refunds.values())[-1]
        self._wait_refund(refund_id)
        self._send(lambda: self.holdfast.api.post("/v1/worker/resume"), 200)

    def _buy(self, number):
        kind = number % 6
        if kind == 0:
            self._place("paid")
        elif kind == 1:
            self._place("paid", psp="decline")
        elif kind == 2:
            order_id = self._place("awaited")
            self._report(order_id)
        elif kind == 3:
            self._refund(self._place("paid"), when_incomplete="preempt")
        elif kind == 4:
            self._refund(self._place("paid"))
        else:
            order_id = self._place("paid")
            self._wait_order(order_id)
            self._refund(order_id, lines=[{"sku": self.SKU, "quantity": 1}])

    def _place(self, plan, **attributes):
        body = order_body(f"u-{uuid.uuid4()}", (self.SKU, 2, 450), plan=plan,
                          attributes=attributes or None)
        self.orders[body["order_id"]] = body
        self._send(lambda: self.holdfast.place(body), 202)
        return body["order_id"]

    def _refund(self, order_id, **members):
        body = {"refund_id": str(uuid.uuid4()), **members}
        self.refunds[order_id] = body["refund_id"]
        self._send(lambda: self.holdfast.refund(order_id, body), 202)

    def _report(self, order_id):
        self._wait(f"/v1/orders/{order_id}", lambda order: step_of(order, "buyer_pays")["status"]
                   in ("awaiting", "done"))
        self._send(lambda: self.holdfast.api.post(
            f"/v1/orders/{order_id}/steps/buyer_pays", {"outcome": "succeeded"}), 200)

    def _wait_order(self, order_id):
        self._wait(f"/v1/orders/{order_id}", lambda order: order["status"] in FINAL)

    def _wait_refund(self, refund_id):
        self._wait(f"/v1/refunds/{refund_id}", lambda refund: refund["status"] == "refunded")

    def _wait(self, target, is_so):
        wait_until(lambda: is_so(self._send(lambda: self.holdfast.api.get(target), 200).json), 60,
                   f"{target} after {self.point}", 0.1)

    def _send(self, send, status):
        """Again and again until there is an answer, as a client should."""
        def answered():
            try:
                answer = send()
            except Lost:
                return None
            return None if answer.status == 503 else answer

        answer = wait_until(answered, 60, f"an answer after {self.point}", 0.05)
        assert answer.status == status, answer
        return answer

    def check(self):
        holdfast = self.holdfast
        orders, refunds = wait_all_final(holdfast, 60)
        assert sorted(order["order_id"] for order in orders) == sorted(self.orders)
        assert {refund["order_id"]: refund["refund_id"] for refund in refunds} == self.refunds
        check_money(orders, refunds, self.psp.records())
        at_rest(holdfast)
        assert holdfast.list_all("/v1/parked", "parked") == []
        check_sku(holdfast, self.SKU)
        ends = {}
        for order in orders:
            ends.setdefault((order["status"], order.get("reason")), []).append(order)
            declined = self.orders[order["order_id"]].get("attributes") == {"psp": "decline"}
            assert declined == (order.get("reason") == "payment_declined"), order
        assert len(ends[("cancelled", "payment_declined")]) == 2
        assert len(ends[("partially_refunded", None)]) == 2
        assert 1 <= len(ends[("cancelled", "preempted")]) <= 3
        # Those in which nobody had a hand, and those whose buyers paid.
        assert len(ends[("completed", None)]) == 1 + 2 + 2
        for refund in refunds:
            assert refund["status"] == "refunded", refund
        for order in orders:
            stands = 0 if order["status"] == "cancelled" else (
                order["amount"] - order["refunded_amount"])
            earns = order["plan"] == "paid"
            assert holdfast.points(order["user_id"]) == (stands // 100 if earns else 0), order


@pytest.fixture(scope="module")
def days(stack):
    """point -> the day on which Holdfast died there, or what went wrong on it."""
    made = {}
    results = {}
    try:
        for point in POINTS:
            made[point] = Day(stack, point)

        def live(number):
            try:
                made[POINTS[number]].run()
                results[POINTS[number]] = made[POINTS[number]]
            except BaseException as failure:  # shown by the test of that point
                results[POINTS[number]] = failure

        burst(live, len(POINTS), len(POINTS))
        yield results
    finally:
        removed = list(made.values())
        burst(lambda number: removed[number].remove(), len(removed), len(removed))


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_in_the_middle_of_steps_and_refunds(days, point):
    day = days[point]
    if isinstance(day, BaseException):
        raise day
    day.check()
    day.holdfast.stop()
