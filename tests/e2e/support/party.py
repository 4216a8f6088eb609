"""The other side of steps, within the test: it notes every call and answers as it is told."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SILENCE = None  # the connection ends without an answer


class Call:
    def __init__(self, path, headers, text):
        self.path = path
        self.headers = headers
        self.text = text
        self.body = json.loads(text)
        self.key = headers["Idempotency-Key"]
        self.order_id = self.body["order_id"]
        self.step = self.body["step"]
        self.direction = self.body["direction"]
        self.ended = False  # the answer is about to be sent

    def __repr__(self):
        return f"<{self.path} {self.key}>"


class Party:
    """Answers 200 with a reference of its own, unless a test has told it otherwise."""

    def __init__(self):
        self._calls = []
        self._told = []
        self._lock = threading.Lock()
        party = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                party._take(self, Call(self.path, self.headers, self.rfile.read(length)))

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def tell(self, order_id, answer, step=None, direction="forward"):
        """What calls of this order are answered from now on: a status, SILENCE, or a function of
        the call that returns (status, members of the body), SILENCE or a status."""
        with self._lock:
            self._told.insert(0, (order_id, step, direction, answer))

    def calls(self, order_id, step=None, direction=None):
        """In the order in which they came."""
        with self._lock:
            return [call for call in self._calls if call.order_id == order_id and
                    step in (None, call.step) and direction in (None, call.direction)]

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def _take(self, handler, call):
        with self._lock:
            self._calls.append(call)
            told = [answer for order_id, step, direction, answer in self._told
                    if order_id == call.order_id and step in (None, call.step) and
                    direction == call.direction]
        answer = told[0] if told else 200
        if callable(answer):
            answer = answer(call)
        call.ended = True
        if answer is SILENCE:
            handler.close_connection = True
            return
        status, members = answer if isinstance(answer, tuple) else (answer, {})
        if status == 200:
            members = {"reference": f"{call.step}-{call.direction}-{call.order_id[:8]}", **members}
        text = json.dumps(members).encode()
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(text)))
            handler.end_headers()
            handler.wfile.write(text)
        except OSError:
            handler.close_connection = True  # the caller has not waited


class Gate:
    """An answer that comes when the test lets it."""

    def __init__(self, answer=200):
        self._answer = answer
        self._opened = threading.Event()

    def __call__(self, call):
        assert self._opened.wait(60), "the gate was never opened"
        return self._answer

    def open(self):
        self._opened.set()
