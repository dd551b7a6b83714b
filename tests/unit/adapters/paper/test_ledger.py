"""The ledger's memory of what it settled, beside its statements, which tests/system/integration tries."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest

from dexec.adapters.paper.ledger import REMEMBERED, Moves, PaperLedger, Posting
from dexec.adapters.postgres.database import Database
from tests.support.fakes import START

MOVES = Moves("in", 1, "out", 1)


class Accepting:
    """A database that takes every statement and finds nothing."""

    def transact(self, writes: list[Any], reads: list[Any], repeat: object) -> tuple[list[Any], list[Any]]:
        return [[] for _ in writes], [[] for _ in reads]


@pytest.fixture
def restless() -> Iterator[None]:
    """Have threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def posting(signature: str) -> Posting:
    return Posting(signature, "alice", "ord_1", 1, START + timedelta(seconds=1))


@pytest.mark.usefixtures("restless")
def test_threads_that_settle_at_once_forget_the_oldest_one_by_one() -> None:
    ledger = PaperLedger(cast(Database, Accepting()))

    def settle(thread: int) -> None:
        for number in range(40 * REMEMBERED):
            ledger.settle(posting(f"{thread} {number}"), MOVES, [], "{}")
            ledger.entry(f"{thread} {number}", START)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(settle, range(8)))
    assert len(ledger._settled) <= REMEMBERED
