"""Waiting for a condition with a deadline; nothing in these tests sleeps and hopes."""

import time


def wait_until(condition, deadline_s=20.0, what="", every_s=0.02):
    """Returns the first true value of `condition()`. Fails after `deadline_s`, naming the last."""
    until = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= until:
            name = what or getattr(condition, "__doc__", None) or "a condition"
            raise AssertionError(f"waited {deadline_s} s in vain for {name}; last: {value!r}")
        time.sleep(every_s)
