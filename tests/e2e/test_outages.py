"""A server goes away under load and comes back; Holdfast is never restarted.

RabbitMQ away: sales go on. PostgreSQL away: orders are taken, all else asks to come again. Redis
away: nothing is sold. Redis back without its memory: nothing is sold before it was rebuilt (I9).
"""

import shutil
import time

import pytest

from support.checks import FINAL, at_rest, check_sku
from support.program import order_body
from support.traffic import Background, burst
from support.waiting import wait_until

STOCK = 100_000


@pytest.fixture
def away_s(is_long):
    return 20 if is_long else 8


@pytest.fixture
def holdfast(install):
    return install({"refund.delay": "2s", "admission.ack_timeout": "500ms"}).start()


class Buyers:
    """Buyers who note what they are told; an order answered 503 is sent again later, same id."""

    def __init__(self, holdfast, sku):
        self.holdfast = holdfast
        self.sku = sku
        self.bodies = {}
        self.answers = []  # (at, status, code or durability)
        self.accepted = {}  # order_id -> the answer's JSON

    def buy(self, number):
        body = order_body(f"u-{number}", (self.sku, 1, 100))
        self.bodies[body["order_id"]] = body
        self.send(body)

    def send(self, body):
        answer = self.holdfast.place(body)
        if answer.status == 202:
            self.accepted[body["order_id"]] = answer.json
            told = answer.json["durability"]
        else:
            assert answer.status == 503, answer
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.json["order_id"] == body["order_id"]
            told = answer.code
        if not answer.replayed:  # how safe the first answer was is not kept for repeats
            self.answers.append((time.monotonic(), answer.status, told))
        return answer

    def told_since(self, moment):
        return [told for at, _, told in self.answers if at >= moment]

    def send_refused_again(self):
        """A refused order whose effect was unknown may exist: its repeat makes one of it."""
        bodies = [body for order_id, body in self.bodies.items() if order_id not in self.accepted]
        if bodies:
            for answer in burst(lambda i: self.send(bodies[i]), len(bodies), 8):
                assert answer.status == 202, answer

    def check_all_completed(self):
        self.send_refused_again()
        at_rest(self.holdfast, 90)
        orders = self.holdfast.orders(f"?sku={self.sku}")
        assert {order["order_id"] for order in orders} == set(self.accepted)
        assert len(orders) == len(self.accepted)
        assert {order["status"] for order in orders} <= {"completed", "refunded"}
        check_sku(self.holdfast, self.sku)
        assert self.holdfast.list_all("/v1/parked", "parked") == []


def accepts_again(buyers, number=[10_000_000]):
    number[0] += 1
    buyers.buy(number[0])
    return buyers.answers[-1][1] == 202


def stop_under_load(stack, server, buyers, how, away_s, connections=8):
    """Takes the server away while orders come in; returns the traffic, still running."""
    traffic = Background(buyers.buy, connections, pause_s=0.03)
    traffic.__enter__()
    wait_until(lambda: len(buyers.accepted) > 50, 20, "orders before the outage")
    getattr(stack, how)(server)
    gone_at = time.monotonic()
    wait_until(lambda: time.monotonic() - gone_at > away_s, away_s + 5, "the outage to last")
    return traffic, gone_at


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_rabbitmq_away_and_sales_go_on(stack, holdfast, sku, how, away_s):
    holdfast.set_stock(sku, STOCK)
    buyers = Buyers(holdfast, sku)
    seconds = away_s if how == "stop" else 4
    traffic, gone_at = stop_under_load(stack, "rabbitmq", buyers, how, seconds)
    try:
        ready = holdfast.api.get("/readyz")
        assert ready.status == 503 and not ready.json["dependencies"]["rabbitmq"]["ready"], ready
        before = len(buyers.accepted)
        wait_until(lambda: len(buyers.accepted) > before + 10, 20, "orders during the outage")
        # The answers under way when the server went may still be "queued".
        told = buyers.told_since(gone_at + 3)
        assert set(told) == {"reserved"}, set(told)
        early = order_body("u-early", (sku, 1, 100))
        buyers.bodies[early["order_id"]] = early
        assert buyers.send(early).json["durability"] == "reserved"
        refund = holdfast.refund(early["order_id"])
        assert refund.status == 202 and refund.json["status"] == "waiting", refund
        stack.start("rabbitmq")
        wait_until(lambda: accepts_again(buyers) and buyers.answers[-1][2] == "queued", 30,
                   "orders to be queued again")
    finally:
        traffic.stop()
    assert all(status == 202 for _, status, _ in buyers.answers)
    assert holdfast.refunded(refund.json["refund_id"], wait_s=40)["status"] == "refunded"
    buyers.check_all_completed()
    assert wait_until(lambda: holdfast.api.get("/readyz").status == 200, 10, "readiness")


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_postgres_away_and_orders_are_taken(stack, holdfast, sku, how, away_s):
    holdfast.set_stock(sku, STOCK)
    buyers = Buyers(holdfast, sku)
    traffic, gone_at = stop_under_load(stack, "postgres", buyers, how, min(away_s, 4))
    try:
        ready = holdfast.api.get("/readyz")
        assert ready.status == 503 and not ready.json["dependencies"]["postgres"]["ready"], ready
        body = order_body("u-during", (sku, 2, 100), attributes={"k": "v"})
        buyers.bodies[body["order_id"]] = body
        placed = buyers.send(body)
        assert placed.status == 202, placed
        shown = holdfast.order(body["order_id"])
        for member in ("order_id", "user_id", "currency", "lines", "attributes"):
            assert shown[member] == body[member], member
        assert shown["status"] == "accepted" and shown["amount"] == 200
        assert {step["status"] for step in shown["steps"]} == {"pending"}
        again = buyers.send(body)
        assert again.replayed, again
        conflict = holdfast.place({**body, "user_id": "u-other"})
        assert (conflict.status, conflict.code) == (409, "order_id_conflict")
        for answer in (holdfast.refund(body["order_id"]), holdfast.api.get("/v1/orders"),
                       holdfast.api.put(f"/v1/stock/{sku}", {"on_hand": 7}),
                       holdfast.api.get("/v1/refunds"), holdfast.api.get("/v1/parked")):
            assert (answer.status, answer.code) == (503, "unavailable"), answer
            assert int(answer.headers["Retry-After"]) >= 1
        told = buyers.told_since(gone_at)
        assert told and set(told) <= {"queued"}, set(told)
        stack.start("postgres")
        wait_until(lambda: holdfast.api.get("/readyz").status == 200, 30, "readiness", 0.1)
    finally:
        traffic.stop()
    assert holdfast.order(body["order_id"], wait_s=30)["status"] == "completed"
    buyers.check_all_completed()


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_redis_away_sells_nothing_and_comes_back_by_itself(stack, holdfast, sku, how):
    holdfast.set_stock(sku, STOCK)
    buyers = Buyers(holdfast, sku)
    completed = holdfast.completed(order_body("u-before", (sku, 1, 100)))
    buyers.accepted[completed["order_id"]] = completed
    traffic, gone_at = stop_under_load(stack, "redis", buyers, how, 3)
    try:
        told = buyers.told_since(gone_at + 2.5)
        assert told and set(told) == {"unavailable"}, set(told)
        ready = holdfast.api.get("/readyz")
        assert ready.status == 503 and not ready.json["dependencies"]["redis"]["ready"], ready
        # The book is there: orders in it are shown, refunded, and the stock follows later.
        assert holdfast.order(completed["order_id"])["status"] == "completed"
        refund = holdfast.refund(completed["order_id"])
        assert refund.status == 202, refund
        assert holdfast.refunded(refund.json["refund_id"])["status"] == "refunded"
        unknown = holdfast.api.get("/v1/orders/00000000-0000-4000-8000-000000000000")
        assert (unknown.status, unknown.code) == (503, "unavailable")
        stack.start("redis")
        wait_until(lambda: accepts_again(buyers), 20, "sales to go on", 0.1)
    finally:
        traffic.stop()
    # It may have lost what leaves no trace in its outbox: once rebuilt it cannot have.
    assert "Redis was restarted since its ledger was built" in \
        holdfast.log_text().split("ledger is rebuilt", 1)[1]
    buyers.check_all_completed()


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_redis_that_lost_all_sells_nothing_until_it_was_rebuilt(stack, holdfast, sku, how):
    few = f"{sku}-few"
    holdfast.set_stock(sku, STOCK)
    holdfast.set_stock(few, 10, purchase_limit=2)
    before = [order_body(f"u-{i}", (few, 1, 100)) for i in range(7)]
    for body in before:
        holdfast.completed(body)
    part = holdfast.refund(before[0]["order_id"], headers={"Prefer": "wait=20"})
    assert part.status == 200, part
    holdfast.completed(order_body("u-limited", (few, 2, 100)))
    assert holdfast.stock(few)["available"] == 2
    buyers = Buyers(holdfast, sku)
    traffic, _ = stop_under_load(stack, "redis", buyers, how, 1)
    try:
        stack.wipe("redis")
        stack.start("redis")
        wait_until(lambda: accepts_again(buyers), 40, "sales to go on", 0.1)
    finally:
        traffic.stop()
    assert {told for _, status, told in buyers.answers if status == 503} <= {
        "unavailable", "rebuilding"}
    assert "rebuilding the ledger" in holdfast.log_text().split("ledger is rebuilt", 1)[1]
    for body in before:
        again = holdfast.place(body)
        assert again.status == 202 and again.replayed, again
        conflict = holdfast.place({**body, "currency": "EUR"})
        assert (conflict.status, conflict.code) == (409, "order_id_conflict")
    limited = holdfast.place(order_body("u-limited", (few, 1, 100)))
    assert (limited.status, limited.code) == (409, "purchase_limit_exceeded")
    answers = burst(lambda i: holdfast.place(order_body(f"w-{i}", (few, 1, 100))), 40, 16)
    assert sorted(answer.status for answer in answers) == [202] * 2 + [409] * 38
    at_rest(holdfast, 90)
    check_sku(holdfast, few)

    # An acknowledged order that only Redis knew may be lost with it only if RabbitMQ never had it;
    # the traffic's answers said "queued", so each of them must be there.
    promised = {order_id for order_id, shown in buyers.accepted.items()
                if shown["durability"] == "queued"}
    shown = {order["order_id"]: order for order in holdfast.orders(f"?sku={sku}")}
    assert promised <= set(shown), "an order that was answered 202, queued, is gone"
    assert all(order["status"] in FINAL for order in shown.values())
    assert {shown[order_id]["status"] for order_id in promised} == {"completed"}
    check_sku(holdfast, sku)
    buyers.check_all_completed()


def test_redis_with_older_data_sells_nothing_until_it_was_rebuilt(stack, holdfast, sku):
    """A restored backup: the ledger of some orders ago, with a token that looks right (I9)."""
    holdfast.set_stock(sku, 10)
    holdfast.completed(order_body("u-0", (sku, 1, 100)))
    at_rest(holdfast)
    data = (stack.folder / "redis").resolve()
    backup = data.with_name("redis-backup")
    stack.stop("redis")
    shutil.rmtree(backup, ignore_errors=True)
    shutil.copytree(data, backup)
    try:
        stack.start("redis")
        wait_until(lambda: holdfast.api.get("/readyz").status == 200, 20, "readiness")
        bought = [order_body(f"u-{i}", (sku, 1, 100)) for i in range(1, 10)]
        for body in bought:
            holdfast.completed(body)
        at_rest(holdfast)
        stack.kill("redis")
        shutil.rmtree(data)
        shutil.copytree(backup, data)
        stack.start("redis")
    finally:
        shutil.rmtree(backup, ignore_errors=True)
    answers = burst(lambda i: holdfast.place(order_body(f"w-{i}", (sku, 1, 100))), 50, 16)
    assert not [answer for answer in answers if answer.status == 202], "sold by an old ledger"
    wait_until(lambda: holdfast.api.get("/readyz").status == 200, 30, "readiness", 0.1)
    assert holdfast.place(order_body("w", (sku, 1, 100))).code == "out_of_stock"
    for body in bought:
        again = holdfast.place(body)
        assert again.status == 202 and again.replayed, again
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 0


def test_a_full_outbox_refuses_new_orders_and_knows_old_ones(stack, install, sku):
    holdfast = install({"outbox.max": 20, "admission.ack_timeout": "100ms"}).start()
    holdfast.set_stock(sku, 1000)
    stack.stop("rabbitmq")
    bodies = [order_body(f"u-{i}", (sku, 1, 100)) for i in range(60)]
    answers = burst(lambda i: holdfast.place(bodies[i]), 60, 8)
    taken = [body for body, answer in zip(bodies, answers) if answer.status == 202]
    assert len(taken) == 20
    for body, answer in zip(bodies, answers):
        if answer.status != 202:
            assert (answer.status, answer.code) == (503, "overloaded"), answer
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.json["order_id"] == body["order_id"]
    for body in taken:
        again = holdfast.place(body)
        assert again.status == 202 and again.replayed, again
    stack.start("rabbitmq")
    for body in bodies:
        wait_until(lambda body=body: holdfast.place(body).status == 202, 30, "to be taken", 0.1)
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["sold"] == 60


def test_all_three_killed_at_once(stack, holdfast, sku):
    holdfast.set_stock(sku, STOCK)
    buyers = Buyers(holdfast, sku)
    with Background(buyers.buy, 8, pause_s=0.03) as traffic:
        wait_until(lambda: len(buyers.accepted) > 50, 20, "orders before the outage")
        for server in ("rabbitmq", "redis", "postgres"):
            stack.kill(server)
        for server in ("postgres", "redis", "rabbitmq"):
            stack.start(server)
        wait_until(lambda: accepts_again(buyers), 40, "sales to go on", 0.1)
        traffic.stop()
    buyers.check_all_completed()


def test_holdfast_starts_before_redis_and_rabbitmq_do(stack, install, sku):
    stack.stop("rabbitmq")
    stack.stop("redis")
    holdfast = install().start(ready=False)
    wait_until(lambda: "serves on" in holdfast.log_text(), 20, "Holdfast to serve")
    assert holdfast.api.get("/healthz").status == 200
    answer = holdfast.place(order_body("u-1", (sku, 1, 1)))
    assert (answer.status, answer.code) == (503, "unavailable"), answer
    stack.start("redis")
    stack.start("rabbitmq")
    holdfast.wait_ready()
    holdfast.set_stock(sku, 1)
    holdfast.completed(order_body("u-1", (sku, 1, 1)))
