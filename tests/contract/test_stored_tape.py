"""The stored moves of the paper market's tape: all are kept, each once, as far ahead as the rule wants."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from fractions import Fraction
from threading import Barrier

import pytest

from dexec.adapters.paper.simulator import PaperLedger, PriceMove, slot_at
from dexec.adapters.postgres.connection import Connect
from dexec.adapters.postgres.database import Database
from tests.contract.conftest import IN_MEMORY, STORES, connect_to

AHEAD = 6
WRITERS = 8

pytestmark = pytest.mark.back_end


@pytest.fixture(params=[store for store in STORES if store != IN_MEMORY])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Return what opens connections to an empty store."""
    return connect_to(request)


@pytest.fixture
def ledgers(connect: Connect) -> Iterator[list[PaperLedger]]:
    """Return ledgers with connections of their own."""
    databases = [Database(connect) for _ in range(WRITERS)]
    yield [PaperLedger(database) for database in databases]
    for database in databases:
        database.close()


def test_slots_count_from_the_moment_of_the_statement(ledgers: list[PaperLedger]) -> None:
    assert ledgers[0].price_moves() == []
    before = slot_at(datetime.now(UTC))
    moves = [
        PriceMove(AHEAD, "SOL", Fraction(19, 20), "mv_b"),
        PriceMove(AHEAD + 50, "RAY", Fraction(10**18, 10**15 - 1), "mv_a"),
    ]
    stored = ledgers[0].add_price_moves(moves)
    after = slot_at(datetime.now(UTC))
    first = stored[0].slot
    assert before + AHEAD <= first <= after + AHEAD
    assert stored == [
        PriceMove(first, "SOL", Fraction(19, 20), "mv_b"),
        PriceMove(first + 50, "RAY", Fraction(10**18, 10**15 - 1), "mv_a"),
    ]
    assert ledgers[1].price_moves() == stored
    assert ledgers[1].price_moves(first) == stored
    assert ledgers[1].price_moves(first + 1) == stored[1:]
    assert ledgers[1].price_moves(first + 51) == []


def test_a_move_is_stored_once_and_keeps_its_slot(ledgers: list[PaperLedger]) -> None:
    first = ledgers[0].add_price_moves([PriceMove(AHEAD, "SOL", Fraction(1, 2), "mv_1")])
    again = ledgers[1].add_price_moves([PriceMove(AHEAD + 10, "SOL", Fraction(1, 2), "mv_1")])
    assert first == again == ledgers[0].price_moves()


def test_moves_that_are_written_at_once_are_all_kept(ledgers: list[PaperLedger]) -> None:
    barrier = Barrier(WRITERS)

    def write(n: int) -> None:
        barrier.wait()
        ledgers[n].add_price_moves([PriceMove(AHEAD, "SOL", Fraction(n + 2), f"mv_{n}")])

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert {move.factor for move in ledgers[0].price_moves()} == {Fraction(n + 2) for n in range(WRITERS)}
