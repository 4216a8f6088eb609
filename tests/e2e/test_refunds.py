"""Refunds: late, early, of parts; they end, never give back too much, and give back all of it."""

import time
import uuid
from datetime import datetime

import pytest

from support.checks import at_rest, check_sku, check_stock
from support.program import order_body
from support.traffic import burst
from support.waiting import wait_until

DELAY_MS = 2000


@pytest.fixture(scope="module")
def holdfast(stack):
    from support.program import Holdfast
    one = Holdfast(stack, {"refund.delay": "2s"})
    try:
        yield one.start()
        one.stop()
    finally:
        one.remove()


@pytest.fixture
def paused(holdfast):
    holdfast.pause()
    yield holdfast
    holdfast.resume()


def instant(text):
    assert text.endswith("Z") and len(text) == len("2026-01-31T08:15:30.123Z"), text
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def wanted(*lines, **members):
    body = {"refund_id": str(uuid.uuid4()),
            "lines": [{"sku": sku, "quantity": quantity, **(rest[0] if rest else {})}
                      for sku, quantity, *rest in lines], **members}
    if not lines:
        del body["lines"]
    return body


def taken(answer):
    assert answer.status == 202 and not answer.replayed, answer
    assert answer.headers["Location"] == f"/v1/refunds/{answer.json['refund_id']}"
    return answer.json


def test_a_late_refund_gives_all_back(holdfast, sku):
    holdfast.set_stock(sku, 10)
    user = f"u-{sku}"[:60]
    order = holdfast.completed(order_body(user, (sku, 3, 1999)))
    assert holdfast.points(user) == 3 * 1999 // 100
    refund = taken(holdfast.refund(order["order_id"]))
    assert refund["order_id"] == order["order_id"]
    done = holdfast.refunded(refund["refund_id"])
    assert done["status"] == "refunded" and done["amount"] == 3 * 1999
    assert done["lines"] == [{"sku": sku, "quantity": 3, "restock": True}]
    assert done["when_incomplete"] == "wait" and done["checks"] == 0
    assert instant(done["refunded_at"]) >= instant(done["requested_at"])
    after = holdfast.order(order["order_id"])
    assert (after["status"], after["refunded_amount"]) == ("refunded", 3 * 1999)
    assert after["refunds"] == [refund["refund_id"]]
    assert holdfast.points(user) == 0
    at_rest(holdfast)
    stock = check_sku(holdfast, sku)
    assert (stock["available"], stock["sold"], stock["returned"], stock["loaded"]) == (10, 3, 3, 10)


def test_an_early_refund_waits_looks_again_and_follows_the_completion_at_once(paused, sku):
    holdfast = paused
    holdfast.set_stock(sku, 5)
    body = order_body("u-1", (sku, 2, 1000))
    assert holdfast.place(body).status == 202
    refund = taken(holdfast.refund(body["order_id"]))
    assert (refund["status"], refund["checks"]) == ("waiting", 0)
    delay_s = (instant(refund["next_check_at"]) - instant(refund["requested_at"])).total_seconds()
    assert delay_s == DELAY_MS / 1000

    # The wait is a message in RabbitMQ, in a queue whose messages all wait equally long.
    queue = f"{holdfast.name}.wait.refunds.{DELAY_MS}"
    shown = holdfast.stack.management.call("GET", f"/queues/%2f/{queue}")
    assert shown["type"] == "quorum" and shown["durable"]
    assert shown["arguments"]["x-message-ttl"] == DELAY_MS
    target = f"/v1/refunds/{refund['refund_id']}"
    seen = 0
    for _ in range(2):
        # Looking makes the broker requeue, but does not make the message wait anew.
        messages = wait_until(lambda: holdfast.stack.management.peek(queue), 5,
                              "a message in the wait queue", 0.05)
        assert any(refund["refund_id"] in message["payload"] for message in messages)
        checked = wait_until(
            lambda: (lambda now: now if now["checks"] > seen else None)(
                holdfast.api.get(target).json), 8, "another look at the refund", 0.05)
        seen = checked["checks"]
        assert checked["status"] == "waiting"
        assert instant(checked["next_check_at"]) > instant(refund["next_check_at"])
    assert holdfast.order(body["order_id"])["refunds"] == [refund["refund_id"]]

    holdfast.resume()
    done = holdfast.refunded(refund["refund_id"])
    assert done["status"] == "refunded" and done["amount"] == 2000
    assert "next_check_at" not in done
    order = holdfast.order(body["order_id"])
    assert order["status"] == "refunded"
    late_s = (instant(done["refunded_at"]) - instant(order["completed_at"])).total_seconds()
    assert 0 <= late_s <= 1, "the completion wakes the refund"
    at_rest(holdfast)
    stock = check_sku(holdfast, sku)
    assert (stock["available"], stock["sold"], stock["returned"]) == (5, 2, 2)


def test_many_early_refunds_all_end_when_their_orders_are_complete(paused, sku):
    holdfast = paused
    holdfast.set_stock(sku, 200)
    bodies = [order_body(f"u-{i}", (sku, 1, 100)) for i in range(200)]
    assert {a.status for a in burst(lambda i: holdfast.place(bodies[i]), 200, 32)} == {202}
    answers = burst(lambda i: holdfast.refund(bodies[i]["order_id"]), 200, 32)
    assert {(a.status, a.json["status"]) for a in answers} == {(202, "waiting")}
    holdfast.resume()
    wait_until(lambda: len(holdfast.list_all("/v1/refunds?status=waiting", "refunds")) == 0, 30,
               "no refund to be waiting", 0.1)
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 200
    assert {order["status"] for order in holdfast.orders(f"?sku={sku}")} == {"refunded"}


def test_an_early_refund_of_a_part_leaves_the_rest(paused, sku):
    holdfast = paused
    holdfast.set_stock(sku, 5)
    body = order_body("u-1", (sku, 3, 70))
    assert holdfast.place(body).status == 202
    refund = taken(holdfast.refund(body["order_id"], wanted((sku, 1))))
    assert (refund["status"], refund["amount"]) == ("waiting", 70)
    too_much = holdfast.refund(body["order_id"], wanted((sku, 3)))
    assert (too_much.status, too_much.code) == (409, "refund_exceeds_order")
    holdfast.resume()
    assert holdfast.refunded(refund["refund_id"])["status"] == "refunded"
    order = holdfast.order(body["order_id"])
    assert (order["status"], order["refunded_amount"]) == ("partially_refunded", 70)
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 3


def test_partial_refunds_add_up_and_never_exceed_the_order(holdfast, sku):
    other = f"{sku}-2"
    holdfast.set_stock(sku, 10)
    holdfast.set_stock(other, 10)
    user = f"p-{sku}"[:60]
    order = holdfast.completed(order_body(user, (sku, 3, 199), (other, 1, 950)))
    target = order["order_id"]
    assert order["amount"] == 1547 and holdfast.points(user) == 15

    preview = holdfast.api.post(f"/v1/orders/{target}/refunds/preview",
                                {"lines": [{"sku": sku, "quantity": 2}]})
    assert preview.status == 200, preview
    assert preview.json["amount"] == 398
    assert "refund_id" not in preview.json and "status" not in preview.json
    first = wanted((sku, 2), reason="too small")
    answer = holdfast.refund(target, first, headers={"Prefer": "wait=20"})
    assert answer.status == 200 and answer.json["status"] == "refunded", answer
    for member in ("amount", "lines", "order_id", "when_incomplete"):
        assert answer.json[member] == preview.json[member], member
    assert answer.json["reason"] == "too small"
    assert holdfast.order(target)["status"] == "partially_refunded"
    assert holdfast.points(user) == (1547 - 398) // 100

    for lines in ([(sku, 2)], [(sku, 1), (other, 2)], [(sku, 1_000_000)]):
        too_much = holdfast.refund(target, wanted(*lines))
        assert (too_much.status, too_much.code) == (409, "refund_exceeds_order"), lines
    for bad in ({"lines": []}, {"lines": [{"sku": "never-heard-of", "quantity": 1}]},
                {"lines": [{"sku": sku, "quantity": 0}]}):
        refused = holdfast.refund(target, bad)
        assert (refused.status, refused.code) == (400, "invalid_request"), bad

    kept = wanted((other, 1, {"restock": False}))
    assert holdfast.refund(target, kept, headers={"Prefer": "wait=20"}).status == 200
    assert holdfast.points(user) == (1547 - 398 - 950) // 100
    rest = holdfast.api.post(f"/v1/orders/{target}/refunds/preview", {})
    assert rest.status == 200 and rest.json["amount"] == 199, rest
    assert rest.json["lines"] == [{"sku": sku, "quantity": 1, "restock": True}]
    last = holdfast.refund(target, headers={"Prefer": "wait=20"})
    assert last.status == 200 and last.json["amount"] == 199, last
    done = holdfast.order(target)
    assert (done["status"], done["refunded_amount"]) == ("refunded", 1547)
    assert holdfast.points(user) == 0
    for again in (holdfast.refund(target), holdfast.refund(target, wanted((sku, 1)))):
        assert (again.status, again.code) == (409, "already_refunded"), again
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 10
    stock = check_stock(holdfast, other)
    assert (stock["available"], stock["sold"], stock["returned"]) == (9, 1, 0)


def test_refunds_at_once_never_give_back_more_than_was_paid(holdfast, sku):
    holdfast.set_stock(sku, 100)
    order = holdfast.completed(order_body("u-1", (sku, 10, 30)))
    answers = burst(lambda i: holdfast.refund(order["order_id"], wanted((sku, 3))), 16, 16)
    good = [answer for answer in answers if answer.status == 202]
    assert len(good) == 3
    assert all(a.code == "refund_exceeds_order" for a in answers if a.status != 202)
    for answer in good:
        assert holdfast.refunded(answer.json["refund_id"])["status"] == "refunded"
    assert holdfast.order(order["order_id"])["refunded_amount"] == 270
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 99


def test_a_refund_is_repeated_by_its_id_and_by_key(holdfast, sku):
    holdfast.set_stock(sku, 10)
    order = holdfast.completed(order_body("u-1", (sku, 4, 10)))
    target = order["order_id"]
    body = wanted((sku, 1))
    first = taken(holdfast.refund(target, body))
    again = holdfast.refund(target, {**body, "refund_id": body["refund_id"].upper()})
    assert again.status == 202 and again.replayed, again
    assert again.json["refund_id"] == first["refund_id"]
    conflict = holdfast.refund(target, {**body, "reason": "another"})
    assert (conflict.status, conflict.code) == (409, "refund_id_conflict")
    key = {"Idempotency-Key": str(uuid.uuid4())}
    keyed = {"lines": [{"sku": sku, "quantity": 1}]}
    second = taken(holdfast.refund(target, keyed, headers=key))
    again = holdfast.refund(target, keyed, headers=key)
    assert again.status == 202 and again.replayed, again
    assert again.json["refund_id"] == second["refund_id"]
    conflict = holdfast.refund(target, headers=key)
    assert (conflict.status, conflict.code) == (409, "refund_id_conflict")
    elsewhere = holdfast.completed(order_body("u-1", (sku, 1, 10)))
    conflict = holdfast.refund(elsewhere["order_id"], body)
    assert (conflict.status, conflict.code) == (409, "refund_id_conflict")
    at_rest(holdfast)
    assert holdfast.order(target)["refunded_amount"] == 20
    # The repeat of the refund that took the last of the order is a repeat still.
    last = wanted()
    assert holdfast.refund(target, last, headers={"Prefer": "wait=20"}).status == 200
    again = holdfast.refund(target, last)
    assert again.status == 202 and again.replayed and again.json["status"] == "refunded", again
    again = holdfast.refund(target, last, headers={"Prefer": "wait=20"})
    assert again.status == 200 and again.replayed, again


def test_one_refund_sent_sixteen_times_at_once_is_one_refund(holdfast, sku):
    holdfast.set_stock(sku, 10)
    order = holdfast.completed(order_body("u-1", (sku, 4, 10)))
    body = wanted((sku, 1))
    answers = burst(lambda _: holdfast.refund(order["order_id"], body), 16, 16)
    assert [answer.status for answer in answers] == [202] * 16, answers
    assert sum(not answer.replayed for answer in answers) == 1
    at_rest(holdfast)
    assert holdfast.order(order["order_id"])["refunded_amount"] == 10


def test_a_refund_gives_the_purchase_limit_back(holdfast, sku):
    holdfast.set_stock(sku, 10, purchase_limit=2)
    order = holdfast.completed(order_body("u-1", (sku, 2, 10)))
    refused = holdfast.place(order_body("u-1", (sku, 1, 10)))
    assert (refused.status, refused.code) == (409, "purchase_limit_exceeded")
    assert {k: refused.json[k] for k in ("sku", "limit", "bought")} == {
        "sku": sku, "limit": 2, "bought": 2}
    part = wanted((sku, 1, {"restock": False}))
    assert holdfast.refund(order["order_id"], part, headers={"Prefer": "wait=20"}).status == 200
    at_rest(holdfast)
    assert holdfast.place(order_body("u-1", (sku, 2, 10))).code == "purchase_limit_exceeded"
    holdfast.completed(order_body("u-1", (sku, 1, 10)))
    assert holdfast.place(order_body("u-1", (sku, 1, 10))).code == "purchase_limit_exceeded"


def test_refunds_of_nothing_are_404(holdfast):
    for target in (str(uuid.uuid4()), "not-an-id"):
        for path in ("refunds", "refunds/preview"):
            answer = holdfast.api.post(f"/v1/orders/{target}/{path}", {})
            assert (answer.status, answer.code) == (404, "unknown_order")
        answer = holdfast.api.get(f"/v1/refunds/{target}")
        assert (answer.status, answer.code) == (404, "unknown_refund")


def test_the_list_of_refunds_is_filtered_and_newest_first(holdfast, sku):
    holdfast.set_stock(sku, 10)
    order = holdfast.completed(order_body("u-1", (sku, 5, 10)))
    ids = [taken(holdfast.refund(order["order_id"], wanted((sku, 1))))["refund_id"]
           for _ in range(5)]
    for one in ids:
        holdfast.refunded(one)
    target = f"/v1/refunds?order_id={order['order_id']}"
    assert [one["refund_id"] for one in holdfast.list_all(target, "refunds")] == ids[::-1]
    page = holdfast.api.get(target + "&limit=2").json
    assert [one["refund_id"] for one in page["refunds"]] == ids[:2:-1]
    rest = holdfast.api.get(target + f"&limit=200&cursor={page['next_cursor']}").json
    assert [one["refund_id"] for one in rest["refunds"]] == ids[2::-1]
    assert rest["next_cursor"] is None
    assert len(holdfast.list_all(target + "&status=refunded", "refunds")) == 5
    assert holdfast.list_all(target + "&status=waiting", "refunds") == []


def test_preview_changes_nothing(holdfast, sku):
    holdfast.set_stock(sku, 10)
    order = holdfast.completed(order_body("u-1", (sku, 5, 10)))
    for _ in range(3):
        answer = holdfast.api.post(f"/v1/orders/{order['order_id']}/refunds/preview", {})
        assert answer.status == 200 and answer.json["amount"] == 50, answer
    too_much = holdfast.api.post(f"/v1/orders/{order['order_id']}/refunds/preview",
                                 {"lines": [{"sku": sku, "quantity": 6}]})
    assert (too_much.status, too_much.code) == (409, "refund_exceeds_order")
    assert holdfast.order(order["order_id"]) == order
    assert holdfast.list_all(f"/v1/refunds?order_id={order['order_id']}", "refunds") == []


def test_a_refund_that_overtakes_the_settlement_in_full_traffic_ends(holdfast, sku):
    """Each buyer asks for the refund right after the answer, while orders are being settled."""
    holdfast.set_stock(sku, 300)

    def buy_and_refund(i):
        body = order_body(f"u-{i}", (sku, 1, 100))
        assert holdfast.place(body).status == 202
        return taken(holdfast.refund(body["order_id"]))["refund_id"]

    begun = time.monotonic()
    for refund_id in burst(buy_and_refund, 300, 32):
        assert holdfast.refunded(refund_id)["status"] == "refunded"
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 300
    assert time.monotonic() - begun < 60
