"""Whatever is sent: the right status and code, a pointer to the fault, never a 500, no effect."""

import json
import socket
import uuid

import pytest

from support.checks import at_rest
from support.program import order_body

SKU = "bad-input"
ID = "01a209e2-5d60-7b3b-8c81-d7d74a82f90f"
LINE = {"sku": SKU, "quantity": 1, "unit_price": 5}
ORDER = {"user_id": "u-1", "currency": "CNY", "lines": [LINE]}
ABSENT = object()


@pytest.fixture(scope="module")
def shop(holdfast):
    """A Holdfast with one completed order; what it shows before each test must be shown after."""
    holdfast.set_stock(SKU, 1000)
    holdfast.set_stock("bad-input-2", 10)
    holdfast.order_before = holdfast.completed(order_body("u-1", (SKU, 2, 5)))
    at_rest(holdfast)
    return holdfast


@pytest.fixture(autouse=True)
def nothing_changes(request, shop):
    if "allowed" in request.keywords:
        yield
        return
    before = picture(shop)
    yield
    assert shop.is_alive()
    assert picture(shop) == before


def picture(shop):
    return (shop.list_all("/v1/stock", "stock"), shop.orders(), shop.journal(SKU),
            shop.list_all("/v1/refunds", "refunds"))


def changed(body, **members):
    merged = {**body, **members}
    return {name: value for name, value in merged.items() if value is not ABSENT}


def line(**members):
    return changed(ORDER, lines=[changed(LINE, **members)])


def refuses(answer, status, code, pointer=None):
    assert (answer.status, answer.code) == (status, code), answer
    if pointer is not None:
        errors = answer.json["errors"]
        assert pointer in [error["pointer"] for error in errors], (pointer, errors)
        assert all(error["detail"] for error in errors)


BAD_NAMES = ["", "x" * 65, "a b", "a/b", "ä", "a\u0000b", "a\nb"]
BAD_ORDERS = [
    *[(changed(ORDER, user_id=name), "/user_id") for name in [*BAD_NAMES, None, 7, [], ABSENT]],
    *[(changed(ORDER, currency=text), "/currency")
      for text in ["", "cny", "CN", "CNYY", "C1Y", None, 5, ABSENT]],
    *[(changed(ORDER, lines=lines), "/lines")
      for lines in [[], None, {}, "x", ABSENT,
                    [changed(LINE, sku=f"s-{i}") for i in range(51)]]],
    (changed(ORDER, lines=[7]), "/lines/0"),
    (changed(ORDER, lines=[LINE, None]), "/lines/1"),
    (changed(ORDER, lines=[LINE, LINE]), "/lines/1/sku"),
    *[(line(sku=name), "/lines/0/sku") for name in [*BAD_NAMES, None, 7, ABSENT]],
    *[(line(quantity=number), "/lines/0/quantity")
      for number in [0, -1, 1_000_001, 1.5, "1", None, True, ABSENT, 2 ** 63, -2 ** 70, 1e300]],
    *[(line(unit_price=number), "/lines/0/unit_price")
      for number in [-1, 10 ** 12 + 1, 0.5, "1", None, ABSENT, 2 ** 64]],
    (line(colour="red"), "/lines/0/colour"),
    (line(quantity=1_000_000, unit_price=10 ** 12), "/lines"),
    (line(quantity=9008, unit_price=10 ** 12), "/lines"),
    *[(changed(ORDER, order_id=text), "/order_id")
      for text in ["", "x", ID[:-1], ID + "0", ID.replace("-", ""), "{" + ID + "}", None, 7]],
    *[(changed(ORDER, plan=name), "/plan") for name in ["", "x" * 65, None, 7]],
    *[(changed(ORDER, attributes=value), "/attributes") for value in [None, [], "x",
      {f"k{i}": "v" for i in range(17)}]],
    (changed(ORDER, attributes={"k": 7}), "/attributes/k"),
    (changed(ORDER, attributes={"k": None}), "/attributes/k"),
    (changed(ORDER, attributes={"k": "v" * 257}), "/attributes/k"),
    (changed(ORDER, attributes={"k": "ä" * 129}), "/attributes/k"),
    (changed(ORDER, attributes={"k": "a\u0000b"}), "/attributes/k"),
    (changed(ORDER, attributes={"a/b~c": "v"}), "/attributes/a~1b~0c"),
    (changed(ORDER, attributes={"": "v"}), "/attributes/"),
    (changed(ORDER, attributes={"k" * 65: "v"}), "/attributes/" + "k" * 65),
    (changed(ORDER, colour="red"), "/colour"),
    (changed(ORDER, **{"a/b": 1}), "/a~1b"),
]


@pytest.mark.parametrize(("body", "pointer"), BAD_ORDERS,
                         ids=[f"{i}{p}" for i, (_, p) in enumerate(BAD_ORDERS)])
def test_a_bad_field_of_an_order_is_named(shop, body, pointer):
    refuses(shop.place(body), 400, "invalid_request", pointer)


def test_all_faults_are_named_at_once(shop):
    answer = shop.place({"currency": "cny", "lines": [{"sku": "", "quantity": 0}], "x": 1})
    refuses(answer, 400, "invalid_request")
    pointers = {error["pointer"] for error in answer.json["errors"]}
    assert pointers >= {"/user_id", "/currency", "/lines/0/sku", "/lines/0/quantity",
                        "/lines/0/unit_price", "/x"}


@pytest.mark.allowed
def test_what_is_just_within_the_bounds_is_taken(shop):
    name = "A-Za.z0_9:-" + "x" * 53
    shop.set_stock(name, 1_000_000)
    good = [
        changed(ORDER, user_id="x" * 64), line(unit_price=0), line(sku=name),
        line(sku=name, quantity=900_000, unit_price=10 ** 10), line(unit_price=10 ** 12),
        changed(ORDER, attributes={f"k{i}": "ä" * 128 for i in range(16)}),
        changed(ORDER, attributes={"k": ""}), changed(ORDER, plan="default"),
    ]
    for body in good:
        answer = shop.place(body, headers={"Prefer": "wait=20"})
        assert answer.status == 200 and answer.json["status"] == "completed", (body, answer)
    names = [f"many-{i}" for i in range(50)]
    for one in names:
        shop.set_stock(one, 1)
    shop.completed(order_body("u-1", *[(one, 1, 1) for one in names]))
    body = json.dumps(ORDER)
    answer = shop.place(body + " " * (64 * 1024 - len(body)))
    assert answer.status == 202, answer
    at_rest(shop)


MALFORMED = {
    "empty": b"", "blank": b"   ", "truncated": b'{"user_id": "u-1", "lines": [',
    "two values": b"{} {}", "trailing comma": b'{"user_id": "u-1",}', "single quotes": b"{'a': 1}",
    "comment": b"{} // x", "bare word": b"yes", "NaN": b'{"a": NaN}',
    "not UTF-8": b'{"user_id": "\xff\xfe"}', "overlong": b'{"user_id": "\xc0\xaf"}',
    "surrogate in UTF-8": b'{"user_id": "\xed\xa0\x80"}', "lone escape": b'{"user_id": "\\ud800"}',
    "control character": b'{"user_id": "a\x01b"}', "leading zero": b'{"a": 01}',
    "UTF-16": '{"user_id": "u"}'.encode("utf-16"), "NUL": b"\x00",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_json_is_400(shop, name):
    answer = shop.place(MALFORMED[name])
    refuses(answer, 400, "malformed_json")


def test_duplicate_keys_are_refused(shop):
    for text in ('{"user_id":"a","user_id":"b","currency":"CNY","lines":[]}',
                 '{"user_id":"a","currency":"CNY","lines":[{"sku":"a","sku":"b"}]}',
                 '{"attributes":{"k":"1","\\u006b":"2"}}'):
        answer = shop.place(text)
        assert answer.status == 400 and answer.code in ("invalid_request", "malformed_json"), answer


def test_json_deeper_than_32_is_refused(shop):
    def nested(depth):
        return '{"x":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"

    refuses(shop.place(nested(32)), 400, "invalid_request", "/x")
    answer = shop.place(nested(33))
    assert answer.status == 400 and answer.code in ("malformed_json", "invalid_request"), answer
    for deep in (10_000, 30_000):
        assert shop.place(nested(deep)).status == 400


@pytest.mark.parametrize("text", ["[]", "7", '"x"', "null", "true"])
def test_a_body_that_is_no_object_is_refused(shop, text):
    for target in ("/v1/orders", f"/v1/orders/{ID}/refunds"):
        refuses(shop.api.post(target, text), 400, "invalid_request")
    refuses(shop.api.put(f"/v1/stock/{SKU}", text), 400, "invalid_request")


def test_a_body_above_64_kib_is_413(shop):
    body = json.dumps(ORDER)
    refuses(shop.place(body + " " * (64 * 1024 + 1 - len(body))), 413, "body_too_large")
    refuses(shop.place("x" * 1_000_000), 413, "body_too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded",
                                  "application/jsonx", "text/json; charset=utf-8"])
def test_another_content_type_is_415(shop, kind):
    answer = shop.place(json.dumps(ORDER), headers={"Content-Type": kind})
    refuses(answer, 415, "unsupported_media_type")


@pytest.mark.allowed
@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_s_content_type_in_other_clothes_is_taken(shop, kind):
    answer = shop.place(json.dumps(ORDER), headers={"Content-Type": kind})
    assert answer.status == 202, answer
    at_rest(shop)


BAD_REFUNDS = [
    ({"refund_id": "x"}, "/refund_id"), ({"refund_id": None}, "/refund_id"),
    ({"lines": None}, "/lines"), ({"lines": []}, "/lines"), ({"lines": [{}]}, "/lines/0/sku"),
    ({"lines": [{"sku": SKU}]}, "/lines/0/quantity"),
    ({"lines": [{"sku": SKU, "quantity": 1, "restock": None}]}, "/lines/0/restock"),
    ({"lines": [{"sku": SKU, "quantity": 1, "restock": "no"}]}, "/lines/0/restock"),
    ({"lines": [{"sku": SKU, "quantity": 1, "unit_price": 1}]}, "/lines/0/unit_price"),
    ({"lines": [{"sku": SKU, "quantity": 1}] * 2}, "/lines/1/sku"),
    ({"lines": [{"sku": "bad-input-2", "quantity": 1}]}, "/lines/0/sku"),
    ({"lines": [{"sku": SKU, "quantity": -1}]}, "/lines/0/quantity"),
    ({"reason": None}, "/reason"), ({"reason": 7}, "/reason"), ({"reason": "a\u0000b"}, "/reason"),
    ({"when_incomplete": "later"}, "/when_incomplete"), ({"when_incomplete": None},
                                                         "/when_incomplete"),
    ({"amount": 5}, "/amount"),
]


@pytest.mark.parametrize(("body", "pointer"), BAD_REFUNDS,
                         ids=[f"{i}{p}" for i, (_, p) in enumerate(BAD_REFUNDS)])
def test_a_bad_field_of_a_refund_is_named(shop, body, pointer):
    order_id = shop.order_before["order_id"]
    refuses(shop.refund(order_id, body), 400, "invalid_request", pointer)
    if "refund_id" not in body:
        preview = shop.api.post(f"/v1/orders/{order_id}/refunds/preview", body)
        refuses(preview, 400, "invalid_request", pointer)


BAD_STOCK = [
    ({}, "/on_hand"), ({"on_hand": -1}, "/on_hand"), ({"on_hand": 10 ** 12 + 1}, "/on_hand"),
    ({"on_hand": None}, "/on_hand"), ({"on_hand": "5"}, "/on_hand"), ({"on_hand": 1.5}, "/on_hand"),
    ({"on_hand": 2 ** 64}, "/on_hand"), ({"on_hand": 5, "purchase_limit": 0}, "/purchase_limit"),
    ({"on_hand": 5, "purchase_limit": -1}, "/purchase_limit"),
    ({"on_hand": 5, "purchase_limit": "1"}, "/purchase_limit"), ({"on_hand": 5, "x": 1}, "/x"),
]
BAD_ADJUSTMENTS = [
    ({"delta": 1}, "/adjustment_id"), ({"adjustment_id": "a"}, "/delta"),
    ({"adjustment_id": "", "delta": 1}, "/adjustment_id"),
    ({"adjustment_id": "x" * 65, "delta": 1}, "/adjustment_id"),
    ({"adjustment_id": "a b", "delta": 1}, "/adjustment_id"),
    ({"adjustment_id": "a", "delta": None}, "/delta"),
    ({"adjustment_id": "a", "delta": 1.5}, "/delta"),
    ({"adjustment_id": "a", "delta": 2 ** 63}, "/delta"),
    ({"adjustment_id": "a", "delta": 1, "reason": None}, "/reason"),
    ({"adjustment_id": "a", "delta": 1, "reason": "a\u0000b"}, "/reason"),
    ({"adjustment_id": "a", "delta": 1, "x": 1}, "/x"),
]


@pytest.mark.parametrize(("body", "pointer"), BAD_STOCK,
                         ids=[f"{i}{p}" for i, (_, p) in enumerate(BAD_STOCK)])
def test_a_bad_field_of_stock_is_named(shop, body, pointer):
    refuses(shop.api.put(f"/v1/stock/{SKU}", body), 400, "invalid_request", pointer)
    refuses(shop.api.put("/v1/stock/never-made", body), 400, "invalid_request", pointer)
    assert shop.api.get("/v1/stock/never-made").status == 404


@pytest.mark.parametrize(("body", "pointer"), BAD_ADJUSTMENTS,
                         ids=[f"{i}{p}" for i, (_, p) in enumerate(BAD_ADJUSTMENTS)])
def test_a_bad_field_of_an_adjustment_is_named(shop, body, pointer):
    answer = shop.api.post(f"/v1/stock/{SKU}/adjustments", body)
    refuses(answer, 400, "invalid_request", pointer)


def test_an_adjustment_above_the_bounds_is_400(shop):
    for delta in (10 ** 12, 10 ** 12 + 1):
        answer = shop.api.post(f"/v1/stock/{SKU}/adjustments",
                               {"adjustment_id": str(uuid.uuid4()), "delta": delta})
        refuses(answer, 400, "invalid_request")


@pytest.mark.parametrize("target", [
    "/v1/orders/x", f"/v1/orders/{ID[:-1]}", f"/v1/orders/{ID}0", f"/v1/orders/{ID}/",
    "/v1/orders/%00", "/v1/orders/%ff", "/v1/orders/..%2f..", "/v1/refunds/x",
    "/v1/stock/a%20b", "/v1/stock/" + "x" * 65, "/v1/stock/%2e%2e%2f", "/v1/users/a%20b/points",
    "/v1/unheard-of", "/", "/v2/orders", "//", "/v1", "/v1/orders/" + ID + "/x/y/z/a/b/c/d",
    "/V1/ORDERS", "/v1/parked/x"])
def test_a_malformed_or_unknown_path_is_404(shop, target):
    answer = shop.api.get(target)
    if target == "/v1/parked/x":
        assert answer.status in (404, 405), answer
        return
    assert answer.status == 404 and answer.code, answer


@pytest.mark.parametrize("target", [
    "/v1/orders?colour=red", "/v1/orders?limit=0", "/v1/orders?limit=201", "/v1/orders?limit=x",
    "/v1/orders?limit=", "/v1/orders?limit=-1", "/v1/orders?limit=1&limit=2",
    "/v1/orders?limit=99999999999999999999", "/v1/orders?cursor=x", "/v1/orders?cursor=",
    "/v1/orders?cursor=%00", "/v1/orders?cursor=" + "A" * 500, "/v1/orders?status=unheard-of",
    "/v1/orders?status=", "/v1/orders?sku=a%20b", "/v1/orders?user_id=", "/v1/orders?user_id=%ff",
    "/v1/orders?placed_after=yesterday", "/v1/orders?placed_before=2026-13-01T00:00:00.000Z",
    "/v1/orders?placed_after=2026-01-01", "/v1/refunds?order_id=x", "/v1/refunds?status=x",
    "/v1/refunds?sku=x", "/v1/refunds?cursor=x", "/v1/stock?limit=0", "/v1/stock?cursor=%ff",
    "/v1/stock?sku=x", f"/v1/stock/{SKU}/journal?limit=500", f"/v1/stock/{SKU}/journal?cursor=x",
    f"/v1/stock/{SKU}?x=1", "/v1/parked?x=1", "/v1/parked?order_id=x", "/v1/parked?cursor=x",
    "/v1/parked/groups?cursor=x", "/v1/parked/groups?limit=0", "/v1/reconciliation?x=1",
    "/v1/status?x=1", f"/v1/orders/{ID}?x=1", "/v1/users/u-1/points?x=1", "/v1/orders?%zz=1"])
def test_a_bad_query_is_400(shop, target):
    refuses(shop.api.get(target), 400, "invalid_request")


def test_a_cursor_of_another_list_is_400_or_harmless(shop):
    cursor = shop.api.get("/v1/stock?limit=1").json["next_cursor"]
    assert cursor
    for target in ("/v1/orders", "/v1/refunds", "/v1/parked", f"/v1/stock/{SKU}/journal"):
        assert shop.api.get(f"{target}?cursor={cursor}").status in (200, 400)


@pytest.mark.parametrize(("method", "target", "allowed"), [
    ("DELETE", "/v1/orders", {"GET", "HEAD", "POST"}), ("PUT", f"/v1/orders/{ID}", {"GET", "HEAD"}),
    ("PATCH", f"/v1/stock/{SKU}", {"GET", "HEAD", "PUT"}), ("POST", "/v1/status", {"GET", "HEAD"}),
    ("GET", f"/v1/orders/{ID}/refunds", {"POST"}), ("GET", "/v1/parked/retry", {"POST"}),
    ("POST", "/healthz", {"GET", "HEAD"}), ("TRACE", "/v1/orders", {"GET", "HEAD", "POST"})])
def test_another_method_is_405_with_allow(shop, method, target, allowed):
    answer = shop.api.request(method, target)
    refuses(answer, 405, "method_not_allowed")
    told = {one.strip() for one in answer.headers["Allow"].split(",")}
    assert allowed - {"HEAD"} <= told, told
    assert told <= allowed | {"OPTIONS", "DELETE"}, told


def test_head_answers_as_get_without_a_body(shop):
    for target in ("/healthz", "/v1/orders", f"/v1/stock/{SKU}",
                   f"/v1/orders/{shop.order_before['order_id']}"):
        head, get = shop.api.request("HEAD", target), shop.api.get(target)
        assert head.status == get.status == 200
        assert head.body == b""
        assert head.headers["Content-Length"] == str(len(get.body))
        assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert shop.api.request("HEAD", f"/v1/orders/{ID}").status == 404


def raw(shop, data, half_close=False):
    """Sends bytes as they are; everything that comes back until the server closes or pauses."""
    with socket.create_connection(("127.0.0.1", shop.port), timeout=10) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while True:
            try:
                part = connection.recv(65536)
            except (TimeoutError, ConnectionResetError):
                return received
            if not part:
                return received
            received += part
            head, _, body = received.partition(b"\r\n\r\n")
            for field in head.split(b"\r\n"):
                if field.lower().startswith(b"content-length:"):
                    if len(body) >= int(field.split(b":")[1]):
                        return received


def request_bytes(target="/v1/orders", method="POST", body=b"", fields=()):
    head = [f"{method} {target} HTTP/1.1", "Host: x", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def test_two_idempotency_keys_are_400(shop):
    body = json.dumps(ORDER).encode()
    fields = ["Content-Type: application/json", f"Content-Length: {len(body)}",
              "Idempotency-Key: a", "Idempotency-Key: b"]
    answer = raw(shop, request_bytes(body=body, fields=fields))
    assert answer.startswith(b"HTTP/1.1 400") and b'"invalid_request"' in answer, answer


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a b", "ä"])
def test_a_bad_idempotency_key_is_400(shop, key):
    answer = shop.place(ORDER, headers={"Idempotency-Key": key.encode()})
    refuses(answer, 400, "invalid_request")


def test_headers_above_8_kib_are_431_and_a_long_target_is_414(shop):
    answer = shop.api.get("/v1/orders", headers={"X-Long": "x" * 8192})
    refuses(answer, 431, "headers_too_large")
    refuses(shop.api.get("/v1/orders?user_id=" + "x" * 8192), 414, "uri_too_long")
    assert shop.api.get("/v1/orders", headers={"X-Long": "x" * 7000}).status == 200


@pytest.mark.parametrize("data", [
    b"\r\n\r\nrubbish\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\r\n\r\n",
    request_bytes(fields=["Content-Length: -1"]), request_bytes(fields=["Content-Length: x"]),
    request_bytes(fields=["Content-Length: 5", "Content-Length: 6"], body=b"{}   "),
    request_bytes(fields=["Transfer-Encoding: chunked", "Content-Length: 5"], body=b"0\r\n\r\n"),
    request_bytes(fields=["Transfer-Encoding: chunked"], body=b"zz\r\n\r\n"),
    request_bytes(fields=["Bad Header: x"]), b"GET /healthz HTTP/1.1\r\n\r\n",
], ids=range(11))
def test_what_is_not_http_is_4xx_or_cut(shop, data):
    answer = raw(shop, data, half_close=True)
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 505")), answer


def test_a_body_that_is_cut_off_places_nothing(shop):
    body = json.dumps(ORDER).encode()
    fields = ["Content-Type: application/json", f"Content-Length: {len(body) + 10}"]
    answer = raw(shop, request_bytes(body=body, fields=fields), half_close=True)
    assert not answer or answer.startswith(b"HTTP/1.1 4"), answer


def test_an_unknown_plan_is_422(shop):
    refuses(shop.place(changed(ORDER, plan="no-such-plan")), 422, "unknown_plan")


def test_an_unknown_sku_among_known_ones_is_422_and_takes_nothing(shop):
    body = changed(ORDER, lines=[LINE, changed(LINE, sku="never-made")])
    answer = shop.place(body)
    refuses(answer, 422, "unknown_sku")


def test_reports_to_unknown_steps_are_404_or_409(shop):
    target = f"/v1/orders/{shop.order_before['order_id']}/steps"
    report = {"outcome": "succeeded"}
    refuses(shop.api.post(f"/v1/orders/{ID}/steps/stock", report), 404, "unknown_order")
    refuses(shop.api.post(f"{target}/payment", report), 404, "unknown_step")
    refuses(shop.api.post(f"{target}/stock", report), 409, "step_not_awaiting")
    refuses(shop.api.post(f"{target}/stock", {"outcome": "maybe"}), 400, "invalid_request",
            "/outcome")


def test_a_request_id_is_taken_or_made(shop):
    assert shop.api.get("/healthz", headers={"X-Request-Id": "mine-1"}).headers[
        "X-Request-Id"] == "mine-1"
    assert shop.api.get("/healthz").headers["X-Request-Id"]


@pytest.mark.allowed
@pytest.mark.parametrize("part", [
    b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nX-Never",
    request_bytes(fields=["Content-Type: application/json", "Content-Length: 100"], body=b"{")])
def test_a_request_that_never_ends_is_408_or_cut(install, part):
    slow = install({"http.request_timeout": "1s"}).start()
    answer = raw(slow, part)
    assert not answer or answer.startswith(b"HTTP/1.1 408"), answer
    with socket.create_connection(("127.0.0.1", slow.port), timeout=10) as connection:
        connection.sendall(part)
        while connection.recv(65536):
            pass  # a timeout here means that the connection was not cut
