"""`holdfast psp`, the payment provider to try with, as a process."""

import subprocess
import tempfile

from support.api import Client, Lost
from support.program import free_port, program
from support.waiting import wait_until


class Psp:
    """Switches by their names on the command line: Psp(lose_answer=0.2, jitter="30ms")."""

    def __init__(self, **options):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = Client(self.port)
        arguments = [program(), "psp", "--listen", f"127.0.0.1:{self.port}"]
        for name, value in options.items():
            arguments += ["--" + name.replace("_", "-"), str(value)]
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=self._log,
                                         stderr=self._log)
        wait_until(self._is_up, 20, "the payment provider to answer", 0.05)

    def _is_up(self):
        assert self._process.poll() is None, self._text()
        try:
            return self.api.get("/healthz").status == 200
        except Lost:
            return False

    def _text(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-4000:]

    def records(self, order_id=None):
        answer = self.api.get("/records" + (f"/{order_id}" if order_id else ""))
        assert answer.status == 200, answer
        return answer.json

    def switch(self, **switches):
        answer = self.api.put("/switches", switches)
        assert answer.status == 200, answer

    def stop(self):
        """An orderly end, which must be a clean one."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            code = self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait(20)
        self._process = None
        self.api.close()
        assert code == 0, f"the payment provider ended with {code}\n{self._text()}"
