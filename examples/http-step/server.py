#!/usr/bin/env python3
"""The other side of a step of kind `http`, in one file and the standard library.

The business of this example is insurance: POST /forward insures an order, POST /reverse takes the
insurance back (all of it, or what a refund gives back). Put your own in the place of `insure` and
`take_back`; the rest is what any such server needs so that nothing is done twice:

 * The signature. With `webhook_secret` in the plan, calls are signed as Standard Webhooks says
   (https://www.standardwebhooks.com). A call without a good signature is answered 401 and nothing
   is done.
 * The key. A call may come again: the answer was lost, or it was too late. The header
   `Idempotency-Key` is the same each time. What was done is written down under its key in the same
   transaction as the doing, and the same answer is given again.
 * The answer's meaning. 2xx: done. 402: the payment is declined; another 4xx: refused; both cancel
   the order. Everything else, and silence, is "nobody knows": it is asked again under the same key.

  server.py --secret "$(cat secret)"         listens on http://127.0.0.1:8095
"""

import argparse
import base64
import hashlib
import hmac
import json
import signal
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_BODY = 1 << 20
TOLERANCE_S = 300  # how far the clocks may differ; older calls may be somebody's recording


class Refused(Exception):
    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


def check_signature(secrets, headers, body):
    """Raises Refused unless one of `secrets` signed the call (Standard Webhooks, version 1)."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isascii() or not timestamp.isdigit():
        raise Refused(401, "no webhook-timestamp")
    if abs(time.time() - int(timestamp)) > TOLERANCE_S:
        raise Refused(401, "webhook-timestamp is too old or too new")
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = headers.get("webhook-signature", "").split()
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
        # Compared in constant time, or the time it takes would tell how much of it is right.
        if any(hmac.compare_digest(one.encode(), b"v1," + mac) for one in signatures):
            return
    raise Refused(401, "no good webhook-signature")


class Insurer:
    """The insurances, and beside them what was answered to which key. One SQLite file."""

    def __init__(self, path):
        self.lock = threading.Lock()  # calls come on many threads, the connection is one
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.executescript("""
            pragma journal_mode = wal;
            pragma synchronous = full;
            create table if not exists answers (
              key text primary key, status integer not null, body text not null);
            create table if not exists insurances (
              order_id text, step text, amount integer not null, primary key (order_id, step));
        """)

    def carry_out(self, direction, key, step):
        """Does the step and writes the answer down, both or neither. Returns status and body."""
        with self.lock:
            self.db.execute("begin immediate")
            try:
                answer = self.db.execute("select status, body from answers where key = ?",
                                         (key,)).fetchone()
                if answer is None:
                    answer = self.do(direction, step)
                    self.db.execute("insert into answers values (?, ?, ?)", (key, *answer))
                self.db.execute("commit")
            except BaseException:
                self.db.execute("rollback")
                raise
            return answer

    def do(self, direction, step):
        try:
            act = self.insure if direction == "forward" else self.take_back
            return 200, json.dumps(act(step))
        except Refused as refused:
            return refused.status, json.dumps({"error": str(refused)})

    def insure(self, step):
        if step["attributes"].get("insurance") == "refuse":
            raise Refused(422, "not insurable")
        if self.amount_of(step) is not None:
            raise Refused(409, "it has been taken back already")
        self.db.execute("insert into insurances values (?, ?, ?)",
                        (step["order_id"], step["step"], step["amount"]))
        return {"reference": "policy-" + step["order_id"][:8]}

    def take_back(self, step):
        insured = self.amount_of(step)
        if insured is None:
            # Only with `forward_unknown`: nobody knows whether the forward was done, and here it
            # was not. A row of nothing stands for the order from now on: a late forward is refused.
            self.db.execute("insert into insurances values (?, ?, 0)",
                            (step["order_id"], step["step"]))
            return {"reference": "nothing-insured", "amount": 0}
        amount = min(step["amount"], insured)
        self.db.execute("update insurances set amount = amount - ? where order_id = ? and step = ?",
                        (amount, step["order_id"], step["step"]))
        return {"reference": f"taken-back-{amount}", "amount": amount}

    def amount_of(self, step):
        row = self.db.execute("select amount from insurances where order_id = ? and step = ?",
                              (step["order_id"], step["step"])).fetchone()
        return row[0] if row else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept: Holdfast uses them again
    timeout = 60
    insurer = None
    secrets = ()

    def do_POST(self):
        refusal = {}
        try:
            status, body = self.answer()
        except Refused as refused:
            status, body = refused.status, json.dumps({"error": str(refused)})
            refusal = {"Connection": "close"}  # the body may not have been read
        except (OSError, sqlite3.Error) as error:
            # It may pass: not a 4xx, which would cancel the order.
            status, body = 503, json.dumps({"error": repr(error)})
        data = body.encode()
        self.send_response(status)
        for name, value in refusal.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer(self):
        direction = {"/forward": "forward", "/reverse": "reverse"}.get(self.path)
        if direction is None:
            raise Refused(404, "there are /forward and /reverse")
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
            raise Refused(413, "a body with a length is wanted")
        raw = self.rfile.read(int(length))
        if self.secrets:
            check_signature(self.secrets, self.headers, raw)
        key = self.headers.get("Idempotency-Key")
        try:
            step = json.loads(raw)
            matches = (step["direction"] == direction and isinstance(step["amount"], int)
                       and isinstance(step["attributes"], dict)
                       and key.startswith(f"{step['order_id']}/{step['step']}/{direction}"))
        except (ValueError, KeyError, TypeError, AttributeError):
            matches = False
        if not matches:
            raise Refused(400, "this is no step with its idempotency key")
        return self.insurer.carry_out(direction, key, step)


def read_options():
    parser = argparse.ArgumentParser(
        description="A server for a step of kind http.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--listen", default="127.0.0.1:8095", help="address and port")
    parser.add_argument("--secret", action="append", default=[],
                        help="`webhook_secret` of the step; twice while it is being changed;"
                             " without it, calls are not checked")
    parser.add_argument("--record", default="insurances.sqlite", help="what was done")
    return parser.parse_args()


def main():
    options = read_options()
    host, _, port = options.listen.rpartition(":")
    Handler.insurer = Insurer(options.record)
    Handler.secrets = options.secret
    server = ThreadingHTTPServer((host, int(port)), Handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"listening on http://{host}:{port}", file=sys.stderr, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
