"""What every implementation of the ``Ticks`` port does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from fractions import Fraction

import pytest

from dexec.adapters.postgres.connection import connect
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.ticks import PostgresTicks
from dexec.domain.quote import Pair
from dexec.domain.waiting.sights import Mark, Seen, Sight
from dexec.ports import BookTick, Ticks
from tests.support.fakes import START, FakeTicks, Store

SOL, RAY = Pair("SOL", "USDC"), Pair("RAY", "USDC")
Record = Callable[[Pair, int, Fraction, Fraction], None]


@pytest.fixture(params=["in memory", "postgresql"])
def market(request: pytest.FixtureRequest) -> Iterator[tuple[Ticks, Record]]:
    """Return the port, and what records a tick: one a second from slot 0 on."""
    if request.param == "in memory":
        store = Store()

        def keep(pair: Pair, slot: int, reference: Fraction, mid: Fraction) -> None:
            store.ticks[pair].append(BookTick(pair, slot, START + timedelta(seconds=slot), reference, mid))

        yield FakeTicks(store), keep
        return
    url: str = request.getfixturevalue("clean_url")
    with closing(Database(lambda: connect(url))) as database, connect(url) as connection:
        connection.execute("DELETE FROM ticks")

        def insert(pair: Pair, slot: int, reference: Fraction, mid: Fraction) -> None:
            name, at = f"{pair.token_in}>{pair.token_out}", START + timedelta(seconds=slot)
            values = [name, slot, at, str(reference), str(mid)]
            connection.execute("INSERT INTO ticks VALUES (%s, %s, %s, %s, %s)", values)
            connection.commit()

        yield PostgresTicks(database), insert


def test_the_newest_tick_of_each_book_and_the_highest_price_since(market: tuple[Ticks, Record]) -> None:
    ticks, record = market
    for slot, price in ((1, 160), (2, 150), (3, 155), (4, 140)):
        record(SOL, slot, Fraction(price, 1000), Fraction(price + 1, 3000))
    record(RAY, 9, Fraction(2), Fraction(3))
    newest = Sight(4, START + timedelta(seconds=4), Fraction(140, 1000), Fraction(141, 3000))
    plain, after_first, after_all = Mark(SOL), Mark(SOL, 1), Mark(SOL, 4)
    marks = {plain, after_first, after_all, Mark(RAY), Mark(Pair("JUP", "USDC"))}
    assert ticks.seen({plain}) == {plain: Seen(newest)}
    assert ticks.seen({Mark(Pair("JUP", "USDC"))}) == {}
    assert ticks.seen(marks) == {
        plain: Seen(newest),
        after_first: Seen(newest, (Fraction(155, 1000), Fraction(156, 3000))),
        after_all: Seen(newest),
        Mark(RAY): Seen(Sight(9, START + timedelta(seconds=9), Fraction(2), Fraction(3))),
    }
    assert ticks.seen([after_all]) == {after_all: Seen(newest)}
    assert ticks.seen([]) == {}


def test_the_ticks_of_a_book_from_a_time_on(market: tuple[Ticks, Record]) -> None:
    ticks, record = market
    for slot in (1, 2, 3):
        record(SOL, slot, Fraction(slot), Fraction(1))
    record(RAY, 2, Fraction(9), Fraction(9))
    found = ticks.since(SOL, START + timedelta(seconds=2))
    assert [(sight.slot, sight.reference) for sight in found] == [(2, Fraction(2)), (3, Fraction(3))]
    assert ticks.since(Pair("JUP", "USDC"), START) == ()
