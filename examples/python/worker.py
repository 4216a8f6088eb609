#!/usr/bin/env python3
"""A worker for a step of kind `amqp`: it takes steps of orders from RabbitMQ, does them, answers.

The business of this example is a warehouse: forward packs a parcel for an order, reverse unpacks
it (all of it, or the lines that a refund gives back). Put your own in the place of `Warehouse.pack`
and `Warehouse.unpack`; the rest is what any worker needs, so that nothing is lost or done twice:

 * The key. Holdfast may send a step twice (a worker died, an answer was late), always under the
   same idempotency key. What was done is written down under its key in the same transaction as the
   doing, and a key that stands there is answered again, not done again.
 * The order of things: do and write down, answer, wait until RabbitMQ has confirmed the answer, and
   only then acknowledge the step. Whatever dies in between, the step comes again.
 * Trouble that may pass is no answer. "failed" is final: it cancels the order. A worker that cannot
   tell stays silent, and Holdfast asks again after the step's `timeout`.

It needs Debian's python3-pika and nothing else. Ctrl-C or SIGTERM ends it after the step at hand.
"""

import argparse
import json
import logging
import random
import signal
import sqlite3
import sys
import time

import pika
import pika.exceptions

log = logging.getLogger("worker")


class Refused(Exception):
    """The step is refused for good: the order is to be cancelled."""


class Malformed(Exception):
    """The message is not one of Holdfast's."""


class Warehouse:
    """The parcels, and beside them what was answered to which key. One SQLite file."""

    def __init__(self, path):
        # FULL: a commit is on disk when it returns, so that what was answered was really done.
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.db.executescript("""
            pragma journal_mode = wal;
            pragma synchronous = full;
            create table if not exists answers (key text primary key, answer text not null);
            create table if not exists parcels (
              order_id text, step text, units integer not null, primary key (order_id, step));
            create table if not exists movements (key text not null, units integer not null);
        """)

    def answer_to(self, key):
        row = self.db.execute("select answer from answers where key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def carry_out(self, key, step):
        """Does the step and writes the answer down, both or neither. Returns the answer."""
        self.db.execute("begin immediate")
        try:
            answer = self.answer_to(key)
            if answer is None:
                answer = self.do(key, step)
                self.db.execute("insert into answers values (?, ?)", (key, json.dumps(answer)))
            self.db.execute("commit")
        except BaseException:
            self.db.execute("rollback")
            raise
        return answer

    def do(self, key, step):
        try:
            act = self.pack if step["direction"] == "forward" else self.unpack
            return {"outcome": "succeeded", "reference": act(key, step)}
        except Refused as refused:
            return {"outcome": "failed", "error": str(refused)}

    def pack(self, key, step):
        if step["attributes"].get("warehouse") == "refuse":
            raise Refused("the warehouse does not pack this")
        place = (step["order_id"], step["step"])
        if self.db.execute("select 1 from parcels where order_id = ? and step = ?",
                           place).fetchone():
            raise Refused("it has been taken back already")
        units = units_of(step)
        self.db.execute("insert into parcels values (?, ?, ?)", (*place, units))
        self.db.execute("insert into movements values (?, ?)", (key, units))
        return "parcel-" + step["order_id"][:8]

    def unpack(self, key, step):
        place = (step["order_id"], step["step"])
        found = self.db.execute("select units from parcels where order_id = ? and step = ?",
                                place).fetchone()
        if found is None:
            # Only with `forward_unknown`: nobody knows whether the forward was done, and here it
            # was not. An empty parcel stands for the order from now on, so that a forward which
            # arrives late is refused.
            self.db.execute("insert into parcels values (?, ?, 0)", place)
            return "nothing-to-unpack"
        units = min(units_of(step), found[0])
        self.db.execute("update parcels set units = units - ? where order_id = ? and step = ?",
                        (units, *place))
        self.db.execute("insert into movements values (?, ?)", (key, -units))
        return f"unpacked-{units}"


def units_of(step):
    return sum(line["quantity"] for line in step["lines"])


def read_step(properties, body):
    """The idempotency key and the step that a message carries."""
    try:
        step = json.loads(body)
        key = properties.message_id or (properties.headers or {}).get("idempotency-key")
        if not isinstance(key, str) or not key.startswith(f"{step['order_id']}/{step['step']}/"):
            raise Malformed("it has no idempotency key of its step")
        if step["direction"] not in ("forward", "reverse"):
            raise Malformed("it goes neither forward nor in reverse")
        step["attributes"].get("")
        units_of(step)
        return key, step
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed(f"it is not a step: {error!r}") from error


class Worker:
    """One connection, one channel, one step at a time; `prefetch` more are at hand.

    Start more processes to work faster; RabbitMQ shares the steps out among them. Work that takes
    longer than half a minute belongs into a thread (pika: `add_callback_threadsafe`), because the
    connection's heartbeats are not answered meanwhile.
    """

    def __init__(self, options, warehouse):
        self.options = options
        self.warehouse = warehouse
        self.queue = f"{options.namespace}.work.{options.step}"
        self.answers = f"{options.namespace}.answers"
        self.connection = None
        self.channel = None
        self.stopping = False

    def run(self):
        """Works until it is told to stop; connects again, with growing pauses, when it must."""
        pause_s = 0.5
        while not self.stopping:
            try:
                self.connect()
                pause_s = 0.5
                self.take_steps()
            except (pika.exceptions.AMQPError, OSError) as error:
                log.warning("%r", error)
            finally:
                self.close()
            if not self.stopping:
                # A jitter, so that a hundred workers do not come back in the same moment.
                time.sleep(pause_s * random.uniform(0.5, 1))
                pause_s = min(pause_s * 2, 10)

    def take_steps(self):
        # Ends when it is told to, and when the broker cancels the consumer or closes the channel.
        while not self.stopping and self.channel.is_open and self.channel.consumer_tags:
            self.connection.process_data_events(time_limit=0.5)

    def connect(self):
        parameters = pika.URLParameters(self.options.url)
        parameters.heartbeat = 30
        self.connection = pika.BlockingConnection(parameters)
        self.channel = self.connection.channel()
        # The queues are Holdfast's: it declares them when it starts with the step in a plan.
        # `passive` only looks whether they are there; other arguments would be an error.
        self.channel.queue_declare(self.queue, passive=True)
        self.channel.confirm_delivery()
        # Without a limit RabbitMQ sends the whole queue to one worker.
        self.channel.basic_qos(prefetch_count=self.options.prefetch)
        self.channel.basic_consume(self.queue, self.on_step)
        log.info("taking steps from %s", self.queue)

    def on_step(self, channel, method, properties, body):
        if self.stopping:
            return  # not acknowledged: it goes to another worker when the connection is closed
        try:
            key, step = read_step(properties, body)
        except Malformed as error:
            # Not put back, or it would come again for ever: it ends among the parked messages.
            log.error("rejected a message: %s", error)
            channel.basic_reject(method.delivery_tag, requeue=False)
            return
        try:
            answer = self.work(key, step)
        except (OSError, sqlite3.Error) as error:
            # It may pass, so it is no answer. Holdfast asks again after the step's `timeout`.
            log.error("%s: %r; no answer", key, error)
            channel.basic_ack(method.delivery_tag)
            return
        self.answer(key, step, answer)
        channel.basic_ack(method.delivery_tag)

    def work(self, key, step):
        answer = self.warehouse.answer_to(key)
        if answer is not None:
            log.info("%s: done before, answered again", key)
            return answer
        self.connection.sleep(self.options.work_s)
        answer = self.warehouse.carry_out(key, step)
        log.info("%s: %s", key, answer["outcome"])
        self.connection.sleep(self.options.linger_s)
        return answer

    def answer(self, key, step, answer):
        """Returns when RabbitMQ has the answer on disk; raises an AMQPError when it will not."""
        message = {"order_id": step["order_id"], "step": step["step"],
                   "direction": step["direction"], "idempotency_key": key, **answer}
        self.channel.basic_publish(
            exchange="", routing_key=self.answers, body=json.dumps(message), mandatory=True,
            properties=pika.BasicProperties(content_type="application/json", delivery_mode=2,
                                            message_id=key))

    def stop(self, *_):
        self.stopping = True

    def close(self):
        try:
            if self.connection is not None and self.connection.is_open:
                self.connection.close()
        except pika.exceptions.AMQPError as error:
            log.warning("closing: %r", error)


def read_options():
    parser = argparse.ArgumentParser(
        description="Takes steps of kind amqp from Holdfast and answers them.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--url", default="amqp://guest:guest@127.0.0.1:17402/%2f",
                        help="RabbitMQ; the default is that of ./run stack")
    parser.add_argument("--namespace", default="holdfast", help="`namespace` of the configuration")
    parser.add_argument("--step", required=True, help="name of the step in the plan")
    parser.add_argument("--record", default="worker.sqlite",
                        help="what was done; workers of one step share it or have it partitioned")
    parser.add_argument("--prefetch", type=int, default=8, help="steps at hand at a time")
    parser.add_argument("--work-s", type=float, default=0, help="how long one step takes")
    parser.add_argument("--linger-s", type=float, default=0,
                        help="pause between doing and answering, to try a crash there")
    return parser.parse_args()


def main():
    options = read_options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    worker = Worker(options, Warehouse(options.record))
    signal.signal(signal.SIGINT, worker.stop)
    signal.signal(signal.SIGTERM, worker.stop)
    worker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
