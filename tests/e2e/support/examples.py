"""The programs under examples/ as processes, each with a folder for what it writes down."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

from support.program import free_port
from support.stack import ROOT
from support.waiting import wait_until

EXAMPLES = ROOT / "examples"
PYTHON = "/usr/bin/python3"  # the one that Debian's packages belong to


class Example:
    """One program. It may be killed and started again; its record stays."""

    def __init__(self, folder, arguments):
        self.folder = Path(folder)
        self.arguments = [str(argument) for argument in arguments]
        self.output = self.folder / "stdout"
        self.log = self.folder / "stderr"
        self.process = None

    def start(self, *more):
        assert self.process is None
        with open(self.output, "ab") as output, open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.arguments, *map(str, more)], cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=log,
                                            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        return self

    def wait_for(self, text, deadline_s=20):
        """Waits until the log says `text`."""
        wait_until(lambda: text in self.log_text(), deadline_s, f"{text!r} in {self.log}")

    def log_text(self):
        return self.log.read_text(errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait(20)
        self.process = None

    def stop(self):
        """An orderly end, which must be a clean one."""
        if self.process is None:
            return
        assert self.process.poll() is None, f"{self.arguments} ended by itself: {self.log_text()}"
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self.process = None
        assert code == 0, f"{self.arguments} ended with {code}: {self.log_text()}"

    def remove(self):
        if self.process is not None:
            self.kill()


class PythonWorker(Example):
    name = "python"

    def __init__(self, folder, holdfast, step):
        super().__init__(folder, [
            PYTHON, EXAMPLES / "python" / "worker.py", "--url", holdfast.stack.amqp_url,
            "--namespace", holdfast.name, "--step", step])

    def effects(self):
        """[(key, units)]: what was done, by the worker's own record; a refusal is none."""
        path = self.folder / "worker.sqlite"
        if not path.exists():
            return []
        with sqlite3.connect(path, timeout=10) as database:
            if not database.execute(
                    "select 1 from sqlite_master where name = 'movements'").fetchone():
                return []
            return database.execute("select key, units from movements order by rowid").fetchall()


class NodeWorker(Example):
    name = "node"

    def __init__(self, folder, holdfast, step):
        super().__init__(folder, [
            shutil.which("node") or "node", EXAMPLES / "node" / "worker.mjs", "--url",
            holdfast.stack.amqp_url, "--namespace", holdfast.name, "--step", step])

    def effects(self):
        """[(key, amount)], as above."""
        path = self.folder / "worker.jsonl"
        if not path.exists():
            return []
        lines = path.read_text().split("\n")[:-1]
        entries = [json.loads(line) for line in lines]
        return [(entry["key"], entry["amount"]) for entry in entries if entry["amount"]]


class Subscriber(Example):
    def __init__(self, folder, holdfast, *patterns):
        super().__init__(folder, [
            PYTHON, EXAMPLES / "python" / "subscriber.py", "--url", holdfast.stack.amqp_url,
            "--namespace", holdfast.name, "--json",
            *(word for pattern in patterns for word in ("--pattern", pattern))])

    def listen(self):
        self.start()
        self.wait_for("listening to")
        return self

    def events(self):
        return [json.loads(line) for line in self.output.read_text().split("\n")[:-1]]


class HttpStep(Example):
    def __init__(self, folder, secret):
        self.url = f"http://127.0.0.1:{free_port()}"
        super().__init__(folder, [
            PYTHON, EXAMPLES / "http-step" / "server.py", "--listen", self.url[len("http://"):],
            "--secret", secret])

    def listen(self):
        self.start()
        self.wait_for("listening on")
        return self

    def insurances(self):
        with sqlite3.connect(self.folder / "insurances.sqlite", timeout=10) as database:
            return database.execute("select order_id, step, amount from insurances").fetchall()
