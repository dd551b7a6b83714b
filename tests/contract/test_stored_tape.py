"""The stored moves of the paper market's tape: all are kept, each once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from threading import Barrier

import pytest

from dexec.adapters.paper.simulator import PaperLedger, PriceMove
from dexec.adapters.postgres.connection import Connect
from dexec.adapters.postgres.database import Database
from tests.contract.conftest import IN_MEMORY, connect_to, stores_of

SLOT = 228_098_151
WRITERS = 8

pytestmark = pytest.mark.back_end


@pytest.fixture(params=[store for store in stores_of(__name__) if store != IN_MEMORY])
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


def test_moves_are_read_as_they_were_stored_from_a_slot_on(ledgers: list[PaperLedger]) -> None:
    assert ledgers[0].price_moves() == []
    moves = [
        PriceMove(SLOT, "SOL", Fraction(19, 20), "mv_b"),
        PriceMove(SLOT, "SOL", Fraction(2), "mv_c"),
        PriceMove(SLOT + 50, "RAY", Fraction(10**18, 10**15 - 1), "mv_a"),
    ]
    ledgers[0].add_price_moves(moves[::-1])
    assert ledgers[1].price_moves() == ledgers[1].price_moves(SLOT) == moves
    assert ledgers[1].price_moves(SLOT + 1) == moves[2:]
    assert ledgers[1].price_moves(SLOT + 51) == []


def test_a_move_is_stored_once_and_keeps_its_slot(ledgers: list[PaperLedger]) -> None:
    first = PriceMove(SLOT, "SOL", Fraction(1, 2), "mv_1")
    ledgers[0].add_price_moves([first])
    ledgers[1].add_price_moves([PriceMove(SLOT + 10, "SOL", Fraction(1, 2), "mv_1")])
    assert ledgers[0].price_moves() == [first]


def test_moves_that_are_written_at_once_are_all_kept(ledgers: list[PaperLedger]) -> None:
    barrier = Barrier(WRITERS)

    def write(n: int) -> None:
        barrier.wait()
        ledgers[n].add_price_moves([PriceMove(SLOT, "SOL", Fraction(n + 2), f"mv_{n}")])

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert {move.factor for move in ledgers[0].price_moves()} == {Fraction(n + 2) for n in range(WRITERS)}
