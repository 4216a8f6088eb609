"""The benchmark measures something, on the servers and without them. How fast is not judged here."""

import json
import subprocess
from pathlib import Path

from support.program import Holdfast

MEASURED = {"accepted_per_s", "completed_per_s", "p50_ms_at_half", "p99_ms_at_half",
            "refunds_per_s", "early_refunds_per_s", "preempting_refunds_per_s", "sold_out_per_s",
            "rss_mib", "orders"}
LATENCIES = {"async_p50_ms": "async_p99_ms", "sync_p50_ms": "sync_p99_ms", "p50_ms": "p99_ms"}


def run(one, *arguments):
    program = Path(one.program).with_name("holdfast-bench")
    results = one.folder / "results.json"
    done = subprocess.run([program, "--holdfast", one.program, "--config", one.config, "--quick",
                           "--seconds", "1", "--connections", "32", "--growth", "2000",
                           "--results", results, *arguments],
                          capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(results.read_text()), done.stdout


def measure(one, *arguments):
    measured, table = run(one, *arguments)
    for key in MEASURED:
        assert measured[key] > 0, key
    check_series(measured)
    check_timeline(measured)
    check_nginx(measured)
    return measured, table


def check_series(measured):
    assert [point["steps"] for point in measured["sync_vs_async"]] == [1, 4, 16]
    assert [point["offered_percent"] for point in measured["overload"]] == [50, 100, 200]
    assert [point["skus"] for point in measured["skus"]] == [1, 1_000]
    for series in ("sync_vs_async", "overload", "skus"):
        for point in measured[series]:
            assert all(value > 0 for key, value in point.items() if key != "refused_per_s"), point
            for median, tail in LATENCIES.items():
                assert point.get(median, 0) <= point.get(tail, 0), point
    for point in measured["overload"]:
        # What is accepted may come in a little late, and never more than was offered.
        assert point["completed_per_s"] <= point["accepted_per_s"] * 1.01, point
        assert point["refused_per_s"] >= 0, point
    chain = measured["sync_vs_async"][-1]
    assert chain["sync_p50_ms"] > 16 * 2, "each of 16 steps takes 2 ms and more"
    assert chain["async_p50_ms"] < chain["sync_p50_ms"]


def check_timeline(measured):
    timeline = measured["timeline"]
    assert [second["second"] for second in timeline] == list(range(len(timeline)))
    assert sum(second["accepted"] for second in timeline) == measured["orders"]


def check_nginx(measured):
    nginx, ratio = measured["nginx_per_s"], measured["sold_out_ratio_to_nginx"]
    assert (nginx is None) == (ratio is None)
    if nginx is not None:
        assert abs(measured["sold_out_per_s"] / nginx - ratio) < 0.01 * ratio


def test_on_the_servers(stack, install):
    one = install()
    measured, table = measure(one, "--stack-dir", stack.folder)
    assert set(measured["cpu_us_per_order"]) == {"holdfast", "load", "postgres", "rabbitmq",
                                                 "redis"}
    assert measured["ratio_to_limit"] > 0
    assert measured["ratio_to_pgbench"] > 0
    assert sum(second["completed"] for second in measured["timeline"]) == measured["orders"]
    empty, grown = measured["growth"]
    assert 0 < empty["orders_in_book"] and 2_000 <= grown["orders_in_book"]
    for point in measured["growth"]:
        assert all(value > 0 for value in point.values()), point
    for title in ("completed orders (the headline)", "remote steps", "offered %", "SKUs",
                  "orders in the book"):
        assert title in table


def test_without_servers_and_only_what_was_asked_for():
    one = Holdfast(None)
    try:
        measured, table = run(one, "--embedded", one.folder / "data", "--only", "headline,early")
    finally:
        one.remove()
    for key in MEASURED:
        assert measured[key] > 0, key
    check_timeline(measured)
    assert set(measured["cpu_us_per_order"]) == {"holdfast", "load"}
    for key in ("ratio_to_limit", "ratio_to_pgbench", "growth", "overload", "sync_vs_async", "skus"):
        assert measured[key] is None, key
    assert "headline" in table and "remote steps" not in table
