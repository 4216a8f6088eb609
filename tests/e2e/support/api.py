"""A small client of Holdfast's API: one kept-alive connection per thread."""

import http.client
import json
import threading
import time

JSON = "application/json"
HUSH = ("Date", "Server", "Cache-Control", "X-Content-Type-Options", "Connection")


class Lost(Exception):
    """The connection broke: nobody knows whether the request was carried out."""


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The stable `code` of a problem, checked to be a well-formed one (RFC 9457)."""
        assert self.headers.get("Content-Type") == "application/problem+json", self
        problem = self.json
        assert problem["status"] == self.status, self
        for member in ("type", "title", "detail", "code"):
            assert isinstance(problem[member], str) and problem[member], self
        return problem["code"]

    @property
    def replayed(self):
        return self.headers.get("Idempotent-Replayed") == "true"

    def __repr__(self):
        headers = {k: v for k, v in self.headers.items() if k not in HUSH}
        return f"<{self.status} {headers} {self.body[:900].decode('utf-8', 'replace')}>"


class Client:
    """Each thread has a connection of its own; one unused for 3 s is opened anew."""

    def __init__(self, port, key=None, timeout_s=90):
        self.port = port
        self.key = key
        self.timeout_s = timeout_s
        self._local = threading.local()

    def request(self, method, target, body=None, headers=None):
        sent = dict(headers or {})
        if self.key is not None:
            sent.setdefault("Authorization", f"Bearer {self.key}")
        if body is not None:
            if not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            sent.setdefault("Content-Type", JSON)
        connection = self._connection()
        try:
            connection.request(method, target, body=body, headers=sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(f"{method} {target}: {error!r}") from error
        self._local.used_at = time.monotonic()
        if response.will_close:
            self.close()
        return answer

    def get(self, target, **kwargs):
        return self.request("GET", target, **kwargs)

    def post(self, target, body=None, **kwargs):
        return self.request("POST", target, body=body, **kwargs)

    def put(self, target, body=None, **kwargs):
        return self.request("PUT", target, body=body, **kwargs)

    def delete(self, target, **kwargs):
        return self.request("DELETE", target, **kwargs)

    def close(self):
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _connection(self):
        if time.monotonic() - getattr(self._local, "used_at", 0) > 3:
            self.close()
        if getattr(self._local, "connection", None) is None:
            self._local.connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=self.timeout_s)
            self._local.used_at = time.monotonic()
        return self._local.connection
