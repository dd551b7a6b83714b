"""Threads that are used again: one for each function that runs, and none that keeps another waiting."""

from __future__ import annotations

import contextvars
import threading
import time

import pytest

from infra.local.threads import KeptThread, Threads
from tests.support.eventually import eventually


@pytest.fixture
def threads() -> Threads:
    return Threads(idle_s=0.02)


def test_a_thread_that_has_done_is_used_again() -> None:
    threads = Threads(idle_s=5)
    for number in range(20):
        done = threading.Event()
        threads.run(done.set)
        assert done.wait(5)
        eventually(lambda: len(threads._idle) == 1)
        assert threads.started == 1, f"function {number}"


def test_functions_that_wait_for_each_other_run_at_once(threads: Threads) -> None:
    """An invocation may ask the emulator for another one."""
    meeting = threading.Barrier(20, timeout=5)
    met: list[int] = []
    for _ in range(20):
        threads.run(lambda: met.append(meeting.wait()))
    eventually(lambda: len(met) == 20)
    assert threads.started == 20


def test_threads_without_work_end(threads: Threads) -> None:
    before = set(threading.enumerate())
    for _ in range(5):
        threads.run(lambda: time.sleep(0.005))
    assert not before.issuperset(threading.enumerate())
    eventually(lambda: before.issuperset(threading.enumerate()))
    done = threading.Event()
    threads.run(done.set)
    assert done.wait(5)


def test_no_function_is_lost_when_threads_end(threads: Threads) -> None:
    threads.idle_s = 0.0001
    for _ in range(200):
        done = threading.Event()
        threads.run(done.set)
        assert done.wait(5)


def test_a_function_that_breaks_does_not_end_its_thread(caplog: pytest.LogCaptureFixture) -> None:
    threads = Threads(idle_s=5)

    def fail() -> None:
        raise ValueError

    thread = KeptThread(target=fail, daemon=True, name="failing")
    thread.threads = threads
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    eventually(lambda: len(threads._idle) == 1)
    assert "ValueError" in caplog.text
    threads.run(lambda: None)
    assert threads.started == 1


def test_what_a_function_sets_in_its_context_is_not_the_next_ones() -> None:
    threads, variable = Threads(idle_s=5), contextvars.ContextVar("account", default="none")
    found: list[str] = []

    def run(value: str) -> None:
        found.append(variable.get())
        variable.set(value)

    for value in ("first", "second"):
        thread = KeptThread(target=run, args=(value,))
        thread.threads = threads
        thread.start()
        thread.join(5)
        eventually(lambda: len(threads._idle) == 1)
    assert found == ["none", "none"]
    assert threads.started == 1
