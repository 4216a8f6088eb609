"""The private Redis, RabbitMQ and PostgreSQL that scripts/stack.sh starts."""

import base64
import json
import os
import re
import shlex
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "stack.sh"
PORT_BASE = 17700
PORTS_EACH = 20
QUEUES_REST_S = 15


class Management:
    """RabbitMQ's management API, in the default virtual host."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self._base = f"http://{parts.hostname}:{parts.port}/api"
        token = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, self._headers, method=method)
        try:
            with self._opener.open(request, timeout=20) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return json.loads(text) if text else {}

    def publish(self, queue, text):
        """Puts a message into a queue as another program would."""
        answer = self.call("POST", "/exchanges/%2f/amq.default/publish", {
            "properties": {"delivery_mode": 2}, "routing_key": queue, "payload": text,
            "payload_encoding": "string"})
        assert answer == {"routed": True}, answer

    def peek(self, queue, count=10):
        """Messages that are ready in a queue; they stay there."""
        name = urllib.parse.quote(queue, safe="")
        return self.call("POST", f"/queues/%2f/{name}/get", {
            "count": count, "ackmode": "ack_requeue_true", "encoding": "auto"}) or []

    def queue_names(self, prefix):
        return [queue["name"] for queue in self.call("GET", "/queues/%2f?columns=name")
                if queue["name"].startswith(prefix)]

    def delete_all(self, prefix):
        for name in self.queue_names(prefix):
            self.call("DELETE", f"/queues/%2f/{urllib.parse.quote(name, safe='')}")
        for exchange in self.call("GET", "/exchanges/%2f?columns=name"):
            if exchange["name"].startswith(prefix):
                self.call("DELETE",
                          f"/exchanges/%2f/{urllib.parse.quote(exchange['name'], safe='')}")


class Stack:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.is_ours = False
        self._out_of_service = set()
        self._left = []
        if not (self.folder / "env").exists():
            return
        self._read_addresses()

    @classmethod
    def up(cls):
        """The stack that the environment names, else one of our own under build/e2e-stack. Of
        several test processes at a time (pytest-xdist's gw0, gw1, ...) only the first takes the
        given one: tests stop servers."""
        number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
        given = os.environ.get("HOLDFAST_TEST_STACK_DIR") if number == 0 else None
        stack = cls(given or ROOT / "build" / (f"e2e-stack-{number}" if number else "e2e-stack"))
        arguments = [] if given else ["--port-base", str(PORT_BASE + PORTS_EACH * number)]
        stack.is_ours = not given
        stack.run("up", *arguments)
        stack._read_addresses()
        return stack

    def run(self, *arguments):
        done = subprocess.run(["bash", str(SCRIPT), *arguments, "--dir", str(self.folder)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=200, check=False)
        assert done.returncode == 0, f"stack.sh {arguments}: {done.stdout}"

    def stop(self, server):
        self._out_of_service.add(server)
        self.run("stop", server)

    def kill(self, server):
        """SIGKILL, as a power cut."""
        self._out_of_service.add(server)
        self.run("kill", server)

    def wipe(self, server):
        self.run("wipe", server)

    def start(self, server):
        self.run("start", server)
        self._out_of_service.discard(server)

    def start_all(self):
        """Starts again what a test stopped and did not start."""
        for server in sorted(self._out_of_service):
            self.start(server)

    def down(self):
        if self.is_ours:
            self.run("down")

    def sql(self, statement, database="holdfast"):
        done = subprocess.run(["psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1",
                               self.postgres_url(database), "-c", statement],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def redis(self, *arguments):
        done = subprocess.run(["redis-cli", "-u", self.redis_url, *arguments],
                              capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    def postgres_url(self, database):
        return self._postgres_url.rsplit("/", 1)[0] + "/" + database

    def remove(self, name):
        """Forgets what one Holdfast kept on the servers."""
        self.sql(f'drop database if exists "{name}" with (force)', "postgres")
        self._leave_queues(name)
        keys = self.redis("--scan", "--pattern", f"*{name}*").split()
        for start in range(0, len(keys), 500):
            self.redis("unlink", *keys[start:start + 500])

    def _leave_queues(self, name):
        """Deletes the queues of those removed some while ago. RabbitMQ 3.10 ends the dead-lettering
        of all queues, until it is started again, when one is deleted while that has just begun for
        it: {badmatch,{error,not_found}} in rabbit_fifo_dlx_worker."""
        now = time.monotonic()
        self._left.append((now, name))
        while self._left and now - self._left[0][0] > QUEUES_REST_S:
            self.management.delete_all(self._left.pop(0)[1])

    def _read_addresses(self):
        text = (self.folder / "env").read_text()
        values = {name: shlex.split(value)[0]
                  for name, value in re.findall(r"^export (\w+)=(.*)$", text, re.M)}
        self.redis_url = values["HOLDFAST_TEST_REDIS_URL"]
        self.amqp_url = values["HOLDFAST_TEST_AMQP_URL"]
        self.management_url = values["HOLDFAST_TEST_RABBITMQ_MANAGEMENT_URL"]
        self._postgres_url = values["HOLDFAST_TEST_POSTGRES_URL"]
        self.management = Management(self.management_url)
