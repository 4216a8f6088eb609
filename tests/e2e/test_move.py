"""`holdfast export` and `holdfast import`: from one file to the servers, and back."""

import subprocess

import pytest

from support import plans
from support.checks import at_rest, check_stock
from support.program import Holdfast, order_body
from support.waiting import wait_until

SETTINGS = {"refund.delay": "1s", "steps.breaker_pause": "100ms"}
TEA, CUP, BAG = "TEA-1", "CUP-1", "BAG-1"  # the second one has a limit
LIMIT = 3


@pytest.fixture
def tables(party):
    return plans.tables(
        card=[plans.stock(), plans.http("pay", party.url), plans.points(after=["pay"])],
        fragile=[plans.stock(), plans.http("pay", party.url, attempts=2)],
        patient=[plans.stock(), plans.awaited("buyer_pays", "1h",
                                              reverse_url=f"{party.url}/refunds")])


@pytest.fixture
def dev(tables):
    one = Holdfast(None, SETTINGS, tables)
    try:
        yield one
        one.stop()
    finally:
        one.remove()


class Shop:
    """A shop with orders and refunds in every state, and what it knows of each."""

    def __init__(self, dev, party):
        self.dev = dev
        self.party = party
        dev.start()
        dev.set_stock(TEA, 100)
        dev.set_stock(CUP, 5, purchase_limit=LIMIT)
        dev.set_stock(BAG, 1)
        self.completed = self._bought("u-1", (TEA, 2, 1999), (CUP, 2, 500))
        self.partly = self._bought("u-2", (TEA, 4, 1000), plan="card")
        self._refund(self.partly, {"lines": [{"sku": TEA, "quantity": 1}]}, "refunded")
        self.whole = self._bought("u-3", (TEA, 1, 700))
        self._refund(self.whole, {}, "refunded")
        self.declined = self._placed("u-4", (TEA, 1, 100), plan="card", answer=402)
        self._reaches(self.declined, "cancelled")
        self.awaited = self._placed("u-5", (TEA, 3, 100), plan="patient")
        self._reaches(self.awaited, "processing")
        self.held = self._refund(self.awaited, {}, "waiting")
        self.parked = self._placed("u-6", (TEA, 1, 100), plan="fragile", answer=500)
        wait_until(lambda: dev.list_all("/v1/parked", "parked"), 30, "the step to be parked")
        answer = dev.api.post(f"/v1/stock/{TEA}/adjustments",
                              {"adjustment_id": "a-1", "delta": -5, "reason": "broken"})
        assert answer.status == 200, answer
        at_rest(dev)
        self.settled = [self.completed, self.partly, self.whole, self.declined, self.awaited,
                        self.parked]
        dev.pause()
        # The last cups: nobody else may have them.
        self.unsettled = self._placed("u-7", (CUP, 3, 500))
        self.unpaid = self._placed("u-8", (TEA, 2, 100), plan="card")
        self.given_back = self._placed("u-9", (BAG, 1, 100))
        self.early = self._refund(self.given_back, {}, "waiting")
        self.known = Known(dev, self.settled)

    def _placed(self, user, *lines, answer=200, **members):
        body = order_body(user, *lines, **members)
        self.party.tell(body["order_id"], answer)
        placed = self.dev.place(body)
        assert placed.status == 202, placed
        return body

    def _bought(self, user, *lines, **members):
        return self._reaches(self._placed(user, *lines, **members), "completed")

    def _reaches(self, body, status):
        wait_until(lambda: self.dev.order(body["order_id"])["status"] == status, 30,
                   f"an order to be {status}")
        return body

    def _refund(self, body, members, status):
        answer = self.dev.refund(body["order_id"], members)
        assert answer.status == 202, answer
        refund_id = answer.json["refund_id"]
        wait_until(lambda: self.dev.refunded(refund_id, 1)["status"] == status, 30,
                   f"a refund to be {status}")
        return refund_id


class Known:
    """What a Holdfast says of orders that nothing happens to meanwhile, and of all that it has."""

    def __init__(self, holdfast, orders):
        self.orders = [holdfast.order(body["order_id"]) for body in orders]
        refund_ids = [refund_id for order in self.orders for refund_id in order["refunds"]]
        self.refunds = [without(holdfast.refunded(refund_id, 0), "checks", "next_check_at")
                        for refund_id in refund_ids]
        self.points = {f"u-{i}": holdfast.api.get(f"/v1/users/u-{i}/points").json
                       for i in range(1, 7)}
        self.parked = [{**one, "queue": one["queue"].removeprefix(holdfast.name)}
                       for one in holdfast.list_all("/v1/parked", "parked")]
        self.stock = {sku: {name: holdfast.stock(sku).get(name)
                            for name in ("loaded", "available", "purchase_limit")}
                      for sku in (TEA, CUP)}
        self.listed = [order["order_id"] for order in holdfast.orders(f"?sku={TEA}")
                       if order["order_id"] in {one["order_id"] for one in self.orders}]

    def __eq__(self, other):
        for name, value in vars(self).items():
            assert value == vars(other)[name], name
        return True


def without(members, *names):
    return {name: value for name, value in members.items() if name not in names}


def moved(source, target, *where):
    """Exports the stopped `source` and imports it; the file."""
    name = str(source.folder / "shop.jsonl")
    done = source.cli("export", *where, name)
    assert done.returncode == 0, done.stderr
    assert "SKUs" in done.stdout and name in done.stdout, done.stdout
    done = target.cli("import", name, *into(target))
    assert done.returncode == 0, done.stderr
    assert "Next: `holdfast " in done.stdout, done.stdout
    return name


def into(target):
    config = ["--config", str(target.config)]
    return config if target.stack else [*config, "--data", data_of(target)]


def data_of(dev):
    return str(dev.folder / "data")


def check_goes_on(holdfast, shop, party):
    """Everything that was under way comes to its end, once."""
    for body in (shop.unsettled, shop.unpaid, shop.given_back):
        wait_until(lambda body=body: holdfast.order(body["order_id"])["status"] in
                   ("completed", "refunded"), 60, "an order that was accepted to be completed")
    assert len(party.calls(shop.unpaid["order_id"], "pay", "forward")) == 1
    assert holdfast.refunded(shop.early)["status"] == "refunded"
    report = holdfast.api.post(f"/v1/orders/{shop.awaited['order_id']}/steps/buyer_pays",
                               {"outcome": "succeeded", "reference": "paid"})
    assert report.status == 200, report
    assert holdfast.refunded(shop.held)["status"] == "refunded"
    party.tell(shop.parked["order_id"], 200)
    one, = holdfast.list_all("/v1/parked", "parked")
    assert holdfast.api.post(f"/v1/parked/{one['id']}/retry").status == 202
    wait_until(lambda: holdfast.order(shop.parked["order_id"])["status"] == "completed", 30,
               "the parked step's order to be completed")
    at_rest(holdfast)
    left = {sku: check_stock(holdfast, sku)["available"] for sku in (TEA, CUP, BAG)}
    # Of 95 tea: 2, 3 and 1 were bought, and 2 by an order that has paid since.
    assert left == {TEA: 87, CUP: 0, BAG: 1}
    assert holdfast.points("u-7") == 15 and holdfast.points("u-8") == 2


def check_repeats(holdfast, shop):
    for body in [*shop.settled, shop.unsettled, shop.unpaid, shop.given_back]:
        again = holdfast.place(body)
        assert again.status == 202 and again.replayed, again
        other = holdfast.place({**body, "user_id": "somebody"})
        assert (other.status, other.code) == (409, "order_id_conflict"), other


def check_limits(holdfast):
    holdfast.set_stock(CUP, 10)
    for user, bought in (("u-1", 2), ("u-7", 3)):
        answer = holdfast.place(order_body(user, (CUP, LIMIT - bought + 1, 500)))
        assert (answer.status, answer.code) == (409, "purchase_limit_exceeded"), answer
        assert answer.json["bought"] == bought, answer
    holdfast.completed(order_body("u-1", (CUP, 1, 500)))


@pytest.fixture
def shop(dev, party):
    return Shop(dev, party)


def test_a_shop_moves_to_the_servers_and_back(shop, dev, install, tables, party):
    dev.stop()
    servers = install(SETTINGS, tables=tables)
    moved(dev, servers, "--data", data_of(dev))
    servers.start()
    check_repeats(servers, shop)
    assert Known(servers, shop.settled) == shop.known
    check_goes_on(servers, shop, party)
    check_limits(servers)
    at_rest(servers)

    everything = [*shop.settled, shop.unsettled, shop.unpaid, shop.given_back]
    known = Known(servers, everything)
    servers.stop()
    back = Holdfast(None, SETTINGS, tables)
    try:
        moved(servers, back, "--config", str(servers.config))
        back.start()
        check_repeats(back, shop)
        assert Known(back, everything) == known
        at_rest(back)
        back.stop()
    finally:
        back.remove()


def test_moving_leaves_the_source_as_it_was(shop, dev, party):
    dev.stop()
    first = dev.cli("export", "--data", data_of(dev), "-")
    second = dev.cli("export", "--data", data_of(dev), "-")
    assert first.returncode == second.returncode == 0, second.stderr
    # The header says when, and so the last line's digest differs.
    assert first.stdout.splitlines()[1:-1] == second.stdout.splitlines()[1:-1]
    dev.start()
    assert Known(dev, shop.settled) == shop.known
    check_goes_on(dev, shop, party)


def small_export(dev):
    """A file of one SKU and one order."""
    dev.start()
    dev.set_stock(TEA, 3)
    dev.completed(order_body("u-1", (TEA, 1, 100)))
    dev.stop()
    name = dev.folder / "small.jsonl"
    done = dev.cli("export", "--data", data_of(dev), str(name))
    assert done.returncode == 0, done.stderr
    return name


def refused(done, code, *words):
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    for word in words:
        assert word in done.stderr, done.stderr


def test_what_cannot_be_exported_is_refused(dev):
    refused(dev.cli("export", "--data", str(dev.folder / "none"), "-"), 1, "no book in")
    dev.start()
    name = str(dev.folder / "shop.jsonl")
    refused(dev.cli("export", "--data", data_of(dev), name), 1, "is in use", "stop `holdfast dev`")
    dev.stop()
    refused(dev.cli("export", "--data", data_of(dev), str(dev.folder / "no" / "x")), 1,
            "cannot write")
    assert dev.cli("export", "--data", data_of(dev), name).returncode == 0
    refused(dev.cli("export", "--data", data_of(dev), name), 1, "File exists")
    refused(dev.cli("export", "--data", "x", "--config", "y", name), 2)
    refused(dev.cli("export"), 2)


def test_a_file_that_is_not_whole_is_refused_before_anything_is_written(dev, install):
    text = small_export(dev).read_text()
    lines = text.splitlines(keepends=True)
    target = install()
    bad = dev.folder / "bad.jsonl"
    for content, words in ((text[:-20], "cut"), ("".join(lines[:-1]), "cut"),
                           (text.replace('"loaded":3', '"loaded":9', 1), "altered"),
                           ("".join(lines[:2] + lines[3:]), "altered"),
                           ("rubbish\n", "no export of Holdfast"), ("", "no export of Holdfast"),
                           (text.replace('_export":1', '_export":2', 1), "format 2"),
                           (text.replace('{"sku":{', '{"odd":{', 1), "does not know")):
        bad.write_text(content)
        refused(target.cli("import", str(bad), *into(target)), 1, "nothing was imported", words)
    refused(target.cli("import", str(dev.folder / "none"), *into(target)), 1, "cannot read")
    refused(target.cli("import"), 2)
    assert target.stack.sql("select to_regclass('orders') is null", target.name) == "t"


def test_a_target_that_is_not_empty_or_in_use_is_refused(dev, install):
    name = str(small_export(dev))
    target = install().start()
    refused(target.cli("import", name, *into(target)), 1, "another process of Holdfast")
    # Used, but with nothing in it that an import would mix with.
    target.stop()
    done = target.cli("import", name, *into(target))
    assert done.returncode == 0, done.stderr
    refused(target.cli("import", name, *into(target)), 1, "not empty")
    refused(target.cli("export", "--config", str(target.config), name), 1, "File exists")
    target.start()
    assert target.stock(TEA)["available"] == 2
    at_rest(target)
    refused(target.cli("export", "--config", str(target.config), "-"), 1,
            "another process of Holdfast")
    target.stop()
    for key, url in (("postgres.url", "postgresql://holdfast@127.0.0.1:1/holdfast"),
                     ("redis.url", "redis://127.0.0.1:1/0")):
        target.settings = {key: url}
        target.write_config()
        refused(target.cli("import", name, *into(target)), 3, "cannot be reached")


def test_servers_with_orders_of_another_book_are_refused(dev, install):
    name = str(small_export(dev))
    target = install().start()
    target.set_stock(TEA, 3)
    target.pause()
    assert target.place(order_body("u-1", (TEA, 1, 100))).status == 202
    target.stop()
    refused(target.cli("export", "--config", str(target.config), "-"), 1, "wait in RabbitMQ")
    target.stack.sql(f'drop database "{target.name}"', "postgres")
    target.stack.sql(f'create database "{target.name}"', "postgres")
    refused(target.cli("import", name, *into(target)), 1, "orders of another book")


def test_an_import_that_was_killed_is_started_again(dev, install):
    name = str(small_export(dev))
    target = install()
    assert target.cli("migrate", "--config", str(target.config)).returncode == 0
    # It stops before its last table until its end.
    holder = subprocess.Popen(
        ["psql", "-X", "-q", target.stack.postgres_url(target.name), "-c",
         "begin; lock table audit in exclusive mode; select pg_sleep(120)"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    importing = None
    state = "select count(*) from pg_stat_activity where application_name = '{}' and {}"
    try:
        wait_until(lambda: target.stack.sql(
            "select count(*) from pg_locks where relation = 'audit'::regclass",
            target.name) == "1", 20, "the lock to be held")
        importing = subprocess.Popen(
            [target.program, "import", name, *into(target)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: target.stack.sql(
            state.format("holdfast import", "wait_event_type = 'Lock'"), target.name) == "1",
                   30, "the import to be in the middle of it")
        importing.kill()
    finally:
        holder.kill()
        holder.wait(20)
        if importing is not None:
            importing.kill()
            importing.wait(20)
    target.stack.sql("select pg_terminate_backend(pid) from pg_stat_activity "
                     f"where datname = '{target.name}' and pid <> pg_backend_pid()", target.name)
    wait_until(lambda: target.stack.sql(state.format("holdfast import", "true"),
                                        target.name) == "0", 20, "the connection to go")
    assert target.stack.sql("select count(*) from orders", target.name) == "0"
    done = target.cli("import", name, *into(target))
    assert done.returncode == 0, done.stderr
    target.start()
    assert target.stock(TEA)["available"] == 2
    at_rest(target)


def test_an_order_that_only_redis_has_is_settled_by_the_move(install):
    source = install({"admission.ack_timeout": "200ms"}).start()
    source.set_stock(TEA, 3)
    at_rest(source)
    source.stack.stop("rabbitmq")
    body = order_body("u-1", (TEA, 2, 100))
    placed = source.place(body)
    assert placed.status == 202 and placed.json["durability"] == "reserved", placed
    source.stop()
    source.stack.start("rabbitmq")
    target = Holdfast(None)
    try:
        moved(source, target, "--config", str(source.config))
        target.start()
        again = target.place(body)
        assert again.status == 202 and again.replayed, again
        assert target.order(body["order_id"])["status"] == "completed"
        assert target.stock(TEA)["available"] == 1
        at_rest(target)
        target.stop()
    finally:
        target.remove()
