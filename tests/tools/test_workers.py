"""The bound on a function's workers: who waits, in which order, and that no turn is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from infra.local.workers import Bound, Turns
from tests.support.eventually import eventually

ACCEPT = {"FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:accept"}
EXECUTE = {"FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:execute"}
WIDTH = 2


class Pool:
    """The emulator's pool: a free worker, or a new one, always."""

    def __init__(self) -> None:
        self.made: list[Worker] = []
        self.free: list[Worker] = []
        self.is_broken = False

    def acquire(self, *_: object, **__: object) -> tuple[Worker, str]:
        if self.is_broken:
            raise RuntimeError("no worker")
        if self.free:
            return self.free.pop(), "reused"
        self.made.append(Worker())
        return self.made[-1], "spawn"

    def release(self, worker: Worker | None) -> None:
        if worker is not None:
            self.free.append(worker)


class Worker:
    """Runs until it is told that it has done."""

    def __init__(self) -> None:
        self.done = threading.Event()

    def invoke(self, event: object, request_id: str) -> dict[str, Any]:
        self.done.wait(5)
        if event == "break":
            raise RuntimeError("broken")
        return {"result": request_id}


def bound_of(pool: Pool, width: int = WIDTH) -> Bound:
    return Bound(pool.acquire, pool.release, lambda *_: width)


def started(run: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    turns, order, threads = Turns(), [], []
    turns.take(1)

    def run(number: int) -> None:
        turns.take(1)
        order.append(number)
        turns.give_back()

    for number in range(20):
        threads.append(started(lambda number=number: run(number)))  # type: ignore[misc]
        eventually(lambda number=number: turns.waiting == number + 1)  # type: ignore[misc]
    assert not order
    turns.give_back()
    for thread in threads:
        thread.join(5)
    assert order == list(range(20))
    assert (turns.running, turns.waiting) == (0, 0)


def test_a_bound_that_grows_lets_in_who_waits() -> None:
    turns = Turns()
    turns.take(1)
    waiting = started(lambda: turns.take(1))
    eventually(lambda: turns.waiting == 1)
    third = started(lambda: turns.take(3))
    waiting.join(5)
    third.join(5)
    assert (turns.running, turns.waiting) == (3, 0)


def test_fifty_invocations_make_no_more_workers_than_the_bound() -> None:
    pool = Pool()
    bound = bound_of(pool)
    results: list[object] = []
    threads = [
        started(lambda number=number: results.append(bound.lease("f", ACCEPT, b"").invoke({}, str(number))))  # type: ignore[misc]
        for number in range(50)
    ]
    eventually(lambda: bound.turns(ACCEPT).waiting == 48)
    assert len(pool.made) == WIDTH
    for worker in pool.made:
        worker.done.set()
    for thread in threads:
        thread.join(5)
    assert len(pool.made) == WIDTH
    assert len(results) == 50


def test_functions_do_not_wait_for_each_other() -> None:
    pool = Pool()
    bound = bound_of(pool, width=1)
    bound.acquire("accept", ACCEPT, b"")
    bound.acquire("execute", EXECUTE, b"")
    assert len(pool.made) == 2


@pytest.mark.parametrize("gives_back", [True, False], ids=["worker", "none"])
def test_a_worker_that_is_no_more_gives_its_turn_back(gives_back: bool) -> None:
    """The emulator drops a worker that failed to start, and gives back None."""
    pool = Pool()
    bound = bound_of(pool, width=1)
    for _ in range(3):
        worker, _ = bound.acquire("accept", ACCEPT, b"")
        bound.release(worker if gives_back else None)
    assert bound.turns(ACCEPT).running == 0


def test_an_invocation_that_breaks_gives_its_turn_back() -> None:
    pool = Pool()
    bound = bound_of(pool, width=1)
    worker, _ = bound.acquire("accept", ACCEPT, b"")
    worker.done.set()
    bound.release(worker)
    with pytest.raises(RuntimeError, match="broken"):
        bound.lease("accept", ACCEPT, b"").invoke("break", "1")
    pool.is_broken = True
    with pytest.raises(RuntimeError, match="no worker"):
        bound.acquire("accept", ACCEPT, b"")
    assert bound.turns(ACCEPT).running == 0
