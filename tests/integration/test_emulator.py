"""The emulator's process: its port, and the log lines of functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from infra.bench import bare
from infra.local import emulator, processes
from infra.local.home import Home
from infra.local.processes import ProcessRef
from infra.local.worker import Worker

TALKATIVE = """
def handler(event, context):
    for line in range(event["lines"]):
        print("line", line)
    if event.get("fails"):
        raise ValueError
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def start(home: Home, started: ExitStack) -> ProcessRef:
    ref = emulator.start(home, 0)
    started.callback(emulator.stop, home, ref)
    return ref


def test_another_emulator_on_the_port_is_not_taken_for_our_own(
    tmp_path: Path, started: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that start at once may both have seen the port free."""
    first = start(Home(tmp_path / "first"), started)
    free_port, asked = processes.free_port, []

    def taken_since(preferred: int) -> int:
        asked.append(preferred)
        return first.port if len(asked) == 1 else free_port(0)

    monkeypatch.setattr(processes, "free_port", taken_since)
    second = start(Home(tmp_path / "second"), started)
    assert second.port != first.port
    assert processes.listens(first)
    assert processes.listens(second)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """Return the worker of a function that logs as many lines as it is told to."""
    arn = "arn:aws:lambda:us-east-1:000000000000:function:talkative"
    config = {"FunctionArn": arn, "Handler": "app.handler", "Runtime": "python3.13"}
    spawned, spawn = [], Worker._spawn

    def recorded(self: Worker) -> None:
        spawn(self)
        spawned.append(self._proc)

    monkeypatch.setattr(Worker, "_spawn", recorded)
    worker = Worker("talkative", config, bare.zipped(TALKATIVE))
    yield worker
    worker.kill()
    for process in spawned:
        # Closes its pipes, which the worker leaves to the garbage collector.
        with process:
            process.terminate()


def test_what_an_invocation_logged_comes_with_its_answer(worker: Worker) -> None:
    for lines in (1, 5_000, 0, 3):
        log = worker.invoke({"lines": lines}, "request")["log"]
        assert log.splitlines() == [f"line {line}" for line in range(lines)]


def test_what_an_invocation_logged_that_broke(worker: Worker) -> None:
    answer = worker.invoke({"lines": 2, "fails": True}, "request")
    assert answer["status"] == "error"
    assert answer["log"].splitlines() == ["line 0", "line 1"]
    assert worker.invoke({"lines": 1}, "request")["log"] == "line 0"


def test_what_the_emulator_passes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare, "ORDERS", 20)
    (rate,) = bare.measure(1)
    assert rate > 0
