"""I1: a burst of buyers never buys more than there is, and whoever is told yes gets it."""

import pytest

from support.checks import at_rest, check_sku
from support.program import order_body
from support.traffic import burst

BUYERS = 2000
CONNECTIONS = 64


@pytest.fixture
def times(is_long):
    return 20 if is_long else 3


def assert_each_is_yes_or_sold_out(answers):
    accepted = []
    for answer in answers:
        if answer.status == 202:
            accepted.append(answer.json["order_id"])
        else:
            assert answer.status == 409 and answer.code == "out_of_stock", answer
    return accepted


def assert_all_completed(holdfast, sku, accepted):
    at_rest(holdfast)
    orders = holdfast.orders(f"?sku={sku}")
    assert {order["order_id"] for order in orders} == set(accepted)
    assert len(orders) == len(accepted)
    assert all(order["status"] == "completed" for order in orders)


def test_hundred_units_and_two_thousand_buyers_make_hundred_orders(holdfast, sku, times):
    for turn in range(times):
        one = f"{sku}-{turn}"
        holdfast.set_stock(one, 100)
        answers = burst(lambda i: holdfast.place(order_body(f"u-{i}", (one, 1, 1999))),
                        BUYERS, CONNECTIONS)
        accepted = assert_each_is_yes_or_sold_out(answers)
        assert len(accepted) == 100
        assert_all_completed(holdfast, one, accepted)
        stock = check_sku(holdfast, one)
        assert (stock["available"], stock["sold"], stock["returned"]) == (0, 100, 0)


def test_orders_without_an_id_of_their_own_do_not_oversell_either(holdfast, sku):
    holdfast.set_stock(sku, 100)
    answers = burst(
        lambda i: holdfast.place(order_body(f"u-{i}", (sku, 1, 1999), order_id=None)),
        BUYERS, CONNECTIONS)
    accepted = assert_each_is_yes_or_sold_out(answers)
    assert len(accepted) == 100
    assert_all_completed(holdfast, sku, accepted)
    assert check_sku(holdfast, sku)["available"] == 0


def test_carts_with_lines_in_opposite_order_are_all_or_nothing(holdfast, sku, times):
    for turn in range(times):
        first, second = f"{sku}-a{turn}", f"{sku}-b{turn}"
        holdfast.set_stock(first, 100)
        holdfast.set_stock(second, 80)

        def buy(i):
            lines = [(first, 1, 500), (second, 1, 700)]
            return holdfast.place(order_body(f"u-{i}", *(lines if i % 2 else lines[::-1])))

        accepted = assert_each_is_yes_or_sold_out(burst(buy, BUYERS, CONNECTIONS))
        assert len(accepted) == 80
        assert_all_completed(holdfast, first, accepted)
        assert_all_completed(holdfast, second, accepted)
        assert check_sku(holdfast, first)["available"] == 20
        assert check_sku(holdfast, second)["available"] == 0


def test_orders_of_several_units_leave_only_what_no_order_could_take(holdfast, sku):
    holdfast.set_stock(sku, 100)
    answers = burst(lambda i: holdfast.place(order_body(f"u-{i}", (sku, 1 + i % 7, 100))),
                    600, CONNECTIONS)
    accepted = assert_each_is_yes_or_sold_out(answers)
    assert_all_completed(holdfast, sku, accepted)
    # Orders of one unit came until the end, so nothing can be left.
    assert check_sku(holdfast, sku)["available"] == 0


def test_a_refusal_names_every_line_that_is_short(holdfast, sku):
    plenty, few, none = f"{sku}-p", f"{sku}-f", f"{sku}-n"
    for name, units in ((plenty, 10), (few, 2), (none, 0)):
        holdfast.set_stock(name, units)
    answer = holdfast.place(order_body("u-1", (none, 1, 1), (plenty, 10, 1), (few, 3, 1)))
    assert (answer.status, answer.code) == (409, "out_of_stock")
    shortages = sorted(answer.json["shortages"], key=lambda s: s["sku"])
    assert shortages == sorted([{"sku": few, "requested": 3, "available": 2},
                                {"sku": none, "requested": 1, "available": 0}],
                               key=lambda s: s["sku"])
    for name, units in ((plenty, 10), (few, 2), (none, 0)):
        assert holdfast.stock(name)["available"] == units
