"""I6: the same request again gets the first answer, whatever has become of the stock since."""

import uuid

import pytest

from support.checks import at_rest, check_sku
from support.program import order_body
from support.traffic import burst
from support.waiting import wait_until


@pytest.fixture
def paused(holdfast):
    """Nothing is settled until the test resumes."""
    holdfast.pause()
    yield holdfast
    holdfast.resume()


def assert_repeat(holdfast, first, body, **kwargs):
    answer = holdfast.place(body, **kwargs)
    assert answer.status == 202, answer
    assert answer.replayed, answer
    assert answer.json["order_id"] == first.json["order_id"]
    assert answer.headers["Location"] == first.headers["Location"]
    for member in ("user_id", "currency", "lines", "amount", "placed_at", "plan"):
        assert answer.json[member] == first.json[member], member
    return answer


def accepted(answer):
    assert answer.status == 202, answer
    assert not answer.replayed, answer
    assert answer.headers["Location"] == f"/v1/orders/{answer.json['order_id']}"
    return answer


@pytest.mark.parametrize("settled", [False, True], ids=["unsettled", "settled"])
def test_repeat_of_the_order_that_bought_the_last_unit_is_accepted(holdfast, sku, settled):
    holdfast.set_stock(sku, 1)
    if not settled:
        holdfast.pause()
    body = order_body("u-1", (sku, 1, 1999))
    first = accepted(holdfast.place(body))
    sold_out = holdfast.place(order_body("u-2", (sku, 1, 1999)))
    assert (sold_out.status, sold_out.code) == (409, "out_of_stock")
    if settled:
        assert holdfast.order(body["order_id"], wait_s=20)["status"] == "completed"
    again = assert_repeat(holdfast, first, body)
    assert again.json["status"] == ("completed" if settled else "accepted")
    other = holdfast.place({**body, "user_id": "u-3"})
    assert (other.status, other.code) == (409, "order_id_conflict")
    holdfast.resume()
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["sold"] == 1


@pytest.mark.parametrize("settled", [False, True], ids=["unsettled", "settled"])
def test_an_idempotency_key_does_as_an_id_does(holdfast, sku, settled):
    holdfast.set_stock(sku, 1)
    if not settled:
        holdfast.pause()
    key = {"Idempotency-Key": f"key-{uuid.uuid4()}"}
    body = order_body("u-1", (sku, 1, 1999), order_id=None)
    first = accepted(holdfast.place(body, headers=key))
    if settled:
        holdfast.order(first.json["order_id"], wait_s=20)
    assert_repeat(holdfast, first, body, headers=key)
    quoted = {"Idempotency-Key": f'"{key["Idempotency-Key"]}"'}
    assert_repeat(holdfast, first, body, headers=quoted)
    conflict = holdfast.place({**body, "currency": "EUR"}, headers=key)
    assert (conflict.status, conflict.code) == (409, "order_id_conflict")
    holdfast.resume()
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["sold"] == 1


def test_equal_content_is_written_in_many_ways(holdfast, sku):
    other = f"{sku}-2"
    holdfast.set_stock(sku, 5)
    holdfast.set_stock(other, 5)
    body = order_body("u-1", (sku, 1, 5), (other, 2, 7))
    first = accepted(holdfast.place(body))
    shuffled = {"plan": "default", "attributes": {}, "lines": body["lines"][::-1],
                "currency": "CNY", "user_id": "u-1", "order_id": body["order_id"].upper()}
    assert_repeat(holdfast, first, shuffled)
    for change in ({"attributes": {"k": "v"}}, {"lines": body["lines"][:1]}, {"currency": "USD"},
                   {"lines": [{**body["lines"][0], "unit_price": 6}, body["lines"][1]]}):
        conflict = holdfast.place({**body, **change})
        assert (conflict.status, conflict.code) == (409, "order_id_conflict"), change


def test_the_body_s_id_counts_before_the_header(holdfast, sku):
    holdfast.set_stock(sku, 5)
    body = order_body("u-1", (sku, 1, 5))
    key = {"Idempotency-Key": f"key-{uuid.uuid4()}"}
    first = accepted(holdfast.place(body, headers=key))
    assert first.json["order_id"] == body["order_id"]
    assert_repeat(holdfast, first, body)
    second = accepted(holdfast.place({k: v for k, v in body.items() if k != "order_id"},
                                     headers=key))
    assert second.json["order_id"] != body["order_id"]


@pytest.mark.parametrize("with_key", [False, True], ids=["order_id", "idempotency_key"])
def test_sixteen_equal_requests_at_once_are_one_reservation(holdfast, sku, with_key):
    holdfast.set_stock(sku, 10)
    for _ in range(10):
        key = {"Idempotency-Key": str(uuid.uuid4())} if with_key else {}
        body = order_body("u-1", (sku, 1, 1999))
        if with_key:
            del body["order_id"]
        answers = burst(lambda _: holdfast.place(body, headers=key), 16, 16)
        assert [answer.status for answer in answers] == [202] * 16, answers
        assert len({answer.json["order_id"] for answer in answers}) == 1
        assert sum(not answer.replayed for answer in answers) == 1
    at_rest(holdfast)
    stock = check_sku(holdfast, sku)
    assert (stock["sold"], stock["available"]) == (10, 0)


def test_requests_with_one_id_and_different_content_at_once_make_one_order(holdfast, sku):
    holdfast.set_stock(sku, 100)
    body = order_body("u-0", (sku, 1, 1999))
    answers = burst(lambda i: holdfast.place({**body, "user_id": f"u-{i % 4}"}), 32, 16)
    taken = [answer for answer in answers if answer.status == 202]
    assert sum(not answer.replayed for answer in taken) == 1
    assert len({answer.json["user_id"] for answer in taken}) == 1 and len(taken) == 8
    assert all(answer.code == "order_id_conflict" for answer in answers if answer.status != 202)
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["sold"] == 1


def test_a_refused_request_is_not_remembered(holdfast, sku):
    holdfast.set_stock(sku, 1)
    body = order_body("u-1", (sku, 2, 10))
    assert holdfast.place(body).code == "out_of_stock"
    holdfast.set_stock(sku, 2)
    accepted(holdfast.place(body))
    # Other content under the id of a refused request is no conflict.
    refused = order_body("u-1", (sku, 5, 10))
    assert holdfast.place(refused).code == "out_of_stock"
    holdfast.set_stock(sku, 7)
    accepted(holdfast.place({**refused, "user_id": "u-2"}))


def test_wait_answers_200_with_the_final_order_and_its_repeat_too(holdfast, sku):
    holdfast.set_stock(sku, 1)
    body = order_body("u-1", (sku, 1, 1999))
    first = holdfast.place(body, headers={"Prefer": "wait=30"})
    assert first.status == 200 and first.json["status"] == "completed", first
    assert [step["status"] for step in first.json["steps"]] == ["done", "done"]
    again = holdfast.place(body, headers={"Prefer": "wait=30"})
    assert again.status == 200 and again.replayed and again.json["status"] == "completed", again
    plain = holdfast.place(body)
    assert plain.status == 202 and plain.replayed and plain.json["status"] == "completed", plain


def test_wait_that_runs_out_answers_202(paused, sku):
    paused.set_stock(sku, 1)
    answer = paused.place(order_body("u-1", (sku, 1, 1999)), headers={"Prefer": "wait=1"})
    assert answer.status == 202 and answer.json["status"] == "accepted", answer
    assert [step["status"] for step in answer.json["steps"]] == ["pending", "pending"]
    assert answer.json["durability"] == "queued"


def test_repeat_is_recognised_before_the_purchase_limit(holdfast, sku):
    holdfast.set_stock(sku, 10, purchase_limit=1)
    body = order_body("u-1", (sku, 1, 1999))
    first = accepted(holdfast.place(body))
    assert_repeat(holdfast, first, body)
    refused = holdfast.place(order_body("u-1", (sku, 1, 1999)))
    assert (refused.status, refused.code) == (409, "purchase_limit_exceeded")


def test_a_repeat_after_the_refund_shows_the_order_as_it_stands(holdfast, sku):
    holdfast.set_stock(sku, 1)
    body = order_body("u-1", (sku, 1, 1999))
    first = accepted(holdfast.place(body))
    holdfast.order(body["order_id"], wait_s=20)
    assert holdfast.refund(body["order_id"], headers={"Prefer": "wait=20"}).status == 200
    assert assert_repeat(holdfast, first, body).json["status"] == "refunded"
    assert holdfast.stock(sku)["available"] == 1


def test_repeats_are_known_after_the_journal_entry_has_gone(install, sku):
    holdfast = install({"journal.retention": "1s"}).start()
    holdfast.set_stock(sku, 1)
    body = order_body("u-1", (sku, 1, 1999))
    first = accepted(holdfast.place(body))
    holdfast.order(body["order_id"], wait_s=20)
    wait_until(lambda: not holdfast.stack.redis("--scan", "--pattern", f"*{body['order_id']}*"),
               10, "the journal entry to expire", 0.2)
    assert_repeat(holdfast, first, body)
    conflict = holdfast.place({**body, "user_id": "u-2"})
    assert (conflict.status, conflict.code) == (409, "order_id_conflict")
    # The same once there is stock again: the id must not buy a second time.
    holdfast.set_stock(sku, 5)
    assert_repeat(holdfast, first, body)
    conflict = holdfast.place({**body, "user_id": "u-2"})
    assert (conflict.status, conflict.code) == (409, "order_id_conflict")
    at_rest(holdfast)
    stock = check_sku(holdfast, sku)
    assert (stock["available"], stock["sold"]) == (5, 1)
