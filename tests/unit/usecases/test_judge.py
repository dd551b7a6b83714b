"""Judging what waits by the ticks of a book: bounds, and what is done with what was found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from dexec.domain.lifecycle import Status
from dexec.domain.order import Order, Triggered
from dexec.domain.waiting.conditions import Kind, PriceType, Stop, Trail
from dexec.domain.waiting.lookup import LIMITS, Group, Part, WaitingRow
from dexec.domain.waiting.prices import Price, price_key
from dexec.domain.waiting.terms import Terms
from dexec.ports import MOST_TRIGGERED, BookTick, Bound, Found
from dexec.usecases.judge import MOST_CANDIDATES, Book, judge, take_turns
from tests.contract.samples import NOW
from tests.contract.waiting_samples import LIMIT, OCO, SOL_USDC, waiting

FIRST = 1_000
TRAIL = Trail(1_000, confirm_ticks=1)
STOP = Stop(Price("100", SOL_USDC), confirm_ticks=1)


def usdc(price: int | Fraction) -> Fraction:
    """Return a price in USDC per SOL as base units per base unit."""
    return Fraction(price, 1000)


def book(*prices: int, mid: int = 0) -> Book:
    """Return a book whose ticks, a slot and a second apart, had these references."""
    ticked = Book()
    for number, price in enumerate(prices):
        at = NOW + timedelta(seconds=number)
        ticked.add(BookTick(SOL_USDC, FIRST + number, at, usdc(price), usdc(mid or price)))
    return ticked


def order(terms: Terms, client_id: str = "alice", seq: int = 1) -> Order:
    return replace(waiting(terms).order, client_id=client_id, seq=seq)


def found(one: Order, part: Part = Part.LIMIT) -> Found:
    return Found(one, WaitingRow(part, LIMITS), one.seq)


@pytest.mark.parametrize(
    ("group", "key", "most", "before"),
    [
        (LIMITS, -price_key(usdc(90)), MOST_CANDIDATES, FIRST + 2),
        (Group("asleep", bps=1_000), -price_key(usdc(90)), MOST_TRIGGERED, FIRST + 2),
        (Group("stop"), price_key(usdc(90), up=True), MOST_TRIGGERED, FIRST + 2),
        (Group("stop", confirm_ticks=2), price_key(usdc(100), up=True), MOST_TRIGGERED, FIRST + 1),
        (Group("stop", PriceType.MID), price_key(usdc(80), up=True), MOST_TRIGGERED, FIRST + 2),
        # Nine tenths of 100, which the second tick still was, is what the third is at.
        (Group("trail", bps=1_000), -FIRST, MOST_TRIGGERED, None),
        (Group("trail", confirm_ticks=2, bps=1), 1 - FIRST, MOST_TRIGGERED, None),
    ],
    ids=str,
)
def test_a_bound_finds_what_is_due_and_no_more(group: Group, key: int, most: int, before: int | None) -> None:
    assert book(110, 100, 90, mid=80).bound(SOL_USDC, group) == Bound(SOL_USDC, group, key, most, before)


@pytest.mark.parametrize("group", [Group("stop", confirm_ticks=3), Group("trail", bps=1_000)], ids=str)
def test_what_no_tick_can_have_made_due_has_no_bound(group: Group) -> None:
    assert book(90, 100).bound(SOL_USDC, group) is None


def test_a_trail_that_has_fired_is_not_due_again() -> None:
    bounds = [book(110, 100, 90).bound(SOL_USDC, Group(kind, bps=1_000)) for kind in ("trail", "fired")]
    assert [bound is None for bound in bounds] == [False, True]


def test_highs_of_both_types_of_price_are_kept_until_no_trail_needs_them() -> None:
    ticked = book(110, 100, 90, mid=80)
    ticked.add(BookTick(SOL_USDC, FIRST + 3, NOW, usdc(95), usdc(70)))
    assert ticked.kept == {FIRST, FIRST + 1, FIRST + 2, FIRST + 3}
    ticked.forget_before(FIRST + 2)
    assert ticked.kept == {FIRST + 2, FIRST + 3}


@pytest.mark.parametrize(
    ("prices", "terms", "kind"),
    [
        ((100,), Terms(stop=STOP), Kind.STOP),
        ((101,), Terms(stop=STOP), None),
        ((100, 90), Terms(stop=TRAIL), Kind.TRAIL),
        ((100, 91), replace(LIMIT, stop=TRAIL), None),
        ((100,), LIMIT, None),
    ],
)
def test_a_stop_is_judged_whatever_row_was_found(
    prices: tuple[int, ...], terms: Terms, kind: Kind | None
) -> None:
    why = book(*prices).judge_stop(order(terms))
    assert (why.by if isinstance(why, Triggered) else why) is kind


def test_ticks_before_an_order_waited_say_nothing_of_its_trail() -> None:
    since = order(replace(LIMIT, stop=TRAIL))
    assert since.waiting is not None
    assert book(100, 90).judge_stop(replace(since, waiting=replace(since.waiting, since=FIRST + 1))) is None


def test_rows_of_one_order_are_judged_once_as_it_was_seen_last() -> None:
    one, another = order(OCO, seq=2), order(LIMIT)
    rows = [found(one, Part.STOP), found(replace(one, seq=1)), found(another), found(one)]
    judged = judge(rows, {SOL_USDC: book(170)}, NOW)
    assert [row.order for row in judged.candidates] == [one, another]
    assert judge(rows[1:2] + rows[:1], {SOL_USDC: book(170)}, NOW).candidates == (), "its limit is older"


def test_what_rested_goes_on_and_what_is_late_expires() -> None:
    going, late = order(Terms(stop=STOP)), replace(order(LIMIT), expires_at=NOW)
    judged = judge([found(going, Part.RETRY), found(late, Part.EXPIRY)], {}, NOW)
    assert [change.after.status for change in judged.changes] == [Status.TRIGGERED, Status.EXPIRED]


def test_clients_come_in_turn() -> None:
    alices, bobs = [found(order(LIMIT)) for _ in range(3)], [found(order(LIMIT, "bob")) for _ in range(2)]
    assert take_turns([*alices, *bobs], 4) == [alices[0], bobs[0], alices[1], bobs[1]]
