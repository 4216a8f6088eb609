"""Plans as the configuration file writes them."""

import json


def step(name, kind, after=(), **keys):
    return {"name": name, "kind": kind, **({"after": list(after)} if after else {}), **keys}


def stock(after=()):
    return step("stock", "stock", after)


def points(after=(), per=100):
    return step("points", "points", after, per=per)


def retry(attempts, first="50ms", factor=2, longest="200ms"):
    return {"attempts": attempts, "first": first, "factor": factor, "max": longest}


def http(name, url, after=("stock",), attempts=6, timeout="500ms", **keys):
    """A step whose forward and reverse actions are called at `url`/charges and `url`/refunds."""
    keys.setdefault("forward_url", f"{url}/charges")
    keys.setdefault("reverse_url", f"{url}/refunds")
    keys.setdefault("retry", retry(attempts))
    return step(name, "http", after, timeout=timeout, **keys)


def awaited(name, timeout, after=("stock",), **keys):
    return step(name, "await", after, timeout=timeout, **keys)


def tables(**plans):
    """The part of the file that says these plans: name -> steps."""
    lines = []
    for plan, steps in plans.items():
        for one in steps:
            lines.append(f"[[plans.{plan}.steps]]")
            lines += [f"{key} = {_value(value)}" for key, value in one.items()]
    return "\n".join(lines) + "\n"


def _value(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(part)}" for key, part in value.items()) + " }"
    return json.dumps(value)
