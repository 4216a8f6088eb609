"""Refunds of orders that are under way: they stop them, or wait, and end; and parts of orders."""

import uuid
from datetime import datetime

import pytest

from support import plans
from support.checks import at_rest, check_sku
from support.party import Gate
from support.program import Holdfast, order_body
from support.psp import Psp
from support.traffic import burst
from support.waiting import wait_until

MAX_WAIT_S = 2.0
HANG_TIMEOUT_S = 0.4
HANG_ATTEMPTS = 3
HANG_PAUSE_S = 0.2
NOW = {"when_incomplete": "preempt"}


@pytest.fixture(scope="module")
def holdfast(stack, party):
    one = Holdfast(stack, {"refund.delay": "500ms",
                           "refund.max_wait": f"{int(MAX_WAIT_S * 1000)}ms"})
    one.psp = Psp(report_delay="600ms", report_url=f"http://127.0.0.1:{one.port}")
    one.tables = plans.tables(
        paid=[plans.stock(), plans.http("payment", one.psp.url, timeout="5s"),
              plans.points(after=["payment"])],
        brief=[plans.stock(), plans.http("payment", one.psp.url, attempts=HANG_ATTEMPTS,
                                         timeout=f"{int(HANG_TIMEOUT_S * 1000)}ms")],
        patient=[plans.stock(), plans.awaited("buyer_pays", "1h",
                                              reverse_url=f"{party.url}/refunds"),
                 plans.http("payment", one.psp.url, after=["buyer_pays"])],
        party=[plans.stock(), plans.http("a", party.url, timeout="20s"),
               plans.http("b", party.url, after=["a"])])
    one.write_config()
    try:
        yield one.start()
        one.stop()
        one.psp.stop()
    finally:
        one.remove()
        one.psp.stop()


@pytest.fixture
def psp(holdfast):
    return holdfast.psp


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def under_way(holdfast, sku, plan, *, step="payment", status, **attributes):
    """An order of three units whose step has come to that status; its id."""
    holdfast.set_stock(sku, 5)
    body = order_body("u-1", (sku, 3, 500), plan=plan, attributes=attributes or None)
    assert holdfast.place(body).status == 202
    wait_until(lambda: shown_step(holdfast.order(body["order_id"]), step)["status"] in status, 20,
               f"{step} to be {status}")
    return body["order_id"]


def shown_step(order, name):
    return next(step for step in order["steps"] if step["name"] == name)


def asked(holdfast, order_id, body=None, **members):
    body = {"refund_id": str(uuid.uuid4()), **(body or {}), **members}
    answer = holdfast.refund(order_id, body)
    assert answer.status == 202, answer
    return answer.json


def ended(holdfast, refund_id):
    refund = holdfast.refunded(refund_id)
    assert refund["status"] == "refunded", refund
    return refund


def check_stopped(holdfast, order_id, refund_id, sku, amount):
    """The order is stopped, the refund says what was given back, the stock is back."""
    refund = ended(holdfast, refund_id)
    order = holdfast.order(order_id)
    assert (order["status"], order["reason"]) == ("cancelled", "preempted"), order
    assert refund["amount"] == order["refunded_amount"] == amount, (refund, order)
    assert "failed_step" not in order and order["refunds"] == [refund_id], order
    assert holdfast.list_all(f"/v1/parked?order_id={order_id}", "parked") == []
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 5
    again = holdfast.refund(order_id)
    assert (again.status, again.code) == (409, "order_cancelled")
    return order, refund


def check_given_back(psp, order_id, refund_id, charged, given):
    records = psp.records(order_id)
    assert [one["amount"] for one in records["charges"]] == ([charged] if charged else [])
    assert [(one["key"], one["amount"]) for one in records["refunds"]] == given and \
        records["anomalies"] == [], records
    assert all(one["cause"] == refund_id for one in records["refunds"])


def key(order_id, refund_id):
    return f"{order_id}/payment/reverse/{refund_id}"


# Where the payment is when the refund comes.


def test_the_payment_is_running(holdfast, psp, sku):
    order_id = under_way(holdfast, sku, "paid", status={"running"}, psp="slow")
    assert psp.records(order_id)["charges"] == []
    refund_id = asked(holdfast, order_id, NOW)["refund_id"]
    order, _ = check_stopped(holdfast, order_id, refund_id, sku, 1500)
    assert shown_step(order, "payment")["status"] == "done"
    assert shown_step(order, "points")["status"] == "skipped"
    check_given_back(psp, order_id, refund_id, 1500, [(key(order_id, refund_id), 1500)])


def test_the_payment_is_unknown_and_took_place(holdfast, psp, sku):
    order_id = under_way(holdfast, sku, "brief", status={"unknown"}, psp="lose-answer")
    refund_id = asked(holdfast, order_id, NOW)["refund_id"]
    _, refund = check_stopped(holdfast, order_id, refund_id, sku, 1500)
    assert next(step for step in refund["steps"] if step["name"] == "payment")["forward_unknown"]
    check_given_back(psp, order_id, refund_id, 1500, [(key(order_id, refund_id), 1500)])


def test_the_payment_is_unknown_and_never_took_place(holdfast, psp, sku):
    order_id = under_way(holdfast, sku, "brief", status={"unknown"}, psp="unavailable")
    refund_id = asked(holdfast, order_id, NOW)["refund_id"]
    check_stopped(holdfast, order_id, refund_id, sku, 0)
    check_given_back(psp, order_id, refund_id, 0, [(key(order_id, refund_id), 0)])


def test_the_payment_is_parked(holdfast, psp, sku):
    order_id = under_way(holdfast, sku, "brief", status={"unknown"}, psp="unavailable")
    wait_until(lambda: holdfast.list_all(f"/v1/parked?order_id={order_id}", "parked"), 20,
               "the payment to be parked")
    refund_id = asked(holdfast, order_id, NOW)["refund_id"]
    check_stopped(holdfast, order_id, refund_id, sku, 0)
    check_given_back(psp, order_id, refund_id, 0, [(key(order_id, refund_id), 0)])


def test_the_payment_was_deferred_and_is_waited_for(holdfast, psp, sku):
    order_id = under_way(holdfast, sku, "paid", status={"awaiting"}, psp="defer")
    refund_id = asked(holdfast, order_id, NOW)["refund_id"]
    check_stopped(holdfast, order_id, refund_id, sku, 1500)
    check_given_back(psp, order_id, refund_id, 1500, [(key(order_id, refund_id), 1500)])


def test_the_payment_is_declined_meanwhile(holdfast, party, sku):
    holdfast.set_stock(sku, 5)
    body = order_body("u-1", (sku, 3, 500), plan="party")
    order_id, gate = body["order_id"], Gate(402)
    party.tell(order_id, gate)
    assert holdfast.place(body).status == 202
    wait_until(lambda: party.calls(order_id), 10, "the call")
    refund_id = asked(holdfast, order_id, NOW)["refund_id"]
    wait_until(lambda: holdfast.order(order_id)["status"] == "cancelling", 10, "the cancellation")
    assert holdfast.api.get(f"/v1/refunds/{refund_id}").json["status"] == "reversing"
    gate.open()
    check_stopped(holdfast, order_id, refund_id, sku, 0)
    assert party.calls(order_id, direction="reverse") == []


def test_the_buyer_has_not_paid_yet_and_pays_all_the_same(holdfast, party, psp, sku):
    order_id = under_way(holdfast, sku, "patient", step="buyer_pays", status={"awaiting"})
    refund_id = asked(holdfast, order_id, NOW)["refund_id"]
    order, _ = check_stopped(holdfast, order_id, refund_id, sku, 0)
    assert [shown_step(order, name)["status"] for name in ("buyer_pays", "payment")] == [
        "skipped", "skipped"]
    assert party.calls(order_id) == [] and psp.records(order_id)["totals"]["calls"] == 0
    late = holdfast.api.post(f"/v1/orders/{order_id}/steps/buyer_pays",
                             {"outcome": "succeeded", "reference": "late-1"})
    assert late.status == 200, late
    call = wait_until(lambda: party.calls(order_id), 10, "the money to go back")[0]
    assert call.key == f"{order_id}/buyer_pays/reverse/late"
    assert (call.body["amount"], call.body["forward_reference"]) == (1500, "late-1")


def test_the_order_is_still_in_the_queue(holdfast, psp, sku):
    holdfast.set_stock(sku, 5)
    holdfast.pause()
    try:
        body = order_body("u-1", (sku, 3, 500), plan="paid")
        order_id = body["order_id"]
        assert holdfast.place(body).status == 202
        refund_id = asked(holdfast, order_id, NOW)["refund_id"]
        assert ended(holdfast, refund_id)["amount"] == 0
        wait_until(lambda: holdfast.stock(sku)["available"] == 5, 5, "the stock to be back")
    finally:
        holdfast.resume()
    check_stopped(holdfast, order_id, refund_id, sku, 0)
    repeat = holdfast.place(body)
    assert repeat.status == 202 and repeat.replayed and repeat.json["status"] == "cancelled"
    assert psp.records(order_id)["totals"]["calls"] == 0


def test_the_order_is_complete(holdfast, psp, sku):
    order_id = under_way(holdfast, sku, "paid", status={"done"})
    assert holdfast.order(order_id, wait_s=10)["status"] == "completed"
    refund_id = asked(holdfast, order_id, NOW)["refund_id"]
    assert ended(holdfast, refund_id)["amount"] == 1500
    order = holdfast.order(order_id)
    assert order["status"] == "refunded" and "reason" not in order
    check_given_back(psp, order_id, refund_id, 1500, [(key(order_id, refund_id), 1500)])
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 5


def test_many_at_any_moment(holdfast, psp, sku):
    """However it falls: what was charged is given back, once, by the refund that asked for it."""
    count = 60
    holdfast.set_stock(sku, 3 * count)
    bodies = [order_body(f"u-{i}", (sku, 3, 500), plan="paid") for i in range(count)]
    psp.switch(jitter="60ms")

    def buy_and_stop(number):
        assert holdfast.place(bodies[number]).status == 202
        for _ in range(number % 10):
            holdfast.order(bodies[number]["order_id"])
        return asked(holdfast, bodies[number]["order_id"], NOW)["refund_id"]

    try:
        refund_ids = burst(buy_and_stop, count, 12)
        for body, refund_id in zip(bodies, refund_ids):
            refund = ended(holdfast, refund_id)
            order = holdfast.order(body["order_id"])
            assert order["status"] in ("cancelled", "refunded"), order
            records = psp.records(body["order_id"])
            assert records["totals"]["charged"] == records["totals"]["refunded"] == refund["amount"]
            assert records["anomalies"] == []
            assert {one["key"] for one in records["refunds"]} <= {key(body["order_id"], refund_id)}
    finally:
        psp.switch(jitter="0ms")
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 3 * count


# Refunds that wait, and those that have waited long enough.


def test_a_refund_that_has_waited_too_long_stops_its_order(holdfast, party, sku):
    order_id = under_way(holdfast, sku, "patient", step="buyer_pays", status={"awaiting"})
    refund = asked(holdfast, order_id)
    assert (refund["status"], refund["when_incomplete"]) == ("waiting", "wait")
    assert holdfast.order(order_id)["status"] == "processing"
    _, done = check_stopped(holdfast, order_id, refund["refund_id"], sku, 0)
    waited_s = (instant(done["refunded_at"]) - instant(done["requested_at"])).total_seconds()
    assert MAX_WAIT_S <= waited_s <= MAX_WAIT_S + 3 and done["checks"] >= 2, done
    assert party.calls(order_id) == []


@pytest.mark.parametrize("body", [NOW, {}], ids=["preempt", "wait"])
def test_a_step_that_never_answers_keeps_no_refund_waiting(holdfast, psp, sku, body):
    order_id = under_way(holdfast, sku, "brief", status={"running"}, psp="hang")
    refund_id = asked(holdfast, order_id, body)["refund_id"]
    _, done = check_stopped(holdfast, order_id, refund_id, sku, 0)
    waited_s = (instant(done["refunded_at"]) - instant(done["requested_at"])).total_seconds()
    attempts_s = HANG_ATTEMPTS * (HANG_TIMEOUT_S + HANG_PAUSE_S)
    assert waited_s <= (0 if body else MAX_WAIT_S) + attempts_s + 2, done
    assert psp.records(order_id)["charges"] == []
    check_given_back(psp, order_id, refund_id, 0, [(key(order_id, refund_id), 0)])


def test_a_part_waits_for_its_order_however_long_and_is_shown(holdfast, sku):
    order_id = under_way(holdfast, sku, "patient", step="buyer_pays", status={"awaiting"})
    part = {"lines": [{"sku": sku, "quantity": 1}]}
    refused = holdfast.refund(order_id, {**part, **NOW})
    assert (refused.status, refused.code) == (400, "invalid_request"), refused
    assert refused.json["errors"][0]["pointer"] == "/when_incomplete"
    refund_id = asked(holdfast, order_id, part)["refund_id"]
    wait_until(lambda: holdfast.api.get("/v1/status").json["holds"]["overdue"] == 1, 15,
               "the hold to be shown as overdue", 0.1)
    held = wait_until(lambda: (lambda refund: refund if "error" in refund else None)(
        holdfast.api.get(f"/v1/refunds/{refund_id}").json), 10, "the reason to be shown")
    assert held["status"] == "waiting" and "max_wait" in held["error"]
    checks = held["checks"]
    wait_until(lambda: holdfast.api.get(f"/v1/refunds/{refund_id}").json["checks"] > checks, 10,
               "another look at it")
    assert holdfast.order(order_id)["status"] == "processing"
    report = holdfast.api.post(f"/v1/orders/{order_id}/steps/buyer_pays", {"outcome": "succeeded"})
    assert report.status == 200, report
    done = ended(holdfast, refund_id)
    assert done["amount"] == 500 and "error" not in done
    order = holdfast.order(order_id)
    assert (order["status"], order["refunded_amount"]) == ("partially_refunded", 500)
    assert holdfast.api.get("/v1/status").json["holds"]["overdue"] == 0
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 3


def test_a_held_part_is_void_when_another_refund_stops_the_order(holdfast, party, sku):
    order_id = under_way(holdfast, sku, "patient", step="buyer_pays", status={"awaiting"})
    part = asked(holdfast, order_id, {"lines": [{"sku": sku, "quantity": 1}]})
    whole = asked(holdfast, order_id, NOW)
    assert ended(holdfast, whole["refund_id"])["amount"] == 0
    assert holdfast.refunded(part["refund_id"])["status"] == "void"
    assert holdfast.order(order_id)["reason"] == "preempted"
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 5


def test_an_order_that_is_being_compensated_takes_no_refund(holdfast, party, sku):
    holdfast.set_stock(sku, 5)
    body = order_body("u-1", (sku, 3, 500), plan="party")
    order_id, gate = body["order_id"], Gate()
    party.tell(order_id, 410, step="b")
    party.tell(order_id, gate, step="a", direction="reverse")
    assert holdfast.place(body).status == 202
    wait_until(lambda: party.calls(order_id, "a", "reverse"), 15, "the compensation")
    assert holdfast.order(order_id)["status"] == "cancelling"
    for wanted in ({}, NOW, {"lines": [{"sku": sku, "quantity": 1}]}):
        refused = holdfast.refund(order_id, wanted)
        assert (refused.status, refused.code) == (409, "order_cancelled"), refused
    gate.open()
    order = holdfast.order(order_id, wait_s=15)
    assert (order["status"], order["reason"], order["failed_step"]) == (
        "cancelled", "step_failed", "b")
    assert len(party.calls(order_id, "a", "reverse")) == 1
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 5


def test_a_reverse_never_goes_out_before_the_forward_has_ended(holdfast, party, sku):
    holdfast.set_stock(sku, 5)
    body = order_body("u-1", (sku, 3, 500), plan="party")
    order_id, gate = body["order_id"], Gate()
    party.tell(order_id, gate, step="a")
    assert holdfast.place(body).status == 202
    wait_until(lambda: party.calls(order_id), 10, "the call")
    refund_id = asked(holdfast, order_id, NOW)["refund_id"]
    uptime_s = lambda: holdfast.api.get("/v1/status").json["uptime_s"]
    asked_at = uptime_s()
    wait_until(lambda: holdfast.order(order_id)["status"] == "cancelling" and
               uptime_s() > asked_at + 1.5, 15, "a sweep to have looked at it")
    assert [call.direction for call in party.calls(order_id)] == ["forward"]
    gate.open()
    check_stopped(holdfast, order_id, refund_id, sku, 1500)
    assert [(call.step, call.direction) for call in party.calls(order_id)] == [
        ("a", "forward"), ("a", "reverse")]
    reverse = party.calls(order_id)[1]
    assert reverse.key == f"{order_id}/a/reverse/{refund_id}"
    assert (reverse.body["refund_id"], reverse.body["amount"]) == (refund_id, 1500)
    assert "forward_unknown" not in reverse.body


# Parts.


def test_of_two_refunds_of_the_same_last_unit_one_is_taken(holdfast, psp, sku):
    other = f"{sku[:58]}-2"
    holdfast.set_stock(sku, 20)
    holdfast.set_stock(other, 20)
    orders = [holdfast.completed(order_body("u-1", (sku, 1, 700), (other, 1, 300), plan="paid"))
              for _ in range(10)]
    part = {"lines": [{"sku": sku, "quantity": 1}]}
    answers = burst(lambda i: holdfast.refund(orders[i // 2]["order_id"], part), 20, 16)
    for number, order in enumerate(orders):
        pair = sorted(answers[2 * number:2 * number + 2], key=lambda answer: answer.status)
        assert [answer.status for answer in pair] == [202, 409], pair
        assert pair[1].code == "refund_exceeds_order"
        refund_id = pair[0].json["refund_id"]
        assert ended(holdfast, refund_id)["amount"] == 700
        check_given_back(psp, order["order_id"], refund_id, 1000,
                         [(key(order["order_id"], refund_id), 700)])
        assert holdfast.order(order["order_id"])["refunded_amount"] == 700
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 20
    assert check_sku(holdfast, other)["available"] == 10


def test_parts_add_up_to_the_minor_unit(holdfast, psp, sku):
    other = f"{sku[:58]}-2"
    holdfast.set_stock(sku, 10, purchase_limit=3)
    holdfast.set_stock(other, 10)
    user = f"p-{sku}"[:60]
    order = holdfast.completed(order_body(user, (sku, 3, 333), (other, 2, 1051), plan="paid"))
    order_id = order["order_id"]
    assert order["amount"] == 3101 and holdfast.points(user) == 31
    left, causes = 3101, {}
    for lines, amount in (([(sku, 1, False)], 333), ([(sku, 1, True), (other, 1, True)], 1384),
                          ([(other, 1, False)], 1051)):
        wanted = {"lines": [{"sku": name, "quantity": quantity, "restock": restock}
                            for name, quantity, restock in lines]}
        preview = holdfast.api.post(f"/v1/orders/{order_id}/refunds/preview", wanted)
        assert preview.status == 200 and preview.json["amount"] == amount, preview
        done = holdfast.refund(order_id, wanted, headers={"Prefer": "wait=20"})
        assert done.status == 200 and done.json["status"] == "refunded", done
        for member in ("amount", "lines", "order_id", "when_incomplete"):
            assert done.json[member] == preview.json[member], member
        left -= amount
        causes[done.json["refund_id"]] = amount
        shown = holdfast.order(order_id)
        assert (shown["status"], shown["refunded_amount"]) == ("partially_refunded", 3101 - left)
        assert holdfast.points(user) == left // 100
    rest = holdfast.api.post(f"/v1/orders/{order_id}/refunds/preview", {})
    assert rest.json["amount"] == left == 333, rest
    # What was given back, on sale again or not, does not count towards the limit.
    assert holdfast.place(order_body(user, (sku, 3, 333), plan="paid")).code == (
        "purchase_limit_exceeded")
    bought = holdfast.completed(order_body(user, (sku, 2, 333), plan="paid"))
    last = holdfast.refund(order_id, NOW, headers={"Prefer": "wait=20"})
    assert last.json["status"] == "refunded" and last.json["amount"] == 333, last
    causes[last.json["refund_id"]] = 333
    assert holdfast.order(order_id)["status"] == "refunded"
    assert holdfast.points(user) == bought["amount"] // 100
    again = holdfast.refund(order_id)
    assert (again.status, again.code) == (409, "already_refunded")
    records = psp.records(order_id)
    assert {one["cause"]: one["amount"] for one in records["refunds"]} == causes
    assert records["totals"]["charged"] == records["totals"]["refunded"] == 3101
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 10 - 3 + 2 - 2
    assert check_sku(holdfast, other)["available"] == 10 - 2 + 1


def test_parts_at_the_same_time_never_exceed_the_order(holdfast, psp, sku):
    holdfast.set_stock(sku, 20)
    order = holdfast.completed(order_body("u-1", (sku, 7, 101), plan="paid"))
    part = {"lines": [{"sku": sku, "quantity": 2}]}
    answers = burst(lambda i: holdfast.refund(order["order_id"], part), 10, 10)
    taken = [answer.json["refund_id"] for answer in answers if answer.status == 202]
    assert len(taken) == 3
    assert {answer.code for answer in answers if answer.status != 202} == {"refund_exceeds_order"}
    for refund_id in taken:
        assert ended(holdfast, refund_id)["amount"] == 202
    records = psp.records(order["order_id"])
    assert {one["cause"] for one in records["refunds"]} == set(taken)
    assert records["totals"]["refunded"] == 606 == holdfast.order(order["order_id"])[
        "refunded_amount"]
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 19
