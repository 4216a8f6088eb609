#!/usr/bin/env python3
"""A subscriber: it prints what happens to orders, refunds and stock, each event once.

Holdfast publishes CloudEvents 1.0 on the topic exchange `<namespace>.events`; the routing key is
the event's type. A queue of one's own, bound with patterns, gets a copy of each that matches:

  subscriber.py                              everything
  subscriber.py --pattern 'order.*'          orders only
  subscriber.py --pattern '*.refunded' --pattern stock.sold_out

The queue is durable: what happens while the subscriber is away waits for it. An event comes at
least once, sometimes twice after a crash; its `id` tells. What has been seen is written down before
the event is acknowledged, so that a repeat is passed over, also after a restart. Order is not
promised: go by the event's `time` and by its data, not by what came first.

It needs Debian's python3-pika and nothing else. Ctrl-C or SIGTERM ends it.
"""

import argparse
import json
import random
import signal
import sqlite3
import sys
import time

import pika
import pika.exceptions

REQUIRED = ("specversion", "id", "source", "type")


class Seen:
    """The ids of the events that were dealt with. One SQLite file."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30)
        # An id counts with its source (CloudEvents 1.0, 3.1.1).
        self.db.execute("create table if not exists seen (source text, id text, at real,"
                        " primary key (source, id))")

    def has(self, event):
        return self.db.execute("select 1 from seen where source = ? and id = ?",
                               (event["source"], event["id"])).fetchone() is not None

    def add(self, event):
        self.db.execute("insert or ignore into seen values (?, ?, ?)",
                        (event["source"], event["id"], time.time()))


def show(event, as_json):
    """Put your own work here. A crash right after it shows the event again: work that must not be
    done twice belongs into one transaction with `Seen.add`."""
    if as_json:
        print(json.dumps(event), flush=True)
        return
    data = event.get("data", {})
    rest = " ".join(f"{name}={data[name]}" for name in
                    ("status", "amount", "currency", "reason", "on_hand") if name in data)
    print(f"{event['time']}  {event['type']:<24} {event['subject']}  {rest}", flush=True)


class Subscriber:
    def __init__(self, options, seen):
        self.options = options
        self.seen = seen
        self.connection = None
        self.channel = None
        self.stopping = False

    def run(self):
        pause_s = 0.5
        while not self.stopping:
            try:
                self.connect()
                pause_s = 0.5
                while not self.stopping and self.channel.is_open and self.channel.consumer_tags:
                    self.connection.process_data_events(time_limit=0.5)
            except (pika.exceptions.AMQPError, OSError) as error:
                print(f"{error!r}", file=sys.stderr)
            finally:
                self.close()
            if not self.stopping:
                time.sleep(pause_s * random.uniform(0.5, 1))
                pause_s = min(pause_s * 2, 10)

    def connect(self):
        parameters = pika.URLParameters(self.options.url)
        parameters.heartbeat = 30
        self.connection = pika.BlockingConnection(parameters)
        self.channel = self.connection.channel()
        exchange = self.options.namespace + ".events"
        # Holdfast declares the exchange; this only looks whether it is there.
        self.channel.exchange_declare(exchange, passive=True)
        queue = self.options.queue or self.options.namespace + ".subscriber"
        self.channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
        for pattern in self.options.pattern or ["#"]:
            self.channel.queue_bind(queue, exchange, routing_key=pattern)
        self.channel.basic_qos(prefetch_count=64)
        self.channel.basic_consume(queue, self.on_event)
        print(f"listening to {exchange} through {queue}", file=sys.stderr, flush=True)

    def on_event(self, channel, method, _properties, body):
        if self.stopping:
            return
        try:
            event = json.loads(body)
            missing = [name for name in REQUIRED if not isinstance(event.get(name), str)]
        except (ValueError, AttributeError):
            missing = REQUIRED
        if missing:
            print(f"no CloudEvent, passed over: {body[:200]!r}", file=sys.stderr)
        elif not self.seen.has(event):
            show(event, self.options.json)
            self.seen.add(event)
        channel.basic_ack(method.delivery_tag)

    def stop(self, *_):
        self.stopping = True

    def close(self):
        try:
            if self.connection is not None and self.connection.is_open:
                self.connection.close()
        except pika.exceptions.AMQPError:
            pass  # it is closed either way


def read_options():
    parser = argparse.ArgumentParser(
        description="Prints Holdfast's events, each once.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--url", default="amqp://guest:guest@127.0.0.1:17402/%2f",
                        help="RabbitMQ; the default is that of ./run stack")
    parser.add_argument("--namespace", default="holdfast", help="`namespace` of the configuration")
    parser.add_argument("--pattern", action="append",
                        help="event types: * stands for one word, # for any; may be repeated;"
                             " without it, all")
    parser.add_argument("--queue", help="the subscriber's own; <namespace>.subscriber if none")
    parser.add_argument("--seen", default="subscriber.sqlite", help="the ids of the events seen")
    parser.add_argument("--json", action="store_true", help="print the whole events, one a line")
    return parser.parse_args()


def main():
    options = read_options()
    subscriber = Subscriber(options, Seen(options.seen))
    signal.signal(signal.SIGINT, subscriber.stop)
    signal.signal(signal.SIGTERM, subscriber.stop)
    subscriber.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
