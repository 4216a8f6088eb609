"""Steps of kind `amqp`: the example workers do them; whatever dies, each is done once (I4)."""

import base64
import json
import secrets

import pytest

from support.checks import at_rest
from support.examples import HttpStep, NodeWorker, PythonWorker
from support.program import order_body
from support.waiting import wait_until

WORKERS = [PythonWorker, NodeWorker]
# What each worker writes down for an order of 3 units at 250 each.
EFFECT = {"python": 3, "node": 750}
REFUSE = {"python": {"warehouse": "refuse"}, "node": {"gift_card": "refuse"}}


def plan(timeout="20s", attempts=8):
    return f"""
[[plans.default.steps]]
name = "stock"
kind = "stock"
[[plans.default.steps]]
name = "pack"
kind = "amqp"
after = ["stock"]
timeout = "{timeout}"
retry = {{ attempts = {attempts}, first = "100ms", factor = 2, max = "500ms" }}
[[plans.default.steps]]
name = "points"
kind = "points"
after = ["pack"]
"""


@pytest.fixture
def shop(install, sku):
    """shop(...) -> Holdfast with the step `pack` in its plan, started, 100 units of `sku` in it."""
    def make(**settings):
        holdfast = install({"refund.delay": "1s"}, tables=plan(**settings)).start()
        holdfast.set_stock(sku, 100)
        return holdfast

    return make


@pytest.fixture
def employ(tmp_path):
    """employ(kind, holdfast, more options…) -> a worker of the step `pack`, started."""
    workers = []

    def make(kind, holdfast, *options):
        folder = tmp_path / f"worker-{len(workers)}"
        folder.mkdir()
        worker = kind(folder, holdfast, "pack")
        workers.append(worker)
        worker.start(*options).wait_for("taking steps from")
        return worker

    yield make
    for worker in workers:
        worker.remove()


def step_of(order, name="pack"):
    return next(step for step in order["steps"] if step["name"] == name)


def place(holdfast, sku, **members):
    answer = holdfast.place(order_body("u-1", (sku, 3, 250), **members))
    assert answer.status == 202, answer
    return answer.json["order_id"]


def keys(worker):
    return [key for key, _ in worker.effects()]


def work_queue(holdfast):
    return f"{holdfast.name}.work.pack"


def answers_queue(holdfast):
    return f"{holdfast.name}.answers"


def publish_answer(holdfast, order_id, outcome, direction="forward", cause=None, **members):
    """An answer as a worker in any language would give it."""
    key = f"{order_id}/pack/{direction}" + (f"/{cause}" if cause else "")
    holdfast.stack.management.publish(answers_queue(holdfast), json.dumps({
        "order_id": order_id, "step": "pack", "direction": direction, "idempotency_key": key,
        "outcome": outcome, **members}))


def taken(holdfast, count=1, deadline_s=20):
    """Waits for so many steps and takes them as a worker would, for good; the messages."""
    messages = []

    def enough():
        messages.extend(holdfast.stack.management.call(
            "POST", f"/queues/%2f/{work_queue(holdfast)}/get",
            {"count": 50, "ackmode": "ack_requeue_false", "encoding": "auto"}) or [])
        return len(messages) >= count

    wait_until(enough, deadline_s, f"{count} steps in the workers' queue", 0.1)
    return messages


@pytest.mark.parametrize("kind", WORKERS, ids=lambda kind: kind.name)
def test_a_worker_completes_and_reverses_a_step(shop, employ, sku, kind):
    holdfast = shop()
    worker = employ(kind, holdfast)
    order = holdfast.completed(order_body("u-1", (sku, 3, 250)))
    order_id = order["order_id"]
    step = step_of(order)
    assert (step["status"], step["attempts"]) == ("done", 1), step
    assert step["reference"].endswith(order_id[:8])
    assert holdfast.points("u-1") == 7
    assert worker.effects() == [(f"{order_id}/pack/forward", EFFECT[kind.name])]

    refund_id = holdfast.refund(order_id).json["refund_id"]
    refund = holdfast.refunded(refund_id)
    assert (refund["status"], refund["amount"]) == ("refunded", 750), refund
    assert worker.effects()[1:] == [
        (f"{order_id}/pack/reverse/{refund_id}", -EFFECT[kind.name])]
    assert holdfast.points("u-1") == 0
    worker.stop()
    at_rest(holdfast)
    assert holdfast.stock(sku)["available"] == 100


@pytest.mark.parametrize("kind", WORKERS, ids=lambda kind: kind.name)
def test_a_partial_refund_takes_back_its_part(shop, employ, sku, kind):
    holdfast = shop()
    worker = employ(kind, holdfast)
    order_id = holdfast.completed(order_body("u-1", (sku, 3, 250)))["order_id"]
    for _ in range(3):
        refund_id = holdfast.refund(order_id, {"lines": [{"sku": sku, "quantity": 1}]})
        assert holdfast.refunded(refund_id.json["refund_id"])["amount"] == 250
    amounts = [amount for _, amount in worker.effects()]
    assert amounts[1:] == [-EFFECT[kind.name] // 3] * 3
    assert holdfast.order(order_id)["status"] == "refunded"


def test_what_a_worker_is_given(shop, sku):
    """The message of the contract, as it lies in the queue."""
    holdfast = shop()
    order_id = place(holdfast, sku, attributes={"gift": "yes"})
    message = taken(holdfast)[0]
    key = f"{order_id}/pack/forward"
    properties = message["properties"]
    assert properties["message_id"] == key and properties["delivery_mode"] == 2, properties
    assert properties["headers"]["idempotency-key"] == key
    assert properties["content_type"] == "application/json"
    assert json.loads(message["payload"]) == {
        "order_id": order_id, "step": "pack", "direction": "forward", "amount": 750,
        "currency": "CNY", "lines": [{"sku": sku, "quantity": 3, "unit_price": 250}],
        "user_id": "u-1", "attributes": {"gift": "yes"}}
    step = step_of(holdfast.order(order_id))
    assert (step["status"], step["attempts"]) == ("awaiting", 1), step
    publish_answer(holdfast, order_id, "succeeded", reference="P-1", unknown_member=[1])
    order = holdfast.order(order_id, wait_s=20)
    assert order["status"] == "completed" and step_of(order)["reference"] == "P-1"

    refund_id = holdfast.refund(order_id).json["refund_id"]
    message = taken(holdfast)[0]
    assert message["properties"]["message_id"] == f"{order_id}/pack/reverse/{refund_id}"
    assert json.loads(message["payload"]) == {
        "order_id": order_id, "step": "pack", "direction": "reverse", "amount": 750,
        "currency": "CNY", "lines": [{"sku": sku, "quantity": 3, "unit_price": 250}],
        "user_id": "u-1", "attributes": {"gift": "yes"}, "refund_id": refund_id,
        "forward_reference": "P-1"}
    publish_answer(holdfast, order_id, "succeeded", "reverse", refund_id)
    assert holdfast.refunded(refund_id)["status"] == "refunded"


@pytest.mark.parametrize("moment", ["before it is done", "done and not answered"])
@pytest.mark.parametrize("kind", WORKERS, ids=lambda kind: kind.name)
def test_a_worker_killed_in_mid_step_loses_nothing(shop, employ, sku, kind, moment):
    """The broker delivers again to the one that comes back, whose record knows what was done."""
    holdfast = shop(timeout="60s")
    before = moment == "before it is done"
    worker = employ(kind, holdfast, "--work-s" if before else "--linger-s", 60)
    order_ids = [place(holdfast, sku) for _ in range(3)]
    # The one works on one step at a time, the other on all that it has.
    done = 0 if before else 1 if kind is PythonWorker else 3
    wait_until(lambda: is_taken(holdfast, 3) and len(worker.effects()) == done, 20,
               f"the steps to be at the worker and {done} of them done", 0.1)
    worker.kill()
    assert len(worker.effects()) == done
    worker.start()
    for order_id in order_ids:
        assert holdfast.order(order_id, wait_s=30)["status"] == "completed"
    assert sorted(keys(worker)) == sorted(f"{order_id}/pack/forward" for order_id in order_ids)
    worker.stop()


def is_taken(holdfast, count):
    """The broker has handed `count` steps to a worker that has not acknowledged them."""
    queue = holdfast.stack.management.call("GET", f"/queues/%2f/{work_queue(holdfast)}")
    return queue.get("messages_unacknowledged", 0) == count


@pytest.mark.parametrize("kind", WORKERS, ids=lambda kind: kind.name)
def test_what_is_not_answered_comes_again_under_the_same_key_and_is_done_once(shop, employ, sku,
                                                                              kind):
    holdfast = shop(timeout="300ms")
    order_id = place(holdfast, sku)
    wait_until(lambda: step_of(holdfast.order(order_id))["attempts"] >= 2, 40,
               "the step to be sent again", 0.1)
    worker = employ(kind, holdfast)
    order = holdfast.order(order_id, wait_s=20)
    assert order["status"] == "completed", order
    key = f"{order_id}/pack/forward"
    wait_until(lambda: worker.log_text().count(key) >= 2, 20, "the repeat to be taken")
    assert worker.effects() == [(f"{order_id}/pack/forward", EFFECT[kind.name])]
    worker.stop()


@pytest.mark.parametrize("kind", WORKERS, ids=lambda kind: kind.name)
def test_a_refusal_cancels_the_order(shop, employ, sku, kind):
    holdfast = shop()
    worker = employ(kind, holdfast)
    order_id = place(holdfast, sku, attributes=REFUSE[kind.name])
    order = holdfast.order(order_id, wait_s=20)
    assert (order["status"], order["reason"]) == ("cancelled", "step_failed"), order
    assert order["failed_step"] == "pack" and step_of(order)["status"] == "failed"
    assert step_of(order)["error"] in ("the warehouse does not pack this",
                                       "no card for this order")
    assert worker.effects() == []
    at_rest(holdfast)
    assert holdfast.stock(sku)["available"] == 100


def test_a_worker_may_say_that_the_payment_was_declined(shop, sku):
    holdfast = shop()
    order_id = place(holdfast, sku)
    taken(holdfast)
    publish_answer(holdfast, order_id, "failed", payment_declined=True, error="no money")
    order = holdfast.order(order_id, wait_s=20)
    assert (order["status"], order["reason"]) == ("cancelled", "payment_declined"), order


@pytest.mark.parametrize("second", ["succeeded", "failed"])
def test_an_answer_given_twice_counts_once(shop, sku, second):
    holdfast = shop()
    order_id = place(holdfast, sku)
    taken(holdfast)
    publish_answer(holdfast, order_id, "succeeded", reference="first")
    assert holdfast.order(order_id, wait_s=20)["status"] == "completed"
    publish_answer(holdfast, order_id, second, reference="second")
    settle_answers(holdfast, sku)
    order = holdfast.order(order_id)
    assert order["status"] == "completed" and step_of(order)["reference"] == "first", order
    assert holdfast.points("u-1") == 2 * 7  # this order's and that of `settle_answers`
    assert holdfast.list_all("/v1/parked", "parked") == []


def settle_answers(holdfast, sku):
    """Returns when everything that lay in `answers` before has been dealt with, in its turn."""
    order_id = place(holdfast, sku)
    taken(holdfast)
    publish_answer(holdfast, order_id, "succeeded")
    assert holdfast.order(order_id, wait_s=20)["status"] == "completed"


def test_nobody_answers_attempts_then_parked_then_retried(shop, employ, sku):
    holdfast = shop(timeout="300ms", attempts=3)
    order_id = place(holdfast, sku)
    parked = wait_until(lambda: holdfast.list_all("/v1/parked", "parked"), 60,
                        "the step to be parked", 0.1)
    assert len(parked) == 1, parked
    assert (parked[0]["order_id"], parked[0]["step"]) == (order_id, "pack"), parked
    order = holdfast.order(order_id)
    step = step_of(order)
    assert order["status"] == "processing" and step["parked"] is True, order
    assert (step["status"], step["attempts"]) == ("unknown", 3), step
    assert step["error"]

    worker = employ(PythonWorker, holdfast)
    order = holdfast.order(order_id, wait_s=20)
    assert order["status"] == "completed", order  # its answer came late, and counts
    assert worker.effects() == [(f"{order_id}/pack/forward", 3)]
    wait_until(lambda: not holdfast.list_all("/v1/parked", "parked"), 10, "nothing to be parked")


def test_a_reverse_that_fails_is_asked_again_then_parked(shop, sku):
    """Nothing that was taken is kept: a refusal is no end of a reverse."""
    holdfast = shop(attempts=2)
    order_id = place(holdfast, sku)
    taken(holdfast)
    publish_answer(holdfast, order_id, "succeeded")
    assert holdfast.order(order_id, wait_s=20)["status"] == "completed"
    refund_id = holdfast.refund(order_id).json["refund_id"]
    for _ in range(2):
        taken(holdfast)
        publish_answer(holdfast, order_id, "failed", "reverse", refund_id, error="not today")
    refund = holdfast.refunded(refund_id)
    assert refund["status"] == "needs_attention" and "not today" in refund["error"], refund
    parked = wait_until(lambda: holdfast.list_all("/v1/parked", "parked"), 10, "it to be parked")
    assert [(one["refund_id"], one["step"], one["attempts"]) for one in parked] == [
        (refund_id, "pack", 2)]
    assert holdfast.api.post(f"/v1/parked/{parked[0]['id']}/retry").status == 202
    taken(holdfast)
    publish_answer(holdfast, order_id, "succeeded", "reverse", refund_id)
    wait_until(lambda: holdfast.refunded(refund_id)["status"] == "refunded", 20, "the refund's end")


GARBAGE = [
    "rubbish", "{}", "[]", "\u0000", '{"order_id": 7}',
    '{"order_id":"%s","step":"pack","direction":"sideways","outcome":"succeeded"}',
    '{"order_id":"%s","step":"pack","direction":"forward","outcome":"perhaps"}',
    '{"order_id":"%s","step":"pack","direction":"reverse","outcome":"succeeded"}',
]


def test_garbage_among_the_answers_is_parked_and_disturbs_nothing(shop, sku):
    holdfast = shop()
    order_id = place(holdfast, sku)
    taken(holdfast)
    for text in GARBAGE:
        holdfast.stack.management.publish(answers_queue(holdfast), text.replace("%s", order_id))
    parked = wait_until(
        lambda: (found := holdfast.list_all("/v1/parked", "parked")) and
        len(found) == len(GARBAGE) and found, 20, "all of it to be parked", 0.1)
    for one in parked:
        assert (one["reason"], one["queue"]) == ("undecodable", answers_queue(holdfast)), one
        assert one["detail"]
    assert step_of(holdfast.order(order_id))["status"] == "awaiting"
    publish_answer(holdfast, order_id, "succeeded")
    assert holdfast.order(order_id, wait_s=20)["status"] == "completed"


def test_answers_that_nobody_asked_for_change_nothing(shop, sku):
    """Of an order that is not there, of a step that is none, of a reverse before its time."""
    holdfast = shop()
    order_id = place(holdfast, sku)
    taken(holdfast)
    nowhere = "01890000-0000-7000-8000-000000000000"
    publish_answer(holdfast, nowhere, "succeeded")
    publish_answer(holdfast, order_id, "succeeded", "reverse", nowhere)
    publish_answer(holdfast, order_id, "failed", "reverse", "cancel")
    holdfast.stack.management.publish(answers_queue(holdfast), json.dumps({
        "order_id": order_id, "step": "stock", "direction": "forward", "outcome": "failed",
        "idempotency_key": f"{order_id}/stock/forward"}))
    settle_answers(holdfast, sku)
    order = holdfast.order(order_id)
    assert (order["status"], step_of(order)["status"]) == ("processing", "awaiting"), order
    publish_answer(holdfast, order_id, "succeeded")
    assert holdfast.order(order_id, wait_s=20)["status"] == "completed"
    assert holdfast.list_all("/v1/parked", "parked") == []


@pytest.mark.parametrize("kind", WORKERS, ids=lambda kind: kind.name)
def test_a_worker_rejects_what_is_no_step(shop, employ, sku, kind):
    """It ends among the parked messages; the worker goes on."""
    holdfast = shop()
    worker = employ(kind, holdfast)
    holdfast.stack.management.publish(work_queue(holdfast), "rubbish")
    parked = wait_until(lambda: holdfast.list_all("/v1/parked", "parked"), 20, "it to be parked")
    assert parked[0]["queue"] == work_queue(holdfast), parked
    holdfast.completed(order_body("u-1", (sku, 3, 250)))
    worker.stop()


@pytest.mark.parametrize("kind", WORKERS, ids=lambda kind: kind.name)
def test_workers_come_back_when_rabbitmq_does(shop, employ, stack, sku, kind):
    holdfast = shop(timeout="2s")
    worker = employ(kind, holdfast)
    stack.kill("rabbitmq")
    order_id = place(holdfast, sku)
    stack.start("rabbitmq")
    assert holdfast.order(order_id, wait_s=60)["status"] == "completed"
    assert worker.effects() == [(f"{order_id}/pack/forward", EFFECT[kind.name])]
    worker.stop()


def test_two_workers_share_the_steps_and_holdfast_is_killed_meanwhile(shop, employ, sku):
    holdfast = shop(timeout="3s")
    workers = [employ(kind, holdfast, "--work-s", 0.02) for kind in WORKERS]
    order_ids = [place(holdfast, sku) for _ in range(20)]
    wait_until(lambda: any(worker.effects() for worker in workers), 20, "the first step")
    holdfast.kill()
    holdfast.start()
    for order_id in order_ids:
        assert holdfast.order(order_id, wait_s=40)["status"] == "completed"
    done = [set(keys(worker)) for worker in workers]
    assert all(len(keys(worker)) == len(set(keys(worker))) for worker in workers)
    assert set().union(*done) == {f"{order_id}/pack/forward" for order_id in order_ids}


# The example server of a step of kind `http`, which is one of the guide's three.

def http_plan(url, secret):
    return f"""
[[plans.default.steps]]
name = "stock"
kind = "stock"
[[plans.default.steps]]
name = "insure"
kind = "http"
after = ["stock"]
forward_url = "{url}/forward"
reverse_url = "{url}/reverse"
webhook_secret = "{secret}"
retry = {{ attempts = 3, first = "100ms", factor = 2, max = "500ms" }}
"""


@pytest.fixture
def insurer(tmp_path):
    server = HttpStep(tmp_path, a_secret())
    server.secret = server.arguments[-1]
    yield server.listen()
    server.remove()


def a_secret():
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def test_the_http_example_insures_and_takes_back(install, insurer, sku):
    holdfast = install(tables=http_plan(insurer.url, insurer.secret)).start()
    holdfast.set_stock(sku, 10)
    order = holdfast.completed(order_body("u-1", (sku, 2, 100)))
    assert step_of(order, "insure")["reference"] == "policy-" + order["order_id"][:8]
    assert insurer.insurances() == [(order["order_id"], "insure", 200)]
    refund = holdfast.refund(order["order_id"], {"lines": [{"sku": sku, "quantity": 1}]})
    assert holdfast.refunded(refund.json["refund_id"])["status"] == "refunded"
    assert insurer.insurances() == [(order["order_id"], "insure", 100)]
    body = order_body("u-2", (sku, 1, 100), attributes={"insurance": "refuse"})
    assert holdfast.place(body).status == 202
    refused = holdfast.order(body["order_id"], wait_s=20)
    assert (refused["status"], refused["failed_step"]) == ("cancelled", "insure"), refused
    insurer.stop()


def test_the_http_example_does_nothing_without_a_good_signature(install, insurer, sku):
    holdfast = install(tables=http_plan(insurer.url, a_secret())).start()
    holdfast.set_stock(sku, 10)
    answer = holdfast.place(order_body("u-1", (sku, 2, 100)), headers={"Prefer": "wait=20"})
    assert answer.json["status"] == "cancelled", answer
    assert "401" in step_of(answer.json, "insure")["error"]
    assert insurer.insurances() == []
