"""Stock as the shop sees and sets it: numbers that add up, changes that are made once."""

import uuid

import pytest

from support.checks import at_rest, check_sku, check_stock
from support.program import order_body
from support.traffic import burst


def adjust(holdfast, sku, delta, **members):
    body = {"adjustment_id": f"adj-{uuid.uuid4()}", "delta": delta, **members}
    return holdfast.api.post(f"/v1/stock/{sku}/adjustments", body)


def numbers(stock):
    return tuple(stock[name] for name in
                 ("loaded", "available", "reserved", "on_hand", "sold", "returned"))


@pytest.fixture
def paused(holdfast):
    holdfast.pause()
    yield holdfast
    holdfast.resume()


def test_put_sets_what_is_on_hand(holdfast, sku):
    assert numbers(holdfast.set_stock(sku, 100)) == (100, 100, 0, 100, 0, 0)
    assert numbers(holdfast.set_stock(sku, 100)) == (100, 100, 0, 100, 0, 0)
    holdfast.completed(order_body("u-1", (sku, 30, 1)))
    at_rest(holdfast)
    assert numbers(holdfast.stock(sku)) == (100, 70, 0, 70, 30, 0)
    assert numbers(holdfast.set_stock(sku, 100)) == (130, 100, 0, 100, 30, 0)
    assert numbers(holdfast.set_stock(sku, 0)) == (30, 0, 0, 0, 30, 0)
    assert numbers(holdfast.set_stock(sku, 10 ** 12)) == (
        10 ** 12 + 30, 10 ** 12, 0, 10 ** 12, 30, 0)
    check_sku(holdfast, sku)


def test_what_is_reserved_stays_reserved(paused, sku):
    holdfast = paused
    holdfast.set_stock(sku, 10)
    for i in range(6):
        assert holdfast.place(order_body(f"u-{i}", (sku, 1, 1))).status == 202
    assert numbers(holdfast.stock(sku)) == (10, 4, 6, 10, 0, 0)
    for on_hand in (5, 0):
        refused = holdfast.api.put(f"/v1/stock/{sku}", {"on_hand": on_hand})
        assert (refused.status, refused.code) == (409, "stock_below_reserved"), refused
    refused = adjust(holdfast, sku, -5)
    assert (refused.status, refused.code) == (409, "stock_below_reserved"), refused
    assert numbers(holdfast.stock(sku)) == (10, 4, 6, 10, 0, 0)
    assert numbers(holdfast.set_stock(sku, 6)) == (6, 0, 6, 6, 0, 0)
    refused = adjust(holdfast, sku, -1)
    assert (refused.status, refused.code) == (409, "stock_below_reserved"), refused
    holdfast.resume()
    at_rest(holdfast)
    assert numbers(check_sku(holdfast, sku)) == (6, 0, 0, 0, 6, 0)


def test_an_adjustment_is_made_once(holdfast, sku):
    holdfast.set_stock(sku, 10)
    body = {"adjustment_id": f"adj-{uuid.uuid4()}", "delta": 5, "reason": "found more"}
    target = f"/v1/stock/{sku}/adjustments"
    first = holdfast.api.post(target, body)
    assert first.status == 200 and first.json["available"] == 15 and not first.replayed, first
    again = holdfast.api.post(target, body)
    assert again.status == 200 and again.json["available"] == 15 and again.replayed, again
    for change in ({"delta": 6}, {"reason": "another"}):
        conflict = holdfast.api.post(target, {**body, **change})
        assert (conflict.status, conflict.code) == (409, "adjustment_id_conflict"), conflict
    holdfast.set_stock(f"{sku}-2", 1)
    conflict = holdfast.api.post(f"/v1/stock/{sku}-2/adjustments", body)
    assert (conflict.status, conflict.code) == (409, "adjustment_id_conflict"), conflict
    assert adjust(holdfast, sku, -15).json["available"] == 0
    assert adjust(holdfast, sku, 0).json["available"] == 0
    entries = holdfast.journal(sku)
    mine = [entry for entry in entries if entry["cause_id"] == body["adjustment_id"]]
    assert [entry["delta"] for entry in mine] == [5]
    check_stock(holdfast, sku)


def test_equal_adjustments_at_once_are_one(holdfast, sku):
    holdfast.set_stock(sku, 10)
    body = {"adjustment_id": f"adj-{uuid.uuid4()}", "delta": 5}
    answers = burst(lambda _: holdfast.api.post(f"/v1/stock/{sku}/adjustments", body), 16, 16)
    assert [answer.status for answer in answers] == [200] * 16, answers
    assert sum(not answer.replayed for answer in answers) == 1
    answers = burst(lambda _: adjust(holdfast, sku, 1), 50, 16)
    assert [answer.status for answer in answers] == [200] * 50
    at_rest(holdfast)
    assert check_stock(holdfast, sku)["available"] == 65


def test_adjustments_in_the_middle_of_sales_add_up(holdfast, sku):
    holdfast.set_stock(sku, 50)

    def work(i):
        if i % 10 == 0:
            return adjust(holdfast, sku, 7)
        return holdfast.place(order_body(f"u-{i}", (sku, 1, 1)))

    answers = burst(work, 400, 32)
    assert {answer.status for answer in answers} <= {200, 202, 409}
    sold = sum(answer.status == 202 for answer in answers)
    at_rest(holdfast)
    stock = check_sku(holdfast, sku)
    assert stock["loaded"] == 50 + 40 * 7 and stock["available"] == 330 - sold


def test_a_restock_is_seen_at_once_by_sold_out_buyers(holdfast, sku):
    holdfast.set_stock(sku, 0)
    assert holdfast.place(order_body("u-1", (sku, 1, 1))).code == "out_of_stock"
    assert adjust(holdfast, sku, 1).status == 200
    holdfast.completed(order_body("u-1", (sku, 1, 1)))


def test_unknown_skus(holdfast, sku):
    for answer in (holdfast.api.get(f"/v1/stock/{sku}"),
                   holdfast.api.get(f"/v1/stock/{sku}/journal"), adjust(holdfast, sku, 1)):
        assert (answer.status, answer.code) == (404, "unknown_sku"), answer
    answer = holdfast.place(order_body("u-1", (sku, 1, 1)))
    assert (answer.status, answer.code) == (422, "unknown_sku"), answer


def test_the_purchase_limit_counts_orders_that_stand(holdfast, sku):
    stock = holdfast.set_stock(sku, 100, purchase_limit=3)
    assert stock["purchase_limit"] == 3
    first = holdfast.completed(order_body("u-1", (sku, 2, 1)))
    refused = holdfast.place(order_body("u-1", (sku, 2, 1)))
    assert (refused.status, refused.code) == (409, "purchase_limit_exceeded")
    assert {k: refused.json[k] for k in ("sku", "limit", "bought")} == {
        "sku": sku, "limit": 3, "bought": 2}
    holdfast.completed(order_body("u-1", (sku, 1, 1)))
    holdfast.completed(order_body("u-2", (sku, 3, 1)))
    assert holdfast.refund(first["order_id"], headers={"Prefer": "wait=20"}).status == 200
    at_rest(holdfast)
    holdfast.completed(order_body("u-1", (sku, 2, 1)))
    # Without the member the limit stays, with null it goes.
    assert holdfast.set_stock(sku, 100)["purchase_limit"] == 3
    assert holdfast.place(order_body("u-1", (sku, 1, 1))).code == "purchase_limit_exceeded"
    assert holdfast.set_stock(sku, 100, purchase_limit=None).get("purchase_limit") is None
    holdfast.completed(order_body("u-1", (sku, 50, 1)))


@pytest.mark.parametrize("settled", [True, False], ids=["settled", "unsettled"])
def test_a_limit_set_later_counts_earlier_orders(holdfast, sku, settled):
    holdfast.set_stock(sku, 100)
    if not settled:
        holdfast.pause()
    for _ in range(3):
        body = order_body("u-1", (sku, 1, 1))
        assert holdfast.place(body).status == 202
        if settled:
            holdfast.order(body["order_id"], wait_s=20)
    refunded = body["order_id"]
    if settled:
        assert holdfast.refund(refunded, headers={"Prefer": "wait=20"}).status == 200
        at_rest(holdfast)
    standing = 2 if settled else 3
    holdfast.set_stock(sku, 100, purchase_limit=4)
    refused = holdfast.place(order_body("u-1", (sku, 5 - standing, 1)))
    assert (refused.status, refused.code) == (409, "purchase_limit_exceeded"), refused
    assert refused.json["bought"] == standing
    assert holdfast.place(order_body("u-1", (sku, 4 - standing, 1))).status == 202
    assert holdfast.place(order_body("u-1", (sku, 1, 1))).code == "purchase_limit_exceeded"
    holdfast.resume()
    at_rest(holdfast)
    check_sku(holdfast, sku)


def test_one_user_s_requests_at_once_keep_the_limit(holdfast, sku):
    holdfast.set_stock(sku, 100, purchase_limit=5)
    answers = burst(lambda i: holdfast.place(order_body(f"u-{i % 2}", (sku, 1, 1))), 100, 32)
    assert sum(answer.status == 202 for answer in answers) == 10
    assert all(a.code == "purchase_limit_exceeded" for a in answers if a.status != 202)
    at_rest(holdfast)
    assert check_sku(holdfast, sku)["available"] == 90


def test_the_journal_names_the_cause_of_each_movement(holdfast, sku):
    holdfast.set_stock(sku, 10)
    order = holdfast.completed(order_body("u-1", (sku, 4, 1)))
    refund = holdfast.refund(order["order_id"], headers={"Prefer": "wait=20"}).json
    adjustment = f"adj-{uuid.uuid4()}"
    body = {"adjustment_id": adjustment, "delta": -3, "reason": "broken"}
    assert holdfast.api.post(f"/v1/stock/{sku}/adjustments", body).status == 200
    at_rest(holdfast)
    entries = holdfast.journal(sku)
    assert [entry["delta"] for entry in entries] == [-3, 4, -4, 10]
    assert entries[0]["adjustment_id"] == adjustment
    assert entries[1]["refund_id"] == refund["refund_id"]
    assert entries[2]["order_id"] == order["order_id"]
    pages, cursor = [], None
    for _ in range(4):
        page = holdfast.api.get(f"/v1/stock/{sku}/journal?limit=1" +
                                (f"&cursor={cursor}" if cursor else "")).json
        pages += page["journal"]
        cursor = page["next_cursor"]
    assert pages == entries and cursor is None


def test_lists_of_orders_are_filtered_and_come_in_pages(holdfast, sku):
    holdfast.set_stock(sku, 100)
    user = f"l-{sku}"[:60]
    placed = [holdfast.completed(order_body(user, (sku, 1, 1))) for _ in range(7)]
    ids = [order["order_id"] for order in placed][::-1]
    at_rest(holdfast)
    assert holdfast.refund(ids[0], headers={"Prefer": "wait=20"}).status == 200
    for query in (f"?user_id={user}", f"?sku={sku}", f"?sku={sku}&user_id={user}"):
        assert [order["order_id"] for order in holdfast.orders(query)] == ids, query
        seen, cursor = [], None
        while True:
            page = holdfast.api.get(f"/v1/orders{query}&limit=3" +
                                    (f"&cursor={cursor}" if cursor else "")).json
            assert len(page["orders"]) <= 3
            seen += [order["order_id"] for order in page["orders"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        assert seen == ids
    assert [o["order_id"] for o in holdfast.orders(f"?sku={sku}&status=refunded")] == ids[:1]
    assert len(holdfast.orders(f"?user_id={user}&status=completed")) == 6
    assert holdfast.orders(f"?user_id={user}&status=cancelled") == []
    moment = placed[3]["placed_at"]
    after = holdfast.orders(f"?sku={sku}&placed_after={moment}")
    before = holdfast.orders(f"?sku={sku}&placed_before={moment}")
    assert placed[3]["order_id"] in [order["order_id"] for order in after], "inclusive"
    assert placed[3]["order_id"] not in [order["order_id"] for order in before], "exclusive"
    assert len(after) + len(before) == 7


def test_the_list_of_stock_has_every_sku_once(holdfast, sku):
    made = {f"{sku}-{i}" for i in range(5)}
    for name in made:
        holdfast.set_stock(name, 3)
    seen, cursor = [], None
    while True:
        page = holdfast.api.get("/v1/stock?limit=2" + (f"&cursor={cursor}" if cursor else "")).json
        seen += [stock["sku"] for stock in page["stock"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) and made <= set(seen)
