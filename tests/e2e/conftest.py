"""End-to-end tests: the program as a process, real servers, HTTP from outside.

Environment:
  HOLDFAST_TEST_STACK_DIR      a running stack of scripts/stack.sh; without it one is started under
                               build/e2e-stack (ports 17701 to 17706) and stopped at the end; so
                               is one for each further process of `pytest -n`, 20 ports higher
  HOLDFAST_TEST_PROGRAM        the program under test; default build/debug/holdfast
  HOLDFAST_TEST_FAULT_PROGRAM  the one with fault points in it, for the crashes; same default
  HOLDFAST_BINARY              overrides both
  HOLDFAST_TEST_LONG=1         more repetitions and longer outages

Each Holdfast has names of its own on the servers (queues, keys, database), so that tests do not see
each other, and is stopped by its pid at the end. A test that fails shows the end of its log.
"""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from support import program  # noqa: E402
from support.party import Party  # noqa: E402
from support.program import Holdfast  # noqa: E402
from support.stack import Stack  # noqa: E402


@pytest.fixture(scope="session")
def stack():
    servers = Stack.up()
    yield servers
    servers.start_all()
    servers.down()


@pytest.fixture(scope="module")
def holdfast(stack):
    """One Holdfast for all tests of a file; they share it, so each uses SKUs of its own."""
    one = Holdfast(stack)
    try:
        yield one.start()
        one.stop()
    finally:
        one.remove()


@pytest.fixture(scope="module")
def party():
    """The other side of remote steps, one for all tests of a file."""
    one = Party()
    yield one
    one.stop()


@pytest.fixture
def install(stack):
    """Makes installations for one test: install(settings...) -> Holdfast, not yet started."""
    made = []

    def make(settings=None, **kwargs):
        one = Holdfast(stack, settings, **kwargs)
        made.append(one)
        return one

    yield make
    stack.start_all()
    try:
        for one in made:
            one.stop()
    finally:
        for one in made:
            one.remove()


@pytest.fixture
def sku(request):
    """A SKU that no other test uses."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)
    return f"{name[:50]}-{abs(hash(request.node.nodeid)) % 10_000_000}"


@pytest.fixture(scope="session")
def is_long():
    return os.environ.get("HOLDFAST_TEST_LONG") == "1"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for one in program.running:
            report.sections.append((f"log of {one.name}", one.log_tail()))
