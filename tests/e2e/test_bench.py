"""The benchmark measures something, on the servers and without them. How fast is not judged here."""

import json
import subprocess
from pathlib import Path

from support.program import Holdfast

MEASURED = {"accepted_per_s", "completed_per_s", "p50_ms_at_half", "p99_ms_at_half",
            "refunds_per_s", "sold_out_per_s", "rss_mib", "orders"}


def measure(one, *arguments):
    program = Path(one.program).with_name("holdfast-bench")
    results = one.folder / "results.json"
    done = subprocess.run([program, "--holdfast", one.program, "--config", one.config, "--quick",
                           "--seconds", "1", "--connections", "32", "--results", results,
                           *arguments], capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    measured = json.loads(results.read_text())
    for key in MEASURED:
        assert measured[key] > 0, key
    return measured, done.stdout


def test_on_the_servers(stack, install):
    one = install()
    measured, table = measure(one, "--stack-dir", stack.folder)
    assert set(measured["cpu_us_per_order"]) == {"holdfast", "load", "postgres", "rabbitmq",
                                                 "redis"}
    assert measured["ratio_to_pgbench"] > 0
    assert "completed orders (the headline)" in table


def test_without_servers():
    one = Holdfast(None)
    try:
        measured, _ = measure(one, "--embedded", one.folder / "data")
    finally:
        one.remove()
    assert set(measured["cpu_us_per_order"]) == {"holdfast", "load"}
    assert measured["ratio_to_pgbench"] is None
