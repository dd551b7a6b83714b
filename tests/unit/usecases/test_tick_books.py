"""The ticks of a shard's books: how far back they are read, and how long they are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Trail
from dexec.domain.waiting.lookup import Group
from dexec.domain.waiting.terms import Terms
from dexec.ports import BookTick
from dexec.usecases.reference import Look, Prices
from dexec.usecases.tick_books import TickedBooks
from tests.support.fakes import START
from tests.support.watched import BOOK, VENUES, Stage

STOPS = {BOOK: (Group("stop"),)}
TRAILS = {BOOK: (Group("trail", confirm_ticks=2, bps=100),)}


@pytest.fixture
def stage() -> Stage:
    """Return a stage on which prices fell from slot 100 to 600, so that each tick is a high."""
    stage = Stage()
    waits = stage.backend.waits
    lease = waits.take_shard(0, "mine", START, START)
    for number, slot in enumerate((100, 200, 201, 600)):
        assert lease is not None
        at, price = START + timedelta(seconds=number), Fraction(200 - number, 1000)
        lease = waits.record(lease, [BookTick(BOOK, slot, at, price, price)], sorted(VENUES), START)
        if slot == 100:
            stage.place(Terms(stop=Trail(100)))
    return stage


def books(stage: Stage) -> TickedBooks:
    lease = stage.backend.waits.take_shard(0, "mine", START, START)
    assert lease is not None
    return TickedBooks(stage.backend.waits, lease, stage.market)


@pytest.mark.parametrize(
    ("groups", "kept"), [(STOPS, {201, 600}), (TRAILS, {200, 201, 600})], ids=["stop", "trail"]
)
def test_ticks_are_read_as_far_back_as_stops_or_a_trail_need_them_and_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, groups: dict[Pair, tuple[Group, ...]], kept: set[int]
) -> None:
    read = books(stage)
    read.load(groups)
    assert read.books[BOOK].kept == kept
    monkeypatch.setattr(stage.backend.waits, "ticks", None)
    read.load(groups)


@pytest.mark.parametrize(("groups", "kept"), [(STOPS, [600]), (TRAILS, [200, 201, 600])], ids=str)
def test_what_neither_a_trail_nor_a_chart_needs_is_deleted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, groups: dict[Pair, tuple[Group, ...]], kept: list[int]
) -> None:
    read, pruned = books(stage), list[tuple[object, ...]]()
    read.load(groups)
    read.lease = replace(read.lease, slot=1_000)
    monkeypatch.setattr(stage.backend.waits, "prune", lambda *given: pruned.append(given))
    read.prune(groups, START)
    assert pruned == [(BOOK, kept, START - timedelta(minutes=15))]


@pytest.mark.parametrize(
    ("slot", "after_s", "has_price", "counts"),
    [
        (601, 2, True, True),
        (600, 0, True, False),
        (601, 2.001, True, False),
        (601, 0, False, False),
    ],
)
def test_a_look_counts_that_is_fresh_of_a_new_slot_and_has_a_price(
    stage: Stage, slot: int, after_s: float, has_price: bool, counts: bool
) -> None:
    read = books(stage)
    prices = {BOOK: Prices(Fraction(1), Fraction(1))} if has_price else {}
    look = Look(START, slot, prices, VENUES, ())
    read.look_at = lambda _: look
    assert read.look([BOOK], lambda: START + timedelta(seconds=after_s)) is (look if counts else None)


@pytest.mark.parametrize(("after_s", "counts"), [(9.999, False), (10, True)])
def test_a_venue_is_gone_that_was_not_seen_for_ten_seconds(
    stage: Stage, after_s: float, counts: bool
) -> None:
    read = books(stage)
    ticked_at = read.lease.ticked_at
    assert ticked_at is not None

    def look(asked_at: datetime, venues: frozenset[str]) -> bool:
        prices = {BOOK: Prices(Fraction(1), Fraction(1))}
        read.look_at = lambda _: Look(asked_at, 601, prices, venues, ())
        return read.look([BOOK], lambda: asked_at) is not None

    asked_at = ticked_at + timedelta(seconds=after_s)
    assert look(asked_at, frozenset({"orca"})) is counts
    assert (read.seen_at.keys() == {"orca"}) is counts, "and waited for no more"


def test_who_lost_the_lease_records_nothing(stage: Stage) -> None:
    read = books(stage)
    read.load(STOPS)
    look = Look(START, 601, {BOOK: Prices(Fraction(1), Fraction(1))}, VENUES, ())
    assert stage.backend.waits.take_shard(0, "another", START, START)
    assert not read.record(look, START)
    assert (read.lease.slot, read.books[BOOK].newest_slot) == (600, 600)
    taken = books(stage)
    taken.load(STOPS)
    assert taken.record(look, START)
    assert (taken.lease.slot, taken.ticked(STOPS)) == (601, taken.books)
