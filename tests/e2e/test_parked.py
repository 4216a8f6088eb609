"""Messages that cannot be handled wait for an operator, in the way of nobody."""

import uuid

import pytest

from support.program import order_body
from support.waiting import wait_until


@pytest.fixture
def parked(holdfast):
    """park(text) puts rubbish into the queue of orders and returns it as it is parked."""
    def park(text, queue="orders"):
        before = {one["id"] for one in holdfast.list_all("/v1/parked", "parked")}
        holdfast.stack.management.publish(f"{holdfast.name}.{queue}", text)
        return wait_until(
            lambda: [one for one in holdfast.list_all("/v1/parked", "parked")
                     if one["id"] not in before], 15, "the message to be parked", 0.05)[0]

    yield park

    def emptied():
        for one in holdfast.list_all("/v1/parked", "parked"):
            holdfast.api.delete(f"/v1/parked/{one['id']}?reason=end+of+the+test")
        ready = [holdfast.stack.management.call("GET", f"/queues/%2f/{holdfast.name}.{queue}")
                 for queue in ("orders", "refunds", "parked")]
        return not holdfast.list_all("/v1/parked", "parked") and not any(
            queue.get("messages", 0) for queue in ready)

    wait_until(emptied, 20, "nothing to be parked any more", 0.2)


def test_rubbish_is_parked_as_undecodable_and_orders_go_on(holdfast, parked, sku):
    holdfast.set_stock(sku, 10)
    texts = ["rubbish", "{}", "[]", '{"orders": 7}', "\u0000", "x" * 9000]
    for number, text in enumerate(texts):
        one = parked(text + " " * number)
        assert one["reason"] == "undecodable" and one["queue"].endswith("orders"), one
        assert one["attempts"] >= 1 and one["detail"] and one["first_at"] and one["last_at"]
        holdfast.completed(order_body("u-1", (sku, 1, 1)))


def test_rubbish_in_the_queue_of_refunds_is_parked_too(holdfast, parked):
    one = parked("rubbish", queue="refunds")
    assert one["reason"] == "undecodable" and one["queue"].endswith("refunds"), one


def test_filters_and_groups(holdfast, parked):
    first = parked("first")
    second = parked("second", queue="refunds")
    ids = lambda query: [one["id"] for one in holdfast.list_all("/v1/parked" + query, "parked")]
    assert ids("") == [second["id"], first["id"]]
    assert ids(f"?queue={first['queue']}") == [first["id"]]
    assert ids("?reason=undecodable") == [second["id"], first["id"]]
    assert ids("?reason=another") == []
    assert ids(f"?order_id={uuid.uuid4()}") == []
    groups = holdfast.api.get("/v1/parked/groups").json["groups"]
    assert {(group["queue"], group["reason"], group["count"]) for group in groups} == {
        (first["queue"], "undecodable", 1), (second["queue"], "undecodable", 1)}
    assert all(group["oldest_at"] for group in groups)
    page = holdfast.api.get("/v1/parked?limit=1").json
    rest = holdfast.api.get(f"/v1/parked?limit=1&cursor={page['next_cursor']}").json
    assert [one["id"] for one in page["parked"] + rest["parked"]] == [second["id"], first["id"]]


def test_the_queue_s_whole_name_is_what_operators_see_and_filter_by(holdfast, parked):
    one = parked("rubbish")
    assert one["queue"] == f"{holdfast.name}.orders"


def test_discard_needs_a_reason_and_is_final(holdfast, parked):
    one = parked("to be discarded")
    for query in ("", "?reason="):
        refused = holdfast.api.delete(f"/v1/parked/{one['id']}{query}")
        assert (refused.status, refused.code) == (400, "invalid_request"), refused
    done = holdfast.api.delete(f"/v1/parked/{one['id']}?reason=rubbish+of+a+test")
    assert done.status == 202, done
    again = holdfast.api.delete(f"/v1/parked/{one['id']}?reason=again")
    assert (again.status, again.code) == (404, "not_found"), again
    assert holdfast.list_all("/v1/parked", "parked") == []
    audit = holdfast.stack.sql("select detail from audit where action = 'parked.discard'",
                               holdfast.name)
    assert "rubbish of a test" in audit


def test_retry_runs_it_again(holdfast, parked):
    one = parked("to be run again")
    answer = holdfast.api.post(f"/v1/parked/{one['id']}/retry")
    assert answer.status == 202, answer

    def parked_anew():
        now = holdfast.list_all("/v1/parked", "parked")
        return now if len(now) == 1 and now[0]["last_at"] > one["last_at"] else None

    again = wait_until(parked_anew, 15, "the same rubbish to be parked again", 0.05)[0]
    assert again["reason"] == "undecodable"


def test_retry_of_all_that_match_ends(holdfast, parked):
    one = parked("one")
    parked("two")
    answer = holdfast.api.post("/v1/parked/retry", {"queue": one["queue"], "reason": "undecodable"})
    assert answer.status == 202 and answer.json["retried"] == 2, answer
    wait_until(lambda: len(holdfast.list_all("/v1/parked", "parked")) == 2, 15, "both again", 0.05)
    answer = holdfast.api.post("/v1/parked/retry", {"reason": "another"})
    assert answer.status == 202 and answer.json["retried"] == 0, answer


def test_retry_of_more_than_one_batch_of_rubbish_ends(install):
    """What is parked anew while the retry goes on is not its to run again."""
    holdfast = install().start()
    for number in range(250):
        holdfast.stack.management.publish(f"{holdfast.name}.orders", f"rubbish {number}")

    def parked():
        return holdfast.list_all("/v1/parked", "parked")

    wait_until(lambda: len(parked()) == 250, 20, "250 parked messages", 0.1)
    answer = holdfast.api.post("/v1/parked/retry", {})
    assert answer.status == 202 and answer.json["retried"] == 250, answer
    wait_until(lambda: len(parked()) == 250, 20, "250 parked messages again", 0.1)


def test_unknown_ones_are_404(holdfast):
    for one in (str(uuid.uuid4()), "17", "x"):
        for answer in (holdfast.api.post(f"/v1/parked/{one}/retry"),
                       holdfast.api.delete(f"/v1/parked/{one}?reason=x")):
            assert (answer.status, answer.code) == (404, "not_found"), answer


def test_bad_filters_of_a_retry_are_400(holdfast, parked):
    parked("stays")
    for body in ({"colour": "red"}, {"order_id": "x"}, {"queue": None}, []):
        answer = holdfast.api.post("/v1/parked/retry", body)
        assert (answer.status, answer.code) == (400, "invalid_request"), answer
    assert len(holdfast.list_all("/v1/parked", "parked")) == 1
