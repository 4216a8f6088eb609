"""What operators use: health, readiness, metrics, status, keys, the command line, roles."""

import hashlib
import json
import re
import uuid

import pytest

from support.api import Client
from support.checks import at_rest, check_sku
from support.program import free_port, order_body
from support.traffic import Background, burst
from support.waiting import wait_until


def test_health_and_readiness(holdfast):
    health = holdfast.api.get("/healthz")
    assert health.status == 200 and health.json["status"] == "ok"
    ready = holdfast.api.get("/readyz")
    assert ready.status == 200
    assert {"redis", "rabbitmq", "postgres"} <= set(ready.json["dependencies"])


@pytest.mark.parametrize("server", ["redis", "postgres", "rabbitmq"])
def test_readiness_names_the_server_that_is_away(stack, install, server):
    holdfast = install().start()
    stack.stop(server)
    answer = wait_until(lambda: (lambda a: a if a.status == 503 else None)(
        holdfast.api.get("/readyz")), 20, "503", 0.1)
    dependencies = answer.json["dependencies"]
    assert not dependencies[server]["ready"] and dependencies[server]["detail"], answer
    others = {"redis", "postgres", "rabbitmq"} - {server}
    assert all(dependencies[name]["ready"] for name in others), answer
    assert holdfast.api.get("/healthz").status == 200
    stack.start(server)
    wait_until(lambda: holdfast.api.get("/readyz").status == 200, 30, "readiness", 0.1)


def test_metrics_are_prometheus_text_without_names_of_customers(holdfast, sku):
    holdfast.set_stock(sku, 1)
    order = holdfast.completed(order_body("u-metrics", (sku, 1, 1)))
    answer = holdfast.api.get("/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain")
    text = answer.body.decode()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.fullmatch(r"holdfast_[a-z0-9_]+(\{.*\})? ([-+0-9.eE]+|NaN|[-+]?Inf)", line), line
    for name in (sku, "u-metrics", order["order_id"]):
        assert name not in text


def test_the_description_is_openapi_and_names_every_path(holdfast):
    answer = holdfast.api.get("/openapi.json")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("application/json")
    description = answer.json
    assert description["openapi"].startswith("3.")
    wanted = ["/v1/orders", "/v1/orders/{order_id}", "/v1/orders/{order_id}/refunds",
              "/v1/orders/{order_id}/refunds/preview", "/v1/refunds", "/v1/refunds/{refund_id}",
              "/v1/orders/{order_id}/steps/{step}", "/v1/stock", "/v1/stock/{sku}",
              "/v1/stock/{sku}/adjustments", "/v1/stock/{sku}/journal",
              "/v1/users/{user_id}/points", "/v1/parked", "/v1/parked/groups",
              "/v1/parked/{id}/retry", "/v1/parked/retry", "/v1/parked/{id}",
              "/v1/reconciliation", "/v1/status", "/healthz", "/readyz", "/metrics"]
    assert set(wanted) <= set(description["paths"])


def test_status_says_what_is_waiting(holdfast, sku):
    holdfast.set_stock(sku, 5)
    holdfast.pause()
    try:
        body = order_body("u-1", (sku, 1, 1))
        assert holdfast.place(body).status == 202
        assert holdfast.refund(body["order_id"]).status == 202
        status = holdfast.api.get("/v1/status").json
        assert status["unsettled"]["count"] == 1 and status["unsettled"]["oldest_age_s"] >= 0
        assert status["holds"]["waiting"] == 1
        assert status["worker"]["paused"] is True
        for name in ("rates", "place_latency_ms", "queues", "outbox"):
            assert status[name] is not None, name
    finally:
        holdfast.resume()
    at_rest(holdfast)
    assert holdfast.api.get("/v1/status").json["unsettled"]["count"] == 0


def test_reconciliation_holds_at_every_moment_of_traffic(holdfast, sku):
    holdfast.set_stock(sku, 10_000)
    with Background(lambda i: holdfast.place(order_body(f"u-{i}", (sku, 1, 1))), 4):
        for _ in range(10):
            answer = holdfast.api.get("/v1/reconciliation")
            assert answer.status == 200 and answer.json["balanced"], answer
            stock = holdfast.stock(sku)
            assert stock["on_hand"] == stock["available"] + stock["reserved"], stock
    at_rest(holdfast)
    check_sku(holdfast, sku)


def keys_table(**roles):
    return "".join(f'[[http.keys]]\nname = "{name}"\nrole = "{role}"\nsha256 = "'
                   f'{hashlib.sha256(name.encode()).hexdigest()}"\n'
                   for name, role in roles.items())


def test_keys(install, sku):
    holdfast = install({"http.auth": "keys"},
                       tables=keys_table(web="shop", other="shop", boss="operator"))
    holdfast.start()
    boss, web, other = (Client(holdfast.port, key) for key in ("boss", "web", "other"))
    for nobody in (holdfast.api, Client(holdfast.port, "wrong"), Client(holdfast.port, "")):
        answer = nobody.get("/v1/orders")
        assert (answer.status, answer.code) == (401, "unauthenticated"), answer
        assert "WWW-Authenticate" in answer.headers
        assert nobody.get("/healthz").status == nobody.get("/readyz").status == 200
    assert boss.put(f"/v1/stock/{sku}", {"on_hand": 5}).status == 200
    for method, target, body in (("PUT", f"/v1/stock/{sku}", {"on_hand": 9}),
                                 ("POST", f"/v1/stock/{sku}/adjustments", {}),
                                 ("GET", "/v1/parked", None),
                                 ("DELETE", f"/v1/parked/{uuid.uuid4()}?reason=x", None)):
        answer = web.request(method, target, body=body)
        assert (answer.status, answer.code) == (403, "forbidden"), (target, answer)
    assert boss.get(f"/v1/stock/{sku}").json["available"] == 5
    # A derived id belongs to the key that sent it.
    body = order_body("u-1", (sku, 1, 1), order_id=None)
    same = {"Idempotency-Key": "one"}
    first, second = web.post("/v1/orders", body, headers=same), other.post("/v1/orders", body,
                                                                           headers=same)
    assert first.status == second.status == 202 and not second.replayed
    assert first.json["order_id"] != second.json["order_id"]
    assert holdfast.cli("stock", "get", sku).returncode != 0
    assert holdfast.cli("stock", "get", sku, environment={"HOLDFAST_KEY": "web"}).returncode == 0


def serve(holdfast, **variables):
    return holdfast.cli("serve", "--config", str(holdfast.config), environment=variables)


def test_an_open_door_to_the_world_is_refused_at_start(install):
    holdfast = install({"http.listen": "0.0.0.0:0"})
    holdfast.settings["http.listen"] = f"0.0.0.0:{holdfast.port}"
    holdfast.write_config()
    done = serve(holdfast)
    assert done.returncode in (1, 2), done
    assert "auth" in done.stderr and "0.0.0.0" in done.stderr, done.stderr


def test_a_wrong_configuration_is_refused_and_says_what_to_mend(install):
    for key, wrong, named in (("refund.dealy", "2s", "delay"), ("refund.delay", "soon", "delay"),
                              ("http.threads", 0, "threads"), ("namespace", "A B", "namespace")):
        holdfast = install({key: wrong})
        done = serve(holdfast)
        assert done.returncode in (1, 2), (key, done)
        assert named in done.stderr, (key, done.stderr)
    assert serve(install(), HOLDFAST_REFUND_DELAY="never").returncode in (1, 2)
    assert install().cli("serve", "--config", "/nowhere/x.toml").returncode in (1, 2)


def test_a_taken_port_is_refused(holdfast, install):
    second = install({"http.listen": f"127.0.0.1:{holdfast.port}"})
    done = serve(second)
    assert done.returncode == 1 and str(holdfast.port) in done.stderr, done


def test_the_command_line_does_the_shop_s_day(holdfast, sku):
    def run(*arguments, code=0):
        done = holdfast.cli(*arguments, "--json")
        assert done.returncode == code, (arguments, done)
        return json.loads(done.stdout) if done.stdout.strip() else done.stderr

    assert run("stock", "set", sku, "10", "--purchase-limit", "4")["available"] == 10
    order = run("place", "--user", "u-cli", "--line", f"{sku}:3:1999", "--wait", "20")
    assert order["status"] == "completed" and order["amount"] == 3 * 1999
    shown = run("order", "get", order["order_id"])
    assert shown["order_id"] == order["order_id"]
    assert any(one["order_id"] == order["order_id"]
               for one in run("order", "list", "--sku", sku)["orders"])
    refund = run("refund", "ask", order["order_id"], "--line", f"{sku}:1", "--reason", "damaged",
                 "--wait", "20")
    assert refund["status"] == "refunded" and refund["amount"] == 1999
    assert run("stock", "adjust", sku, "-2", "--reason", "broken")["on_hand"] == 6
    assert [e["delta"] for e in run("stock", "journal", sku)["journal"]] == [-2, 1, -3, 10]
    at_rest(holdfast)
    assert run("stock", "get", sku)["available"] == 6
    assert run("reconcile")["balanced"] is True
    assert run("status")["version"]
    assert run("parked", "list")["parked"] == []
    assert run("parked", "groups")["groups"] == []
    # Tables for people say the same.
    for arguments in (("stock", "get", sku), ("order", "get", order["order_id"]), ("status",),
                      ("reconcile",), ("order", "list"), ("stock", "get"), ("parked", "list")):
        done = holdfast.cli(*arguments)
        assert done.returncode == 0 and done.stdout.strip(), (arguments, done)


def test_exit_codes_of_the_command_line(holdfast, sku):
    assert holdfast.cli("--version").returncode == 0
    assert holdfast.cli("stock", "get", sku).returncode == 1
    assert holdfast.cli("order", "get", str(uuid.uuid4())).returncode == 1
    holdfast.set_stock(sku, 0)
    sold_out = holdfast.cli("place", "--user", "u-1", "--line", f"{sku}:1:1")
    assert sold_out.returncode == 1, sold_out
    assert "out_of_stock" in sold_out.stderr + sold_out.stdout, sold_out
    for wrong in (("plaze",), ("place",), ("place", "--user", "u", "--line", "x"), (),
                  ("stock", "set", sku, "many"), ("refund", "ask")):
        assert holdfast.cli(*wrong).returncode == 2, wrong
    away = holdfast.cli("status", environment={"HOLDFAST_URL": f"http://127.0.0.1:{free_port()}"})
    assert away.returncode == 3 and away.stderr.strip(), away


def test_doctor(stack, install):
    holdfast = install().start()
    holdfast.stop()
    fine = holdfast.cli("doctor", "--config", str(holdfast.config))
    assert fine.returncode == 0, fine
    stack.stop("redis")
    sick = holdfast.cli("doctor", "--config", str(holdfast.config))
    assert sick.returncode in (1, 3) and "edis" in sick.stdout + sick.stderr, sick


def test_roles_in_processes_of_their_own(stack, install, sku):
    """`serve --role api` takes orders; `serve --role worker,sweep` does the rest, also later."""
    worker = install(roles="worker,sweep")
    api = install(roles="api")
    for name in ("namespace", "redis.key_prefix"):
        api.settings[name] = worker.name
    api.settings["postgres.url"] = stack.postgres_url(worker.name)
    api.write_config()
    worker.start(ready=False)
    api.start()
    api.set_stock(sku, 100)
    api.completed(order_body("u-1", (sku, 1, 100)))
    worker.kill()
    bodies = [order_body(f"u-{i}", (sku, 1, 100)) for i in range(20)]
    for body in bodies:
        answer = api.place(body)
        assert answer.status == 202 and answer.json["durability"] == "queued", answer
    refund = api.refund(bodies[0]["order_id"])
    assert refund.status == 202 and refund.json["status"] == "waiting", refund
    assert api.order(bodies[1]["order_id"])["status"] == "accepted"
    worker.start(ready=False)
    for body in bodies[1:]:
        assert api.order(body["order_id"], wait_s=30)["status"] == "completed"
    assert api.refunded(refund.json["refund_id"])["status"] == "refunded"
    at_rest(api)
    check_sku(api, sku)
    assert b"holdfast_" in api.api.get("/metrics").body


def test_two_apis_and_two_workers_share_the_work(stack, install, sku):
    first = install()
    second = install()
    for name in ("namespace", "redis.key_prefix"):
        second.settings[name] = first.name
    second.settings["postgres.url"] = stack.postgres_url(first.name)
    second.write_config()
    first.start()
    second.start()
    first.set_stock(sku, 100)
    answers = burst(lambda i: (first, second)[i % 2].place(order_body(f"u-{i}", (sku, 1, 1))),
                    600, 32)
    assert sorted(answer.status for answer in answers) == [202] * 100 + [409] * 500
    for one in (first, second):
        at_rest(one)
        assert check_sku(one, sku)["sold"] == 100
    # A repeat may come to the other process.
    body = next(json.loads(a.body) for a in answers if a.status == 202)
    sent = {name: body[name] for name in ("order_id", "user_id", "currency", "lines")}
    for one in (first, second):
        again = one.place(sent)
        assert again.status == 202 and again.replayed, again


def test_sigterm_in_the_middle_of_traffic_ends_cleanly_and_loses_nothing(install, sku):
    holdfast = install().start()
    holdfast.set_stock(sku, 10_000)
    bodies = {}

    def buy(i):
        bodies[i] = order_body(f"u-{i}", (sku, 1, 1))
        return holdfast.place(bodies[i]).status

    with Background(buy, 8) as traffic:
        wait_until(lambda: len(traffic.results) > 100, 20, "100 orders")
        holdfast.stop()
        results = dict(traffic.stop())
    holdfast.start()
    for number, status in results.items():
        if status == 202:
            assert holdfast.order(bodies[number]["order_id"], wait_s=20)["status"] == "completed"
    at_rest(holdfast)
    check_sku(holdfast, sku)
