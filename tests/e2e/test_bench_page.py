"""The page with the plots of a run of the benchmark: one file, with what there is to show."""

import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from support.stack import ROOT

PAGE = ROOT / "bench-page"
RESULTS = Path(__file__).parent / "fixtures" / "bench-results.json"
NODE = shutil.which("node") or "node"

# Where each section of the page has its numbers from.
SECTIONS = {
    "orders": ["accepted_per_s", "completed_per_s", "p50_ms_at_half", "p95_ms_at_half",
               "p99_ms_at_half", "p99_ms_at_top"],
    "refunds": ["refunds_per_s", "early_refunds_per_s", "sold_out_per_s", "rss_mib",
                "rss_end_mib"],
    "beside": ["limit_per_s", "ratio_to_limit", "nginx_per_s", "sold_out_ratio_to_nginx",
               "pgbench_one_order_per_transaction_per_s", "ratio_to_pgbench"],
    "cpu": ["cpu_us_per_order", "limit_cpu_us_per_order"],
    "timeline": ["timeline"],
    "sync-vs-async": ["sync_vs_async"],
    "overload": ["overload"],
    "growth": ["growth"],
    "skus": ["skus"],
}
# Elements that load something as soon as they are there.
LOADING = {"link", "img", "iframe", "object", "embed", "video", "audio", "source", "base"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.sections, self.tables, self.elements, self.addresses = [], 0, set(), []
        self.styles, self.data, self.inside = "", "", None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.elements.add(tag)
        self.addresses += [attributes[name] for name in ("src", "href") if name in attributes]
        self.inside = "data" if attributes.get("type") == "application/json" else tag
        self.styles += attributes.get("style") or ""
        if tag == "section":
            self.sections.append(attributes["id"])
        self.tables += tag == "table"

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "style":
            self.styles += data
        if self.inside == "data":
            self.data += data


@pytest.fixture(name="make")
def make_page(tmp_path):
    def make(results):
        source, target = tmp_path / "results.json", tmp_path / "page.html"
        source.write_text(json.dumps(results))
        done = subprocess.run([NODE, PAGE / "page.mjs", source, target], capture_output=True,
                              text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return target.read_text()

    return make


def test_it_stands_by_itself(make):
    text = make(json.loads(RESULTS.read_text()))
    page = Page(text)
    assert page.sections == list(SECTIONS)
    assert page.elements & LOADING == set()
    assert page.addresses and all(address.startswith("#") for address in page.addresses)
    assert "url(" not in page.styles and "@import" not in page.styles
    assert len(text.encode()) < 300_000
    # Every plot can be read as a table, and is drawn from the same numbers.
    plots = json.loads(page.data)
    assert page.tables == len(plots) + 1  # and that of the CPU time
    assert plots[0]["series"][0]["values"] == [
        row["accepted"] for row in json.loads(RESULTS.read_text())["timeline"]]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_without_numbers_is_left_out(make, section):
    results = json.loads(RESULTS.read_text())
    for number, key in enumerate(SECTIONS[section]):
        if number % 2:
            del results[key]
        else:
            results[key] = None
    assert Page(make(results)).sections == [name for name in SECTIONS if name != section]


def test_results_that_cannot_be_read_are_told_of(tmp_path):
    broken, page = tmp_path / "broken.json", tmp_path / "page.html"
    broken.write_text('{"completed_per_s": ')
    done = subprocess.run([NODE, PAGE / "page.mjs", broken, page], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1
    assert "broken.json" in done.stderr
    assert not page.exists()


def test_its_parts():
    done = subprocess.run([NODE, "--test"], cwd=PAGE, capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
