"""Many requests at once."""

import threading

from support.api import Lost


def burst(send, n, connections):
    """Calls `send(0)` … `send(n - 1)` from `connections` threads, which start at one moment.

    Returns what each call returned, in order; `Lost` in the place of one whose connection broke.
    """
    results = [None] * n
    numbers = iter(range(n))
    lock = threading.Lock()
    barrier = threading.Barrier(min(connections, n))
    failures = []

    def work():
        barrier.wait()
        while not failures:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                results[number] = send(number)
            except Lost as lost:
                results[number] = lost
            except BaseException as failure:  # shown by the main thread
                failures.append(failure)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(connections, n))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


class Background:
    """Traffic of `connections` threads, `send(number)` again and again until it is stopped.

    Used as a context manager; `results` is a dictionary number -> what `send` returned or `Lost`.
    """

    def __init__(self, send, connections, pause_s=0.0):
        self.results = {}
        self._send = send
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._next = 0
        self._failures = []
        self._threads = [threading.Thread(target=self._work, daemon=True)
                         for _ in range(connections)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]
        return self.results

    def _work(self):
        while not self._stop.is_set():
            with self._lock:
                number = self._next
                self._next += 1
            try:
                self.results[number] = self._send(number)
            except Lost as lost:
                self.results[number] = lost
            except BaseException as failure:
                self._failures.append(failure)
                return
            if self._pause_s:
                self._stop.wait(self._pause_s)
