"""The demo's environments: each does what it says, and ends when it is told to."""

import http.client
import io
import json
import re
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import psutil
import pytest

from tests.support import wait_for_sync
from vibebox_tui.samples import SAMPLES, Sample
from vibebox_tui.samples.shop_api import Requests

PATIENCE = 30.0
"""Seconds; most signs come within one."""


class Running:
    """A sample that runs, with what it has printed on either stream."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.output = ""

    def until(self, pattern: str) -> "re.Match[str]":
        """Wait until it has printed what matches `pattern`."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.output)):
            assert time.monotonic() < deadline, f"no {pattern!r} in:\n{self.output}"
            assert self.process.stdout is not None
            if select.select([self.process.stdout], [], [], 0.5)[0]:
                self.output += self.process.stdout.read1().decode()  # type: ignore[union-attr]
        return found


@contextmanager
def running(sample: Sample) -> Iterator[Running]:
    with tempfile.TemporaryDirectory() as directory:
        sample.unpack(Path(directory))
        process = subprocess.Popen(
            sample.command,
            cwd=directory,
            env=sample.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Running(process)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def named(name: str) -> Sample:
    return next(sample for sample in SAMPLES if sample.name == name)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_logs_what_no_other_one_logs_and_ends_quietly(sample: Sample) -> None:
    with running(sample) as environment:
        environment.until(sample.sign)
        for other in SAMPLES:
            assert other is sample or not re.search(other.sign, environment.output)
        environment.process.send_signal(signal.SIGTERM)
        assert environment.process.wait(PATIENCE) == 0
        assert "SystemExit" not in environment.output


def test_the_shop_answers_and_its_customers_end_with_it() -> None:
    with running(named("shop-api")) as environment:
        address = environment.until(r"listens on (\S+)")[1]
        shop = http.client.HTTPConnection(address, timeout=PATIENCE)
        shop.request("POST", "/orders", json.dumps({"product": 1, "amount": 1000}))
        answer = shop.getresponse()
        assert answer.status == 409
        assert "in stock" in answer.read().decode()
        shop.close()
        environment.until(r"ERROR #\d+ POST /orders 409")
        (customers,) = wait_for_sync(lambda: psutil.Process(environment.process.pid).children())
        environment.process.kill()
        assert psutil.wait_procs([customers], timeout=PATIENCE)[0]


class Slow(io.StringIO):
    """Lets another thread go on before each write."""

    def write(self, text: str) -> int:
        time.sleep(0.001)
        return super().write(text)


def test_each_request_of_the_shop_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = Slow()
    monkeypatch.setattr("sys.stdout", printed)
    request = Requests.__new__(Requests)
    request.command, request.path = "GET", "/health"
    with ThreadPoolExecutor() as threads:
        for _ in range(20):
            threads.submit(request._log, HTTPStatus.OK, 0.001, "")
    lines = printed.getvalue().splitlines()
    assert len(lines) == 20
    assert all(re.fullmatch(r"INFO  #\d+ GET /health 200 1.0ms", line) for line in lines)


def test_the_worker_logs_text_json_and_real_errors() -> None:
    with running(named("worker")) as environment:
        environment.until(r"DEBUG job \d+ taken")
        line = environment.until(r'\{"time".*\}')[0]
        assert json.loads(line)["msg"] == "job done"


def test_the_waves_hold_memory() -> None:
    with running(named("waves")) as environment:
        environment.until(r"[1-9]\d* MiB held")
        memory = psutil.Process(environment.process.pid).memory_info().rss
        assert memory > 10 * 1024 * 1024
