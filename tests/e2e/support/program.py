"""Holdfast as a process, with a configuration and names of its own on the servers."""

import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from support.api import Client, Lost
from support.stack import ROOT
from support.waiting import wait_until

_numbers = itertools.count(1)
running = []  # every Holdfast alive, for the logs of a test that fails
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def program(fault=False):
    """HOLDFAST_BINARY, or what ./test names: the released program, or the one with fault points."""
    names = ["HOLDFAST_TEST_FAULT_PROGRAM"] if fault else ["HOLDFAST_TEST_PROGRAM"]
    for name in ["HOLDFAST_BINARY", *names]:
        if os.environ.get(name):
            return os.environ[name]
    return str(ROOT / "build" / "debug" / "holdfast")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Holdfast:
    """One installation: names on the servers, a configuration file, and at most one process of it.

    `settings` is a dictionary of dotted keys, such as {"refund.delay": "2s"}. Without a stack it is
    `holdfast dev`: one process, one file in its folder, no servers.
    """

    def __init__(self, stack, settings=None, tables="", fault=False, roles=None):
        self.stack = stack
        self.name = f"e2e-{os.getpid()}-{next(_numbers)}"
        self.folder = Path(tempfile.mkdtemp(prefix=f"holdfast-{self.name}-"))
        self.program = program(fault)
        self.log = self.folder / "log"
        self.config = self.folder / "holdfast.toml"
        self.settings = dict(settings or {})
        self.tables = tables
        self.roles = roles
        self.port = free_port()
        self.process = None
        self.may_die = False
        self.api = Client(self.port)
        if stack is not None:
            stack.sql(f'create database "{self.name}"', "postgres")
        self.write_config()

    def write_config(self):
        values = {"namespace": self.name, "http.listen": f"127.0.0.1:{self.port}"}
        if self.stack is not None:
            values.update(self._servers())
        values.update(self.settings)
        sections = {}
        for key, value in values.items():
            section, _, name = key.rpartition(".")
            sections.setdefault(section, []).append(f"{name} = {json.dumps(value)}")
        lines = sections.pop("", [])
        for section, keys in sections.items():
            lines += [f"[{section}]", *keys]
        self.config.write_text("\n".join(lines) + "\n" + self.tables)

    def _servers(self):
        return {
            "redis.url": self.stack.redis_url,
            "redis.key_prefix": self.name,
            "rabbitmq.url": self.stack.amqp_url,
            "rabbitmq.management_url": self.stack.management_url,
            "postgres.url": self.stack.postgres_url(self.name),
        }

    def _serving(self):
        if self.stack is None:
            return ["dev", "--data", str(self.folder / "data")]
        return ["serve", *(["--role", self.roles] if self.roles else [])]

    def start(self, environment=None, ready=True):
        assert self.process is None
        self.may_die = False
        arguments = [self.program, *self._serving(), "--config", str(self.config)]
        variables = {name: value for name, value in os.environ.items()
                     if not name.startswith("HOLDFAST_")}
        variables.update(environment or {})
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=variables, cwd=self.folder)
        running.append(self)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, deadline_s=60):
        wait_until(self.is_ready, deadline_s, "Holdfast to be ready", every_s=0.05)

    def is_ready(self):
        assert self.is_alive(), f"Holdfast ended with {self.process.returncode}\n{self.log_tail()}"
        try:
            return self.api.get("/readyz").status == 200
        except Lost:
            return False

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """An orderly end by SIGTERM, which must be a clean one."""
        process = self.process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            self._bury()
            raise AssertionError("Holdfast did not end within 30 s of SIGTERM") from None
        code = process.returncode
        self._bury()
        assert code == 0 or self.may_die, f"Holdfast ended with {code}\n{self.log_tail()}"
        self.check_log()

    def kill(self):
        """SIGKILL, as a power cut."""
        self.process.kill()
        self._bury()

    def wait_killed(self, deadline_s=30):
        """Waits for the end by a fault point."""
        wait_until(lambda: not self.is_alive(), deadline_s, "Holdfast to die at a fault point")
        assert self.process.returncode == -signal.SIGKILL, self.process.returncode
        self._bury()

    def remove(self):
        """The end of the installation, whatever the test did."""
        if self.process is not None:
            self.process.kill()
            self._bury()
        if self.stack is not None:
            self.stack.remove(self.name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def check_log(self):
        text = self.log.read_text(errors="replace")
        for sign in ("AddressSanitizer", "runtime error:", "LeakSanitizer", "HF_ASSERT",
                     "ThreadSanitizer"):
            assert sign not in text, f"{sign} in the log:\n{self.log_tail(80)}"

    def log_text(self):
        return ANSI.sub("", self.log.read_text(errors="replace"))

    def log_tail(self, lines=40):
        return "\n".join(line[:240] for line in self.log_text().splitlines()[-lines:])

    def _bury(self):
        self.process.wait(30)
        self.process = None
        self.api.close()
        if self in running:
            running.remove(self)

    # What tests ask for all the time.

    def set_stock(self, sku, on_hand, **members):
        answer = self.api.put(f"/v1/stock/{sku}", {"on_hand": on_hand, **members})
        assert answer.status == 200, answer
        return answer.json

    def stock(self, sku):
        answer = self.api.get(f"/v1/stock/{sku}")
        assert answer.status == 200, answer
        return answer.json

    def place(self, body, **kwargs):
        return self.api.post("/v1/orders", body, **kwargs)

    def order(self, order_id, wait_s=0):
        headers = {"Prefer": f"wait={wait_s}"} if wait_s else None
        answer = self.api.get(f"/v1/orders/{order_id}", headers=headers)
        assert answer.status == 200, answer
        return answer.json

    def completed(self, body):
        """Places an order and waits until it is completed; the order."""
        answer = self.place(body, headers={"Prefer": "wait=30"})
        assert answer.status == 200 and answer.json["status"] == "completed", answer
        return answer.json

    def refund(self, order_id, body=None, **kwargs):
        return self.api.post(f"/v1/orders/{order_id}/refunds", {} if body is None else body,
                             **kwargs)

    def refunded(self, refund_id, wait_s=30):
        answer = self.api.get(f"/v1/refunds/{refund_id}", headers={"Prefer": f"wait={wait_s}"})
        assert answer.status == 200, answer
        return answer.json

    def list_all(self, target, noun):
        """Every item of a list, page by page."""
        items, cursor = [], None
        separator = "&" if "?" in target else "?"
        while True:
            page = self.api.get(target + separator + "limit=200" +
                                (f"&cursor={cursor}" if cursor else ""))
            assert page.status == 200, page
            items += page.json[noun]
            cursor = page.json.get("next_cursor")
            if not cursor:
                return items

    def orders(self, query=""):
        return self.list_all("/v1/orders" + query, "orders")

    def journal(self, sku):
        return self.list_all(f"/v1/stock/{sku}/journal", "journal")

    def points(self, user_id):
        answer = self.api.get(f"/v1/users/{user_id}/points")
        assert answer.status == 200, answer
        return answer.json["balance"]

    def pause(self):
        answer = self.api.post("/v1/worker/pause")
        assert answer.status == 200 and answer.json == {"paused": True}, answer

    def resume(self):
        answer = self.api.post("/v1/worker/resume")
        assert answer.status == 200 and answer.json == {"paused": False}, answer

    def cli(self, *arguments, environment=None):
        variables = {name: value for name, value in os.environ.items()
                     if not name.startswith("HOLDFAST_")}
        variables["HOLDFAST_URL"] = f"http://127.0.0.1:{self.port}"
        variables.update(environment or {})
        return subprocess.run([self.program, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, env=variables,
                              check=False)


def order_body(user_id, *lines, **members):
    """An order of lines (sku, quantity, unit_price), with an id unless the members name none."""
    body = {"order_id": str(uuid.uuid4()), "user_id": user_id, "currency": "CNY",
            "lines": [{"sku": sku, "quantity": quantity, "unit_price": price}
                      for sku, quantity, price in lines]}
    body.update(members)
    return {name: value for name, value in body.items() if value is not None}
