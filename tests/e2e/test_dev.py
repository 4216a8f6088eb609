"""`holdfast dev`: everything in one process over one file, with what is promised of the servers."""

import subprocess
import uuid

import pytest

from support.api import Lost
from support.checks import FINAL, FINAL_REFUND, at_rest, check_sku
from support.program import Holdfast, order_body
from support.traffic import burst
from support.waiting import wait_until

STOCK = 300
AMQP_PLAN = """
[[plans.packed.steps]]
name = "stock"
kind = "stock"
[[plans.packed.steps]]
name = "pack"
kind = "amqp"
"""


@pytest.fixture
def dev():
    one = Holdfast(None, {"refund.delay": "500ms"})
    try:
        yield one
        one.stop()
    finally:
        one.remove()


def test_an_order_and_its_refund(dev, sku):
    dev.start()
    dev.set_stock(sku, 5)
    order = dev.completed(order_body("u-1", (sku, 2, 100)))
    answer = dev.refund(order["order_id"], {"lines": [{"sku": sku, "quantity": 1}]})
    assert answer.status == 202, answer
    refund = dev.refunded(answer.json["refund_id"])
    assert refund["status"] == "refunded" and refund["amount"] == 100
    at_rest(dev)
    assert dev.stock(sku)["available"] == 4


def test_a_burst_sells_what_there_is(dev, sku):
    dev.start()
    dev.set_stock(sku, STOCK)
    answers = burst(lambda i: dev.place(order_body(f"u-{i}", (sku, 1, 100))), 2 * STOCK, 32)
    assert sorted(answer.status for answer in answers) == [202] * STOCK + [409] * STOCK
    at_rest(dev)
    check_sku(dev, sku)


def test_kill_9_in_the_burst_loses_and_doubles_nothing(dev, sku):
    dev.start()
    dev.set_stock(sku, STOCK)
    bodies = [order_body(f"u-{i}", (sku, 1, 100), order_id=str(uuid.uuid4()))
              for i in range(STOCK)]
    told = {}

    def buy(number):
        if number == STOCK // 2:
            dev.process.kill()
        try:
            answer = dev.place(bodies[number])
            if answer.status == 202:
                told[number] = answer.json["order_id"]
        except Lost:
            pass

    burst(buy, STOCK, 8)
    dev.kill()
    assert 0 < len(told) < STOCK
    dev.start()
    again = burst(lambda number: dev.place(bodies[number]), STOCK, 8)
    assert {answer.status for answer in again} <= {200, 202}, again
    at_rest(dev)
    for number, order_id in told.items():
        assert order_id == bodies[number]["order_id"]
    for body in bodies:
        assert dev.order(body["order_id"])["status"] in FINAL
    assert dev.stock(sku)["available"] == 0
    check_sku(dev, sku)


def test_a_held_refund_survives_kill_9(dev, sku):
    dev.start()
    dev.set_stock(sku, 1)
    dev.api.post("/v1/worker/pause")
    body = order_body("u-1", (sku, 1, 100))
    assert dev.place(body).status == 202
    answer = dev.refund(body["order_id"])
    assert answer.status == 202 and answer.json["status"] == "waiting", answer
    dev.kill()
    dev.start()
    refund_id = answer.json["refund_id"]
    wait_until(lambda: dev.refunded(refund_id)["status"] in FINAL_REFUND, 30, "the refund to end")
    assert dev.refunded(refund_id)["status"] == "refunded"
    at_rest(dev)
    assert dev.stock(sku)["available"] == 1


def test_a_second_process_is_told_that_the_file_is_taken(dev):
    dev.start()
    second = subprocess.run(
        [dev.program, "dev", "--data", str(dev.folder / "data")], capture_output=True, text=True,
        timeout=60, check=False, env={"HOLDFAST_HTTP_LISTEN": "127.0.0.1:0"})
    assert second.returncode == 1
    assert "is in use" in second.stderr, second.stderr


def test_a_plan_that_needs_rabbitmq_is_refused():
    one = Holdfast(None, tables=AMQP_PLAN)
    try:
        one.may_die = True
        one.start(ready=False)
        assert one.process.wait(60) == 1
        assert "need RabbitMQ" in one.log_text()
    finally:
        one.remove()
