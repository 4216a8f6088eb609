"""CloudEvents for other systems: each occurrence arrives, at least once, always under one id.

Most tests listen with a queue of their own, which hears repeats too; the subscriber of the examples
passes them over.
"""

import json
import os
import re
import time

import pytest
import yaml
from jsonschema import Draft202012Validator

from support.checks import FINAL, FINAL_REFUND, at_rest
from support.examples import NodeWorker, PythonWorker, Subscriber
from support.program import order_body
from support.stack import ROOT
from support.traffic import Background
from support.waiting import wait_until

PLAN = """
[[plans.default.steps]]
name = "stock"
kind = "stock"
[[plans.default.steps]]
name = "pack"
kind = "amqp"
after = ["stock"]
timeout = "1m"
retry = { attempts = 1 }
"""
ALL_TYPES = {"order.accepted", "order.completed", "order.cancelled", "refund.waiting",
             "refund.refunded", "refund.needs_attention", "stock.sold_out", "stock.restocked"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Ear:
    """A queue of the test's own on the exchange of events; `messages` are all that came."""

    def __init__(self, holdfast, pattern="#"):
        self.management = holdfast.stack.management
        self.queue = f"{holdfast.name}.ear.{time.monotonic_ns()}"
        exchange = f"{holdfast.name}.events"
        self.management.call("PUT", f"/queues/%2f/{self.queue}", {
            "durable": True, "arguments": {"x-queue-type": "quorum"}})
        self.management.call("POST", f"/bindings/%2f/e/{exchange}/q/{self.queue}",
                             {"routing_key": pattern})
        self.messages = []

    def listen(self):
        """Takes what has come since; all messages so far."""
        while batch := take(self.management, self.queue):
            self.messages += batch
        return self.messages

    def events(self):
        return [json.loads(message["payload"]) for message in self.listen()]

    def wait_for(self, *types, deadline_s=20):
        """Waits until at least these types have come; the events."""
        return wait_until(
            lambda: (found := self.events()) and
            set(types) <= {event["type"] for event in found} and found,
            deadline_s, f"{types} to be heard", 0.1)


def take(management, queue):
    """Takes some of what is in a queue for good."""
    return management.call("POST", f"/queues/%2f/{queue}/get", {
        "count": 500, "ackmode": "ack_requeue_false", "encoding": "auto"}) or []


def of(events, type_, subject=None):
    return [event for event in events
            if event["type"] == type_ and subject in (None, event["subject"])]


@pytest.fixture
def shop(install, sku):
    """With a step that the test itself answers, and a queue that hears everything."""
    holdfast = install({"refund.delay": "1s"}, tables=PLAN).start()
    holdfast.ear = Ear(holdfast)
    holdfast.steps = []  # what was given to the test as the worker of `pack`
    holdfast.set_stock(sku, 5)
    return holdfast


def place(holdfast, sku, quantity=1, **members):
    answer = holdfast.place(order_body("u-1", (sku, quantity, 250), **members))
    assert answer.status == 202, answer
    return answer.json["order_id"]


def answer(holdfast, order_id, outcome, direction="forward", cause=None):
    """Answers the step `pack` as a worker would, once it has been given out."""
    key = f"{order_id}/pack/{direction}" + (f"/{cause}" if cause else "")

    def given_out():
        holdfast.steps += take(holdfast.stack.management, f"{holdfast.name}.work.pack")
        return any(step["properties"]["message_id"] == key for step in holdfast.steps)

    wait_until(given_out, 20, f"{key} to be given out", 0.1)
    holdfast.stack.management.publish(f"{holdfast.name}.answers", json.dumps({
        "order_id": order_id, "step": "pack", "direction": direction, "idempotency_key": key,
        "outcome": outcome}))


def live_through_everything(holdfast, sku):
    """Brings about one event of each type; the ids of what they are about."""
    completed = place(holdfast, sku, 5)  # the last five units
    waiting = holdfast.refund(completed, {"lines": [{"sku": sku, "quantity": 1}]}).json["refund_id"]
    answer(holdfast, completed, "succeeded")
    assert holdfast.order(completed, wait_s=20)["status"] in ("completed", "partially_refunded")
    answer(holdfast, completed, "succeeded", "reverse", waiting)
    assert holdfast.refunded(waiting)["status"] == "refunded"

    parked = holdfast.refund(completed).json["refund_id"]
    answer(holdfast, completed, "failed", "reverse", parked)
    assert holdfast.refunded(parked)["status"] == "needs_attention"

    cancelled = place(holdfast, sku, 1)
    answer(holdfast, cancelled, "failed")
    assert holdfast.order(cancelled, wait_s=20)["status"] == "cancelled"
    return {"completed": completed, "cancelled": cancelled, "refund": waiting, "parked": parked}


def test_everything_that_happens_is_told_with_its_own_key_and_id(shop, sku):
    ids = live_through_everything(shop, sku)
    events = shop.ear.wait_for(*ALL_TYPES)
    told = {(event["type"], event["subject"]) for event in events}
    assert told >= {
        ("order.accepted", ids["completed"]), ("order.completed", ids["completed"]),
        ("order.accepted", ids["cancelled"]), ("order.cancelled", ids["cancelled"]),
        ("refund.waiting", ids["refund"]), ("refund.refunded", ids["refund"]),
        ("refund.needs_attention", ids["parked"]), ("stock.sold_out", sku),
        ("stock.restocked", sku)}
    assert {type_ for type_, _ in told} == ALL_TYPES
    assert ("order.completed", ids["cancelled"]) not in told
    for message in shop.ear.messages:
        event = json.loads(message["payload"])
        assert message["routing_key"] == event["type"]
        assert message["properties"]["content_type"] == "application/cloudevents+json"
        assert message["properties"]["delivery_mode"] == 2
        assert message["properties"]["message_id"] == event["id"]
        assert event["specversion"] == "1.0"
        assert event["source"] == f"/holdfast/{shop.name}"
        assert event["datacontenttype"] == "application/json"
        assert UUID.fullmatch(event["id"]) and TIME.fullmatch(event["time"]), event
        assert isinstance(event["data"], dict) and event["data"]
    assert len({event["id"] for event in events}) == len(events), "an id stands for two things"


def test_what_orders_say(shop, sku):
    ids = live_through_everything(shop, sku)
    events = shop.ear.wait_for(*ALL_TYPES)
    accepted = of(events, "order.accepted", ids["completed"])[0]["data"]
    assert accepted["order_id"] == ids["completed"] and accepted["status"] == "accepted"
    assert accepted["lines"] == [{"sku": sku, "quantity": 5, "unit_price": 250}]
    assert (accepted["amount"], accepted["currency"], accepted["user_id"]) == (1250, "CNY", "u-1")
    assert accepted["plan"] == "default" and "completed_at" not in accepted
    completed = of(events, "order.completed", ids["completed"])[0]
    assert completed["data"]["completed_at"] == completed["time"]
    assert completed["data"]["status"] == "completed", completed
    cancelled = of(events, "order.cancelled", ids["cancelled"])[0]["data"]
    assert (cancelled["reason"], cancelled["failed_step"]) == ("step_failed", "pack")
    assert cancelled["status"] == "cancelled"


def test_what_refunds_and_stock_say(shop, sku):
    ids = live_through_everything(shop, sku)
    events = shop.ear.wait_for(*ALL_TYPES)
    refunded = of(events, "refund.refunded", ids["refund"])[0]["data"]
    assert (refunded["refund_id"], refunded["order_id"]) == (ids["refund"], ids["completed"])
    assert (refunded["amount"], refunded["currency"]) == (250, "CNY")
    assert [(line["sku"], line["quantity"]) for line in refunded["lines"]] == [(sku, 1)]
    assert of(events, "refund.waiting", ids["refund"])[0]["data"]["status"] == "waiting"
    attention = of(events, "refund.needs_attention", ids["parked"])[0]["data"]
    assert attention["status"] == "needs_attention" and "pack" in attention["error"]
    assert of(events, "stock.sold_out", sku)[0]["data"] == {"sku": sku, "on_hand": 0}
    restocked = of(events, "stock.restocked", sku)
    assert {event["data"]["on_hand"] > 0 for event in restocked} == {True}


def test_the_description_holds_for_what_is_sent(shop, sku):
    """docs/asyncapi.yaml against the messages themselves: events, a step, and its answer."""
    live_through_everything(shop, sku)
    shop.ear.wait_for(*ALL_TYPES)
    document = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text())
    assert document["asyncapi"] == "3.0.0"
    messages = document["components"]["messages"]
    by_type = {message["name"]: message for message in messages.values()}
    assert set(by_type) == ALL_TYPES | {"step", "answer"}
    for message in shop.ear.messages:
        check(document, by_type[message["routing_key"]], message)
    assert {json.loads(step["payload"])["direction"] for step in shop.steps} == {"forward",
                                                                                "reverse"}
    for message in shop.steps:
        check(document, by_type["step"], message)


@pytest.mark.parametrize("kind", [PythonWorker, NodeWorker], ids=lambda kind: kind.name)
def test_the_description_holds_for_what_workers_answer(shop, tmp_path, sku, kind):
    """Holdfast is away, so that the answers of the examples lie in their queue to be looked at."""
    order_ids = {place(shop, sku), place(shop, sku, attributes={"warehouse": "refuse",
                                                                "gift_card": "refuse"})}
    for order_id in order_ids:
        wait_until(lambda: shop.order(order_id)["steps"][1]["status"] == "awaiting", 20,
                   "the step to be given out")
    shop.stop()
    worker = kind(tmp_path, shop, "pack").start()
    answers = []

    def all_answered():
        answers.extend(take(shop.stack.management, f"{shop.name}.answers"))
        return len(answers) == 2

    wait_until(all_answered, 20, "both answers", 0.1)
    worker.stop()
    document = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text())
    for message in answers:
        check(document, document["components"]["messages"]["answer"], message)
    assert {json.loads(message["payload"])["outcome"] for message in answers} == {
        "succeeded", "failed"}


def test_the_examples_of_the_description_are_what_it_describes():
    document = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text())
    examples = 0
    for described in document["components"]["messages"].values():
        for example in described.get("examples", []):
            examples += 1
            validate(document, resolve(document, described["payload"]), example["payload"])
            validate(document, resolve(document, described["headers"]),
                     example.get("headers", {}))
    assert examples >= 4


def check(document, described, message):
    """One message of the broker against its description, which knows all of its members."""
    validate(document, resolve(document, described["payload"]), json.loads(message["payload"]))
    assert message["properties"]["content_type"] == described["contentType"], message
    validate(document, resolve(document, described["headers"]),
             message["properties"].get("headers", {}))


def validate(document, schema, value):
    schema = {**schema, "components": document["components"]}
    Draft202012Validator.check_schema(schema)
    faults = [f"{list(fault.absolute_path)}: {fault.message}"
              for fault in Draft202012Validator(schema).iter_errors(value)]
    assert not faults, (faults, value)


def resolve(document, part):
    while "$ref" in part:
        target = document
        for word in part["$ref"].removeprefix("#/").split("/"):
            target = target[word]
        part = target
    return part


def test_every_reference_of_the_description_leads_somewhere():
    document = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text())
    found = []

    def walk(part):
        if isinstance(part, dict):
            if "$ref" in part:
                found.append(part["$ref"])
                assert resolve(document, part), part
            for member in part.values():
                walk(member)
        elif isinstance(part, list):
            for member in part:
                walk(member)

    walk(document)
    assert len(found) > 10
    for operation in document["operations"].values():
        channel = resolve(document, operation["channel"])
        for message in operation["messages"]:
            assert resolve(document, resolve(document, message)) in [
                resolve(document, one) for one in channel["messages"].values()]


def test_a_subscriber_hears_what_it_asked_for_and_each_once(shop, tmp_path, sku):
    subscriber = Subscriber(tmp_path, shop, "order.*", "stock.sold_out").listen()
    ids = live_through_everything(shop, sku)
    wait_until(lambda: of(subscriber.events(), "order.cancelled", ids["cancelled"]), 20,
               "the last event")
    types = {event["type"] for event in subscriber.events()}
    assert types == {"order.accepted", "order.completed", "order.cancelled", "stock.sold_out"}

    # A repeat, as after a crash: it is passed over, also by one that was started anew.
    subscriber.stop()
    one = of(subscriber.events(), "order.accepted", ids["completed"])[0]
    before = subscriber.events()
    repeat(shop, one)
    subscriber.start()
    repeat(shop, one)
    missed = place(shop, sku, 1)  # the last event to arrive tells that the others have
    answer(shop, missed, "failed")
    wait_until(lambda: of(subscriber.events(), "order.cancelled", missed), 20, "the new order")
    assert subscriber.events()[:len(before)] == before
    assert [event["id"] for event in subscriber.events()].count(one["id"]) == 1
    subscriber.stop()


def repeat(holdfast, event):
    sent = holdfast.stack.management.call(
        "POST", f"/exchanges/%2f/{holdfast.name}.events/publish", {
            "properties": {"delivery_mode": 2}, "routing_key": event["type"],
            "payload": json.dumps(event), "payload_encoding": "string"})
    assert sent == {"routed": True}, sent


def test_events_wait_for_rabbitmq(install, stack, sku):
    holdfast = install().start()
    ear = Ear(holdfast)
    holdfast.set_stock(sku, 5)
    ear.wait_for("stock.restocked")
    stack.stop("rabbitmq")
    order_id = place(holdfast, sku)
    stack.start("rabbitmq")
    assert holdfast.order(order_id, wait_s=60)["status"] == "completed"
    events = ear.wait_for("order.accepted", "order.completed")
    assert of(events, "order.completed", order_id)


def test_none_are_sent_where_they_are_switched_off(install, sku):
    holdfast = install({"events.enabled": False}).start()
    ear = Ear(holdfast)
    holdfast.set_stock(sku, 1)
    order_id = holdfast.completed(order_body("u-1", (sku, 1, 250)))["order_id"]
    refund_id = holdfast.refund(order_id).json["refund_id"]
    assert holdfast.refunded(refund_id)["status"] == "refunded"
    at_rest(holdfast)
    assert holdfast.stack.sql("select count(*) from events", holdfast.name) == "0"
    assert ear.events() == []


POINTS = ["events_published_before_delete", "events_published_before_delete:4",
          "book_committed_before_ack:2", "reversal_committed_before_release:2",
          "published_before_outbox_delete:3", "refund_inserted_before_publish:2"]
if os.environ.get("HOLDFAST_TEST_LONG") == "1":
    POINTS += ["events_published_before_delete:9", "book_committed_before_ack:6",
               "reversal_committed_before_release:5", "reserved_before_publish:5"]


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_loses_no_event_and_a_repeat_keeps_its_id(install, sku, point):
    holdfast = install({"refund.delay": "2s", "outbox.sweep_after": "1s"}, fault=True).start()
    sku = sku.replace(":", "-")
    holdfast.set_stock(sku, 5000)
    ear = Ear(holdfast)
    all_published(holdfast)  # or the crash comes before it is ready
    holdfast.stop()
    holdfast.start({"HOLDFAST_CRASH_AT": point})

    def buy(number):
        body = order_body(f"u-{number}", (sku, 1, 250))
        if holdfast.place(body).status == 202 and number % 2:
            holdfast.refund(body["order_id"])

    with Background(buy, 4, pause_s=0.02) as traffic:
        holdfast.wait_killed()
        traffic.stop()
    holdfast.start()
    at_rest(holdfast)  # also what a crash left in the outbox is in the book then
    orders, refunds = wait_until(lambda: everything_ended(holdfast), 60, "all to end", 0.2)
    all_published(holdfast)
    check_told(ear.events(), orders, refunds)
    if point.startswith("events_published"):
        ids = [event["id"] for event in ear.events()]
        assert len(set(ids)) < len(ids), "the crash should have made a repeat"


def all_published(holdfast):
    wait_until(lambda: holdfast.stack.sql("select count(*) from events", holdfast.name) == "0", 20,
               "all events to be published", 0.1)


def everything_ended(holdfast):
    orders = holdfast.orders()
    refunds = holdfast.list_all("/v1/refunds", "refunds")
    if not orders or any(order["status"] not in FINAL for order in orders):
        return None
    return (orders, refunds) if all(one["status"] in FINAL_REFUND for one in refunds) else None


def check_told(events, orders, refunds):
    """Each thing was told under exactly one id, repeats under the same with the same content."""
    told = {}
    for event in events:
        if event["type"].startswith("stock."):
            continue  # of the test's own stock, which may have come before it listened
        told.setdefault((event["type"], event["subject"]), {}).setdefault(
            event["id"], []).append(event)
    for versions in told.values():
        for repeats in versions.values():
            assert all(one == repeats[0] for one in repeats), repeats
    for order in orders:
        for type_ in ("order.accepted", "order.completed"):
            assert len(told.pop((type_, order["order_id"]))) == 1, (type_, order)
    for refund in refunds:
        assert len(told.pop(("refund.refunded", refund["refund_id"]))) == 1, refund
        assert len(told.pop(("refund.waiting", refund["refund_id"]), [None])) == 1, refund
    assert not told, "told of what is not there"
