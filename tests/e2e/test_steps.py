"""Steps that other systems carry out: what each answer, and each silence, leads to."""

import base64
import hashlib
import hmac
import threading
import time
import uuid

import pytest

from support import plans
from support.checks import at_rest, check_sku, check_stock
from support.party import SILENCE, Gate
from support.program import Holdfast, order_body
from support.psp import Psp
from support.traffic import burst
from support.waiting import wait_until

SECRET_BYTES = b"holdfast-end-to-end-tests-secret"
SECRET = "whsec_" + base64.b64encode(SECRET_BYTES).decode()
WRONG_SECRET = "whsec_" + base64.b64encode(b"not-the-secret-of-the-other-side").decode()
AWAIT_S = 2.0


@pytest.fixture(scope="module")
def psp():
    one = Psp()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def signed_psp():
    one = Psp(secret=SECRET)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def holdfast(stack, party, psp, signed_psp):
    pay = plans.http("pay", party.url)
    tables = plans.tables(
        paid=[plans.stock(), plans.http("payment", psp.url), plans.points(after=["payment"])],
        prepaid=[plans.http("payment", psp.url, after=()), plans.stock(after=["payment"])],
        party=[plans.stock(), pay, plans.points(after=["pay"])],
        fragile=[plans.stock(), plans.http("pay", party.url, attempts=2)],
        outage=[plans.stock(), plans.http("payment", psp.url, attempts=4)],
        signed=[plans.stock(), plans.http("payment", signed_psp.url, webhook_secret=SECRET)],
        missigned=[plans.stock(), plans.http("payment", signed_psp.url,
                                             webhook_secret=WRONG_SECRET)],
        hearing=[plans.stock(), plans.http("pay", party.url, webhook_secret=SECRET)],
        awaited=[plans.stock(), plans.awaited("buyer_pays", f"{int(AWAIT_S * 1000)}ms",
                                              reverse_url=f"{party.url}/refunds",
                                              retry=plans.retry(8))],
        patient=[plans.stock(), plans.awaited("buyer_pays", "1h",
                                              reverse_url=f"{party.url}/refunds")],
        diamond=[plans.stock(), plans.http("a", party.url),
                 plans.http("b", party.url, after=["a"]), plans.http("c", party.url, after=["a"]),
                 plans.http("d", party.url, after=["b", "c"])])
    one = Holdfast(stack, {"refund.delay": "1s", "steps.breaker_pause": "100ms"}, tables)
    try:
        yield one.start()
        one.stop()
    finally:
        one.remove()


def final(holdfast, order_id, *, within_s=20):
    order = holdfast.order(order_id, wait_s=within_s)
    assert order["status"] in ("completed", "cancelled", "refunded"), order
    return order


def placed(holdfast, body):
    answer = holdfast.place(body)
    assert answer.status == 202, answer
    return body["order_id"]


def step_of(order, name):
    return next(step for step in order["steps"] if step["name"] == name)


def wait_step(holdfast, order_id, name, status):
    return wait_until(
        lambda: (lambda order: order if step_of(order, name)["status"] == status else None)(
            holdfast.order(order_id)), 20, f"{name} to be {status}")


def report(holdfast, order_id, name, outcome="succeeded", **members):
    return holdfast.api.post(f"/v1/orders/{order_id}/steps/{name}", {"outcome": outcome, **members})


def parked_of(holdfast, order_id):
    return holdfast.list_all(f"/v1/parked?order_id={order_id}", "parked")


def wait_parked(holdfast, order_id):
    return wait_until(lambda: parked_of(holdfast, order_id), 20, "something to be parked")[0]


def retry(holdfast, parked_id):
    return holdfast.api.post(f"/v1/parked/{parked_id}/retry")


# What the other side says.


def test_a_payment_is_charged_once_and_the_points_come_after_it(holdfast, psp, sku):
    holdfast.set_stock(sku, 5)
    user = f"u-{sku}"[:60]
    order = holdfast.completed(order_body(user, (sku, 2, 1250), plan="paid"))
    charge, = psp.records(order["order_id"])["charges"]
    assert charge["key"] == f"{order['order_id']}/payment/forward"
    assert (charge["amount"], charge["currency"], charge["calls"]) == (2500, "CNY", 1)
    step = step_of(order, "payment")
    assert (step["status"], step["attempts"], step["reference"]) == (
        "done", 1, charge["reference"])
    assert holdfast.points(user) == 25
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 3


def test_points_and_stock_wait_for_a_payment_that_they_come_after(holdfast, party, psp, sku):
    holdfast.set_stock(sku, 5)
    user = f"u-{sku}"[:60]
    body = order_body(user, (sku, 1, 300), plan="party")
    gate = Gate()
    party.tell(body["order_id"], gate)
    order = wait_step(holdfast, placed(holdfast, body), "pay", "running")
    assert step_of(order, "stock")["status"] == "done"
    assert step_of(order, "points")["status"] == "pending" and holdfast.points(user) == 0
    gate.open()
    final(holdfast, body["order_id"])
    assert holdfast.points(user) == 3

    slow = order_body(user, (sku, 1, 300), plan="prepaid", attributes={"psp": "unavailable"})
    order = wait_step(holdfast, placed(holdfast, slow), "payment", "unknown")
    assert step_of(order, "stock")["status"] == "pending"
    assert holdfast.stock(sku)["available"] == 3
    parked = wait_parked(holdfast, slow["order_id"])
    assert holdfast.api.delete(f"/v1/parked/{parked['id']}?reason=test").status == 202
    assert final(holdfast, slow["order_id"])["status"] == "cancelled"
    order = holdfast.completed(order_body(user, (sku, 1, 300), plan="prepaid"))
    assert {step["status"] for step in order["steps"]} == {"done"}
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 3


def test_a_declined_payment_cancels_and_the_refund_asked_for_before_is_void(holdfast, psp, sku):
    holdfast.set_stock(sku, 5, purchase_limit=2)
    holdfast.pause()
    try:
        body = order_body("u-1", (sku, 2, 100), plan="paid", attributes={"psp": "decline"})
        placed(holdfast, body)
        refund = holdfast.refund(body["order_id"])
        assert (refund.status, refund.json["status"]) == (202, "waiting"), refund
    finally:
        holdfast.resume()
    order = final(holdfast, body["order_id"])
    assert (order["status"], order["reason"]) == ("cancelled", "payment_declined")
    assert order["failed_step"] == "payment" and order["refunded_amount"] == 0
    step = step_of(order, "payment")
    assert (step["status"], step["attempts"]) == ("failed", 1) and step["error"]
    assert step_of(order, "points")["status"] == "skipped"
    assert holdfast.refunded(refund.json["refund_id"])["status"] == "void"
    late = holdfast.refund(body["order_id"])
    assert (late.status, late.code) == (409, "order_cancelled")
    records = psp.records(body["order_id"])
    assert records["charges"] == records["refunds"] == records["anomalies"] == []
    at_rest(holdfast)
    stock = check_sku(holdfast, sku)
    assert (stock["available"], stock["sold"], stock["returned"]) == (5, 2, 2)
    # What was cancelled does not count towards the limit.
    holdfast.completed(order_body("u-1", (sku, 2, 100), plan="paid"))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 451])
def test_a_final_no_cancels_at_once_and_names_the_step(holdfast, party, sku, status):
    holdfast.set_stock(sku, 3)
    body = order_body("u-1", (sku, 1, 100), plan="party")
    party.tell(body["order_id"], status)
    order = final(holdfast, placed(holdfast, body))
    assert (order["status"], order["reason"], order["failed_step"]) == (
        "cancelled", "step_failed", "pay")
    call, = party.calls(body["order_id"])
    assert call.direction == "forward"
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 3


@pytest.mark.parametrize("answer", [408, 425, 429, 500, 502, 503, 504, 302, SILENCE])
def test_what_says_nothing_of_the_outcome_is_asked_again_under_the_same_key(
        holdfast, party, sku, answer):
    holdfast.set_stock(sku, 3)
    body = order_body("u-1", (sku, 1, 100), plan="party")
    party.tell(body["order_id"],
               lambda call: answer if len(party.calls(call.order_id)) < 3 else 200)
    order = final(holdfast, placed(holdfast, body))
    assert order["status"] == "completed", order
    calls = party.calls(body["order_id"])
    assert len(calls) == 3 and {call.key for call in calls} == {
        f"{body['order_id']}/pay/forward"}
    step = step_of(order, "pay")
    assert step["reference"] == f"pay-forward-{body['order_id'][:8]}" and "error" not in step
    # A connection that the other side ends before it is used again is opened anew, within one
    # attempt and under the same key.
    assert step["attempts"] == 3 or (answer is SILENCE and step["attempts"] == 2)


def test_a_call_that_takes_too_long_is_made_again(holdfast, party, sku):
    holdfast.set_stock(sku, 3)
    body = order_body("u-1", (sku, 1, 100), plan="party")
    never = Gate()
    party.tell(body["order_id"],
               lambda call: never(call) if len(party.calls(call.order_id)) == 1 else 200)
    try:
        order = final(holdfast, placed(holdfast, body))
    finally:
        never.open()
    assert order["status"] == "completed" and len(party.calls(body["order_id"])) == 2, order


def test_a_payment_whose_answer_was_lost_is_charged_once(holdfast, psp, sku):
    holdfast.set_stock(sku, 50)
    # What a call meets follows from its key, so the same orders meet the same: none loses six.
    bodies = [order_body(f"u-{i}", (sku, 1, 100), plan="paid",
                         order_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"lost-{i}")))
              for i in range(20)]
    psp.switch(lose_answer=0.4)
    try:
        for body in bodies:
            placed(holdfast, body)
        for body in bodies:
            assert final(holdfast, body["order_id"])["status"] == "completed"
    finally:
        psp.switch(lose_answer=0)
    calls = 0
    for body in bodies:
        charge, = psp.records(body["order_id"])["charges"]
        assert step_of(holdfast.order(body["order_id"]), "payment")["reference"] == (
            charge["reference"])
        calls += charge["calls"]
    assert calls > 25
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 30


def test_what_a_step_is_told(holdfast, party, sku):
    holdfast.set_stock(sku, 9)
    body = order_body("u-told", (sku, 3, 700), plan="party", attributes={"colour": "blue"})
    order = final(holdfast, placed(holdfast, body))
    forward, = party.calls(body["order_id"])
    assert forward.path == "/charges"
    lines = [{"sku": sku, "quantity": 3, "unit_price": 700}]
    assert forward.body == {
        "order_id": body["order_id"], "step": "pay", "direction": "forward", "amount": 2100,
        "currency": "CNY", "lines": lines, "user_id": "u-told", "attributes": {"colour": "blue"}}
    wanted = {"refund_id": str(uuid.uuid4()), "lines": [{"sku": sku, "quantity": 2}]}
    done = holdfast.refund(body["order_id"], wanted, headers={"Prefer": "wait=20"})
    assert done.status == 200 and done.json["status"] == "refunded", done
    reverse, = party.calls(body["order_id"], direction="reverse")
    assert reverse.path == "/refunds"
    assert reverse.key == f"{body['order_id']}/pay/reverse/{wanted['refund_id']}"
    assert reverse.body == {
        "order_id": body["order_id"], "step": "pay", "direction": "reverse", "amount": 1400,
        "currency": "CNY", "lines": [{**lines[0], "quantity": 2}], "user_id": "u-told",
        "attributes": {"colour": "blue"}, "refund_id": wanted["refund_id"],
        "forward_reference": step_of(order, "pay")["reference"]}


def test_calls_are_signed(holdfast, party, signed_psp, sku):
    """Standard Webhooks, checked by the provider and once more by hand."""
    holdfast.set_stock(sku, 9)
    order = holdfast.completed(order_body("u-1", (sku, 1, 100), plan="signed"))
    done = holdfast.refund(order["order_id"], headers={"Prefer": "wait=20"})
    assert done.json["status"] == "refunded", done
    records = signed_psp.records(order["order_id"])
    assert len(records["charges"]) == len(records["refunds"]) == 1
    body = order_body("u-1", (sku, 1, 100), plan="missigned")
    refused = final(holdfast, placed(holdfast, body))
    assert (refused["status"], refused["failed_step"]) == ("cancelled", "payment")
    assert signed_psp.records(body["order_id"])["totals"]["calls"] == 0

    body = order_body("u-1", (sku, 1, 100), plan="hearing")
    party.tell(body["order_id"], lambda call: 503 if len(party.calls(call.order_id)) < 2 else 200)
    assert final(holdfast, placed(holdfast, body))["status"] == "completed"
    calls = party.calls(body["order_id"])
    assert len(calls) == 2
    for call in calls:
        headers = call.headers
        assert headers["webhook-id"] == call.key == f"{body['order_id']}/pay/forward"
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + call.text
        mac = base64.b64encode(hmac.new(SECRET_BYTES, signed, hashlib.sha256).digest()).decode()
        assert f"v1,{mac}" in headers["webhook-signature"].split(" ")


# In which order.


def test_steps_run_in_the_order_of_after_and_side_by_side(holdfast, party, sku):
    holdfast.set_stock(sku, 3)
    body = order_body("u-1", (sku, 1, 100), plan="diamond")
    meeting = threading.Barrier(2)

    def meet(call):
        meeting.wait(10)  # breaks unless both are called at the same time
        return 200

    party.tell(body["order_id"], meet, step="b")
    party.tell(body["order_id"], meet, step="c")
    party.tell(body["order_id"],
               lambda call: 200 if all(one.ended for one in party.calls(call.order_id)
                                       if one is not call) else 422, step="d")
    order = final(holdfast, placed(holdfast, body))
    assert order["status"] == "completed", order
    names = [call.step for call in party.calls(body["order_id"])]
    assert names in (["a", "b", "c", "d"], ["a", "c", "b", "d"])

    refund = holdfast.refund(body["order_id"], headers={"Prefer": "wait=20"})
    assert refund.json["status"] == "refunded", refund
    names = [call.step for call in party.calls(body["order_id"], direction="reverse")]
    assert names in (["d", "b", "c", "a"], ["d", "c", "b", "a"])
    assert {step["name"]: step["status"] for step in refund.json["steps"]} == {
        name: "done" for name in ("a", "b", "c", "d", "stock")}


def test_a_failure_takes_down_in_reverse_order_what_was_built(holdfast, party, sku):
    holdfast.set_stock(sku, 3)
    body = order_body("u-1", (sku, 1, 100), plan="diamond")
    party.tell(body["order_id"], 410, step="d")
    # What is built upon it is gone when the reverse of `a` comes, retries of them included.
    party.tell(body["order_id"],
               lambda call: 503 if len(party.calls(call.order_id, "b", "reverse")) < 3 else 200,
               step="b", direction="reverse")
    order = final(holdfast, placed(holdfast, body))
    assert (order["status"], order["reason"], order["failed_step"]) == (
        "cancelled", "step_failed", "d")
    reverses = party.calls(body["order_id"], direction="reverse")
    assert [call.step for call in reverses][-1] == "a"
    assert sorted(call.step for call in reverses) == ["a", "b", "b", "b", "c"]
    for call in reverses:
        assert call.key == f"{body['order_id']}/{call.step}/reverse/cancel"
        assert call.body["forward_reference"] == step_of(order, call.step)["reference"]
        assert "forward_unknown" not in call.body and "refund_id" not in call.body
    shown = {step["name"]: step.get("compensation", {}).get("status") for step in order["steps"]}
    assert shown == {"stock": "done", "a": "done", "b": "done", "c": "done", "d": "not_needed"}
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 3


def test_a_step_that_runs_is_waited_for_before_the_order_is_compensated(holdfast, party, sku):
    holdfast.set_stock(sku, 3)
    body = order_body("u-1", (sku, 1, 100), plan="diamond")
    gate = Gate()
    party.tell(body["order_id"], 410, step="b")
    party.tell(body["order_id"],
               lambda call: gate(call) if len(party.calls(call.order_id, "c")) == 1 else 503,
               step="c")
    order_id = placed(holdfast, body)
    wait_until(lambda: holdfast.order(order_id)["status"] == "cancelling", 20, "the cancellation")
    wait_until(lambda: len(party.calls(order_id, "c")) > 1, 20, "another attempt at c", 0.01)
    assert party.calls(order_id, direction="reverse") == []
    gate.open()
    party.tell(order_id, 200, step="c")
    order = final(holdfast, order_id)
    assert (order["status"], order["failed_step"]) == ("cancelled", "b")
    assert step_of(order, "d")["status"] == "skipped"
    assert [call.step for call in party.calls(order_id, direction="reverse")] == ["c", "a"]


# Reports.


def deferred(holdfast, party, sku, plan="party"):
    holdfast.set_stock(sku, 3)
    body = order_body("u-1", (sku, 1, 100), plan=plan)
    party.tell(body["order_id"], 202)
    wait_step(holdfast, placed(holdfast, body), "pay", "awaiting")
    return body["order_id"]


def test_a_step_that_was_deferred_is_reported(holdfast, party, sku):
    order_id = deferred(holdfast, party, sku)
    first = report(holdfast, order_id, "pay", reference="r-1")
    assert first.status == 200, first
    order = final(holdfast, order_id)
    assert order["status"] == "completed" and step_of(order, "pay")["reference"] == "r-1"
    again = report(holdfast, order_id, "pay", reference="r-1")
    assert again.status == 200, again
    other = report(holdfast, order_id, "pay", "failed")
    assert (other.status, other.code) == (409, "step_not_awaiting")
    assert holdfast.order(order_id)["status"] == "completed"
    assert len(party.calls(order_id)) == 1
    for name in ("stock", "points"):
        refused = report(holdfast, order_id, name)
        assert (refused.status, refused.code) == (409, "step_not_awaiting")


def test_a_deferred_step_that_is_reported_failed_cancels(holdfast, party, sku):
    order_id = deferred(holdfast, party, sku)
    assert report(holdfast, order_id, "pay", "failed").status == 200
    order = final(holdfast, order_id)
    assert (order["status"], order["reason"], order["failed_step"]) == (
        "cancelled", "step_failed", "pay")
    assert report(holdfast, order_id, "pay", "failed").status == 200
    other = report(holdfast, order_id, "pay")
    assert (other.status, other.code) == (409, "step_not_awaiting")
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 3


def test_one_of_two_reports_that_contradict_each_other_counts(holdfast, party, sku):
    ids = []
    for number in range(10):
        ids.append(deferred(holdfast, party, f"{sku}-{number}"[-60:]))
    outcomes = ("succeeded", "failed")
    answers = burst(lambda i: report(holdfast, ids[i // 2], "pay", outcomes[i % 2]), 20, 16)
    for number, order_id in enumerate(ids):
        told = [answers[2 * number].status, answers[2 * number + 1].status]
        assert sorted(told) == [200, 409]
        order = final(holdfast, order_id)
        assert order["status"] == ("completed" if told[0] == 200 else "cancelled")


def test_a_step_deferred_by_the_provider_is_reported_by_it(stack):
    holdfast = Holdfast(stack)
    psp = Psp(defer=1, report_delay="100ms", report_url=f"http://127.0.0.1:{holdfast.port}")
    holdfast.tables = plans.tables(default=[plans.stock(), plans.http(
        "payment", psp.url, report_timeout="20s")])
    holdfast.write_config()
    try:
        holdfast.start()
        holdfast.set_stock("s", 10)
        order = holdfast.completed(order_body("u", ("s", 1, 500)))
        charge, = psp.records(order["order_id"])["charges"]
        step = step_of(order, "payment")
        assert (step["reference"], step["attempts"]) == (charge["reference"], 1)
        holdfast.stop()
        psp.stop()
    finally:
        holdfast.remove()
        psp.stop()


def test_reports_that_nobody_waits_for(holdfast, party, sku):
    holdfast.set_stock(sku, 9)
    body = order_body("u-1", (sku, 1, 100), plan="patient")
    holdfast.pause()
    try:
        order_id = placed(holdfast, body)
        early = report(holdfast, order_id, "buyer_pays")
        assert (early.status, early.code) == (409, "step_not_awaiting"), early
    finally:
        holdfast.resume()
    wait_step(holdfast, order_id, "buyer_pays", "awaiting")
    unknown = report(holdfast, order_id, "nobody_pays")
    assert (unknown.status, unknown.code) == (404, "unknown_step")
    unknown = report(holdfast, str(uuid.uuid4()), "buyer_pays")
    assert (unknown.status, unknown.code) == (404, "unknown_order")
    for bad in ({}, {"outcome": "maybe"}, {"outcome": "succeeded", "colour": "red"},
                {"outcome": "succeeded", "reference": None}, {"outcome": 1}, []):
        refused = holdfast.api.post(f"/v1/orders/{order_id}/steps/buyer_pays", bad)
        assert (refused.status, refused.code) == (400, "invalid_request"), (bad, refused)
    assert report(holdfast, order_id, "buyer_pays", reference="r").status == 200
    assert final(holdfast, order_id)["status"] == "completed"

    running = order_body("u-1", (sku, 1, 100), plan="party")
    gate = Gate()
    party.tell(running["order_id"], gate)
    wait_step(holdfast, placed(holdfast, running), "pay", "running")
    refused = report(holdfast, running["order_id"], "pay")
    assert (refused.status, refused.code) == (409, "step_not_awaiting")
    gate.open()
    assert final(holdfast, running["order_id"])["status"] == "completed"


# Buyers who pay on another page.


def test_an_order_that_is_not_paid_in_time_is_cancelled_and_its_stock_is_on_sale_at_once(
        holdfast, party, sku):
    holdfast.set_stock(sku, 2, purchase_limit=2)
    body = order_body("u-1", (sku, 2, 100), plan="awaited")
    order_id = placed(holdfast, body)
    assert holdfast.place(order_body("u-2", (sku, 1, 100), plan="awaited")).code == "out_of_stock"
    order = final(holdfast, order_id)
    assert (order["status"], order["reason"]) == ("cancelled", "timed_out")
    assert order["failed_step"] == "buyer_pays"
    assert step_of(order, "buyer_pays")["status"] == "failed"
    wait_until(lambda: holdfast.stock(sku)["available"] == 2, 2, "the stock to be on sale again")
    # The limit counts them no more: the same buyer may try again.
    second = placed(holdfast, order_body("u-1", (sku, 2, 100), plan="patient"))
    wait_step(holdfast, second, "buyer_pays", "awaiting")

    # The money comes when the goods may be sold already: it goes back.
    late = report(holdfast, order_id, "buyer_pays", reference="pay-77")
    assert late.status == 200, late
    call = wait_until(lambda: party.calls(order_id), 10, "the money to go back")[0]
    assert (call.path, call.key) == ("/refunds", f"{order_id}/buyer_pays/reverse/late")
    assert call.body["amount"] == 200 and call.body["direction"] == "reverse"
    assert call.body["forward_reference"] == "pay-77"
    again = report(holdfast, order_id, "buyer_pays", reference="pay-77")
    assert again.status == 200, again
    order = wait_until(
        lambda: (lambda order: order if step_of(order, "buyer_pays").get("late", {}).get(
            "status") == "done" else None)(holdfast.order(order_id)), 10, "it to be written down")
    assert order["status"] == "cancelled" and order["reason"] == "timed_out"
    other = report(holdfast, order_id, "buyer_pays", "failed")
    assert (other.status, other.code) == (409, "step_not_awaiting")
    assert report(holdfast, second, "buyer_pays").status == 200
    assert final(holdfast, second)["status"] == "completed"
    at_rest(holdfast)
    assert len(party.calls(order_id)) == 1
    assert check_sku(holdfast, sku)["available"] == 0


def test_money_that_came_too_late_goes_back_whatever_the_other_side_does(holdfast, party, sku):
    holdfast.set_stock(sku, 2)
    body = order_body("u-1", (sku, 1, 100), plan="awaited")
    order_id = placed(holdfast, body)
    party.tell(order_id, lambda call: [SILENCE, 503, 500, 404, 200][
        min(len(party.calls(call.order_id)), 5) - 1], direction="reverse")
    assert final(holdfast, order_id)["status"] == "cancelled"
    assert report(holdfast, order_id, "buyer_pays").status == 200
    wait_until(lambda: step_of(holdfast.order(order_id), "buyer_pays")["late"]["status"] == "done",
               20, "the money to go back")
    calls = party.calls(order_id)
    assert len(calls) == 5 and {call.key for call in calls} == {
        f"{order_id}/buyer_pays/reverse/late"}


def test_a_failure_that_is_reported_too_late_changes_nothing(holdfast, party, sku):
    holdfast.set_stock(sku, 2)
    order_id = placed(holdfast, order_body("u-1", (sku, 1, 100), plan="awaited"))
    assert final(holdfast, order_id)["status"] == "cancelled"
    refused = report(holdfast, order_id, "buyer_pays", "failed")
    assert (refused.status, refused.code) == (409, "step_not_awaiting")
    assert party.calls(order_id) == []


def test_confirmations_that_come_together_with_the_timeout(holdfast, party, sku):
    """Each order ends in one way: completed and kept, or cancelled and given back."""
    count = 64
    holdfast.set_stock(sku, count)
    bodies = [order_body(f"u-{i}", (sku, 1, 100), plan="awaited") for i in range(count)]

    def buy_and_pay(number):
        order_id = placed(holdfast, bodies[number])
        begun = step_of(wait_step(holdfast, order_id, "buyer_pays", "awaiting"), "buyer_pays")
        # From a third of a second before the deadline to a third of a second after it.
        at = time.monotonic() + AWAIT_S + (number % 32 - 16) / 48
        wait_until(lambda: time.monotonic() >= at, 10, "the deadline", 0.005)
        return begun, report(holdfast, order_id, "buyer_pays", reference=f"r-{number}")

    for _, answer in burst(buy_and_pay, count, 32):
        assert answer.status == 200, answer
    ends = {}
    for body in bodies:
        order = final(holdfast, body["order_id"])
        ends.setdefault(order["status"], []).append(order)
    assert set(ends) == {"completed", "cancelled"}
    for order in ends["cancelled"]:
        assert order["reason"] == "timed_out"
        calls = wait_until(lambda order=order: party.calls(order["order_id"]), 10, "the money back")
        assert {call.key for call in calls} == {
            f"{order['order_id']}/buyer_pays/reverse/late"} and len(calls) == 1
    at_rest(holdfast)
    for order in ends["completed"]:
        assert party.calls(order["order_id"]) == []
    assert check_sku(holdfast, sku)["available"] == len(ends["cancelled"])


# What waits for an operator.


def exhausted(holdfast, party, sku):
    holdfast.set_stock(sku, 3)
    body = order_body("u-1", (sku, 1, 100), plan="fragile")
    party.tell(body["order_id"], 503)
    order_id = placed(holdfast, body)
    return order_id, wait_parked(holdfast, order_id)


def test_a_step_out_of_attempts_is_parked_with_what_an_operator_needs(holdfast, party, sku):
    order_id, one = exhausted(holdfast, party, sku)
    queue = f"{holdfast.name}.step.fragile.pay"
    assert (one["queue"], one["step"], one["attempts"]) == (queue, "pay", 2)
    assert one["reason"] == "attempts_exhausted" and "503" in one["detail"], one
    assert one["first_at"] <= one["last_at"] and "refund_id" not in one
    order = holdfast.order(order_id)
    step = step_of(order, "pay")
    assert order["status"] == "processing" and "503" in step["error"]
    assert (step["status"], step["attempts"], step["parked"]) == ("unknown", 2, True)
    for query in (f"queue={queue}", f"reason={one['reason']}", f"order_id={order_id}",
                  f"queue={queue}&reason={one['reason']}&order_id={order_id}"):
        shown = holdfast.list_all(f"/v1/parked?{query}", "parked")
        assert one["id"] in {message["id"] for message in shown}, query
    groups = holdfast.api.get("/v1/parked/groups").json["groups"]
    assert any(group["queue"] == queue and group["reason"] == one["reason"] and
               group["count"] >= 1 for group in groups)
    party.tell(order_id, 200)
    assert retry(holdfast, one["id"]).status == 202
    order = final(holdfast, order_id)
    step = step_of(order, "pay")
    assert order["status"] == "completed" and step["attempts"] == 3 and "parked" not in step
    assert parked_of(holdfast, order_id) == []
    again = retry(holdfast, one["id"])
    assert (again.status, again.code) == (404, "not_found")


def test_a_retry_that_fails_again_is_parked_again_once(holdfast, party, sku):
    order_id, one = exhausted(holdfast, party, sku)
    assert retry(holdfast, one["id"]).status == 202
    again = wait_until(lambda: [message for message in parked_of(holdfast, order_id)
                                if message["attempts"] == 4], 20, "it to be parked again")
    assert len(again) == 1 and len(parked_of(holdfast, order_id)) == 1
    assert len(party.calls(order_id)) == 4
    party.tell(order_id, 200)
    answer = holdfast.api.post("/v1/parked/retry", {"order_id": order_id})
    assert answer.status == 202 and answer.json["retried"] == 1, answer
    assert final(holdfast, order_id)["status"] == "completed"
    assert len({call.key for call in party.calls(order_id)}) == 1


def test_retries_at_the_same_time_send_it_once(holdfast, party, sku):
    order_id, one = exhausted(holdfast, party, sku)
    gate = Gate()
    party.tell(order_id, gate)
    answers = burst(lambda i: retry(holdfast, one["id"]) if i % 2 else holdfast.api.post(
        "/v1/parked/retry", {"order_id": order_id}), 12, 12)
    assert sum(answer.json["retried"] if answer.status == 202 else 0 for answer in answers) == 1
    assert {answer.status for answer in answers} <= {202, 404, 409}
    gate.open()
    assert final(holdfast, order_id)["status"] == "completed"
    at_rest(holdfast)
    assert len(party.calls(order_id)) == 3


def test_a_discarded_step_cancels_and_is_taken_back_as_unknown(holdfast, party, sku):
    order_id, one = exhausted(holdfast, party, sku)
    assert holdfast.api.delete(f"/v1/parked/{one['id']}").status == 400
    done = holdfast.api.delete(f"/v1/parked/{one['id']}?reason=the+bank+is+gone")
    assert done.status == 202, done
    order = final(holdfast, order_id)
    assert (order["status"], order["reason"], order["failed_step"]) == (
        "cancelled", "step_failed", "pay")
    assert "the bank is gone" in step_of(order, "pay")["error"]
    reverse, = party.calls(order_id, direction="reverse")
    assert reverse.key == f"{order_id}/pay/reverse/cancel"
    assert reverse.body["forward_unknown"] is True and reverse.body["amount"] == 100
    assert parked_of(holdfast, order_id) == []
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 3


def parked_refund(holdfast, party, sku):
    holdfast.set_stock(sku, 3)
    order = holdfast.completed(order_body("u-1", (sku, 1, 100), plan="fragile"))
    order_id = order["order_id"]
    party.tell(order_id, 503, direction="reverse")
    refund = holdfast.refund(order_id, headers={"Prefer": "wait=20"})
    assert refund.status == 200 and refund.json["status"] == "needs_attention", refund
    one, = parked_of(holdfast, order_id)
    assert one["refund_id"] == refund.json["refund_id"] and one["step"] == "pay", one
    assert refund.json["error"] and holdfast.stock(sku)["available"] == 2
    return order_id, refund.json["refund_id"], one


def test_a_refund_whose_reversal_is_parked_goes_on_when_it_is_retried(holdfast, party, sku):
    order_id, refund_id, one = parked_refund(holdfast, party, sku)
    party.tell(order_id, 200, direction="reverse")
    assert retry(holdfast, one["id"]).status == 202
    done = wait_until(lambda: (lambda refund: refund if refund["status"] == "refunded" else None)(
        holdfast.refunded(refund_id)), 20, "the refund")
    assert done["amount"] == 100 and "error" not in done
    assert holdfast.order(order_id)["status"] == "refunded"
    reverses = party.calls(order_id, direction="reverse")
    assert len(reverses) == 3 and {call.key for call in reverses} == {
        f"{order_id}/pay/reverse/{refund_id}"}
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 3


def test_a_compensation_that_fails_is_parked_and_not_dropped(holdfast, party, sku):
    holdfast.set_stock(sku, 3)
    body = order_body("u-1", (sku, 1, 100), plan="diamond")
    party.tell(body["order_id"], 410, step="b")
    party.tell(body["order_id"], 500, step="a", direction="reverse")
    order_id = placed(holdfast, body)
    one = wait_parked(holdfast, order_id)
    assert (one["step"], one["attempts"]) == ("a", 6) and "refund_id" not in one
    order = holdfast.order(order_id)
    assert order["status"] == "cancelling"
    assert step_of(order, "a")["compensation"]["parked"] is True
    party.tell(order_id, 200, step="a", direction="reverse")
    assert retry(holdfast, one["id"]).status == 202
    order = final(holdfast, order_id)
    assert (order["status"], order["failed_step"]) == ("cancelled", "b")
    assert {call.key for call in party.calls(order_id, "a", "reverse")} == {
        f"{order_id}/a/reverse/cancel"}
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 3


def test_an_outage_of_the_provider_parks_nothing_that_succeeds_later(holdfast, psp, sku):
    """Four attempts each would be gone in half a second: the breaker keeps them."""
    count = 30
    holdfast.set_stock(sku, count)
    bodies = [order_body(f"u-{i}", (sku, 1, 100), plan="outage") for i in range(count)]
    psp.switch(unavailable=1)
    try:
        for body in bodies:
            placed(holdfast, body)
        open_breakers = lambda: holdfast.api.get("/v1/status").json["worker"]["open_breakers"]
        wait_until(open_breakers, 20, "the breaker to open")
        before = psp.records()["totals"]["calls"]
        wait_until(lambda: psp.records()["totals"]["calls"] >= before + 40, 30, "40 calls more")
        assert all(holdfast.order(body["order_id"])["status"] == "processing" for body in bodies)
        assert parked_in(holdfast, "outage") == []
    finally:
        psp.switch(unavailable=0)
    for body in bodies:
        assert final(holdfast, body["order_id"])["status"] == "completed"
        assert len(psp.records(body["order_id"])["charges"]) == 1
    assert parked_in(holdfast, "outage") == []
    wait_until(lambda: not open_breakers(), 10, "the breaker to close")
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 0


def test_a_refund_whose_reversal_is_given_up_has_failed(holdfast, party, sku):
    order_id, refund_id, one = parked_refund(holdfast, party, sku)
    assert holdfast.api.delete(f"/v1/parked/{one['id']}?reason=account+closed").status == 202
    failed = holdfast.refunded(refund_id)
    assert failed["status"] == "failed" and "account closed" in failed["error"]
    order = holdfast.order(order_id)
    assert (order["status"], order["refunded_amount"]) == ("completed", 0)
    assert parked_of(holdfast, order_id) == []
    # What it claimed may be asked for again.
    party.tell(order_id, 200, direction="reverse")
    second = holdfast.refund(order_id, headers={"Prefer": "wait=20"})
    assert second.json["status"] == "refunded" and second.json["amount"] == 100, second
    assert party.calls(order_id, direction="reverse")[-1].key.endswith(second.json["refund_id"])
    at_rest(holdfast)
    # Not check_sku, which knows of no refund that has failed.
    assert check_stock(holdfast, sku)["available"] == 3


def parked_in(holdfast, plan):
    return holdfast.list_all(f"/v1/parked?queue={holdfast.name}.step.{plan}.payment", "parked")
