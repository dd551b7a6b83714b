"""What becomes of orders over recorded ticks, by the pure rules alone.

A limit counts as filled by the tick whose reference is at its price: how much the pools would have given for
the whole amount, ticks do not say. An entry counts as filled when it goes, and its exit waits from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from dexec.domain.errors import Rejected
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Kind, PriceType, Stop, Trail
from dexec.domain.waiting.due import Triggered, is_limit_due, replay
from dexec.domain.waiting.terms import OrderType, Terms, TimeInForce
from dexec.domain.waiting.ticks import Tick
from dexec.ports import BookTick
from dexec.usecases.judge_terms import check_sides, check_stop
from dexec.usecases.reference import Prices
from infra.lab.replay.listed import Listed


class Outcome(StrEnum):
    """What becomes of an order."""

    AT_ONCE = "atOnce"
    """A market order, or a limit that is met when it is placed."""
    TRIGGERED = "triggered"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    """An order that tries once, and is not met; or the exit of an entry that does not go."""
    REFUSED = "refused"
    """It would not be accepted: a stop that the price is through already."""
    WAITS = "waits"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one order, ``by`` which kind of condition and tick; ``exit`` is its exit's."""

    outcome: Outcome
    pair: Pair
    terms: Terms | None
    by: Kind | None = None
    tick: BookTick | None = None
    price: Fraction | None = None
    threshold: Fraction | None = None
    reason: str = ""
    at: datetime | None = None
    exit: Verdict | None = None


def judge_listed(order: Listed, ticks: Sequence[BookTick]) -> Verdict:
    """Return what becomes of an order of a file over the ticks of all books, by slot."""
    first = ticks[0]
    # It is placed after the newest tick that was taken then: that one and those before do not count.
    before = [] if order.placed_at is None else [tick for tick in ticks if tick.at < order.placed_at]
    since = before[-1].slot if before else first.slot - 1
    entry = _judged(order.pair, order.terms, since, order.ends_at(first.at), ticks)
    if order.exits is None:
        return entry
    return _with_exit(entry, order.exits, since, ticks)


def first_due(terms: Terms, since: int, ticks: Sequence[BookTick]) -> tuple[Kind, Triggered] | None:
    """Return what triggers an order of a book first; of two conditions at one tick, the stop."""
    found: list[tuple[Kind, Triggered]] = []
    if terms.stop is not None:
        kind = Kind.TRAIL if isinstance(terms.stop, Trail) else Kind.STOP
        stopped = replay(terms.stop, since, [_seen(tick, terms.stop.price_type) for tick in ticks])
        found += [(kind, stopped)] if stopped is not None else []
    if terms.limit is not None:
        met = replay(terms.limit, since, [_seen(tick, PriceType.REFERENCE) for tick in ticks])
        found += [(Kind.LIMIT, met)] if met is not None else []
    return min(found, key=lambda one: one[1].slot, default=None)


def _judged(
    pair: Pair,
    terms: Terms | None,
    since: int,
    ends_at: datetime | None,
    ticks: Sequence[BookTick],
    *,
    is_exit: bool = False,
) -> Verdict:
    mine = [tick for tick in ticks if tick.pair == pair]
    if terms is None:
        return Verdict(Outcome.AT_ONCE, pair, None)
    # An exit that opens at its price, or through its trigger, fires at the next tick.
    newest = next((tick for tick in reversed(mine) if tick.slot <= since and not is_exit), None)
    placed = _placed(pair, terms, newest)
    if placed is not None:
        return placed
    in_time = [tick for tick in mine if ends_at is None or tick.at < ends_at]
    due = first_due(terms, since, in_time)
    if due is not None:
        kind, why = due
        tick = next(tick for tick in in_time if tick.slot == why.slot)
        return Verdict(Outcome.TRIGGERED, pair, terms, kind, tick, why.price, why.threshold, at=tick.at)
    if ends_at is not None and ticks[-1].at >= ends_at:
        return Verdict(Outcome.EXPIRED, pair, terms, at=ends_at)
    return Verdict(Outcome.WAITS, pair, terms)


def _placed(pair: Pair, terms: Terms, newest: BookTick | None) -> Verdict | None:
    """Return what the newest tick makes of an order that is placed; None when it waits."""
    try:
        check_sides(terms)
        if newest is not None and isinstance(terms.stop, Stop):
            check_stop(terms, terms.stop, Prices(newest.reference, newest.mid))
    except Rejected as exc:
        return Verdict(Outcome.REFUSED, pair, terms, reason=str(exc))
    if newest is None or terms.limit is None:
        return None
    if is_limit_due(terms.limit, newest.reference):
        return Verdict(Outcome.AT_ONCE, pair, terms, Kind.LIMIT, newest, at=newest.at)
    if terms.order_type is OrderType.LIMIT and terms.time_in_force is TimeInForce.IOC:
        reason = "the market is not at its price, and it tries once"
        return Verdict(Outcome.CANCELLED, pair, terms, reason=reason, at=newest.at)
    return None


def _with_exit(entry: Verdict, exits: Terms, since: int, ticks: Sequence[BookTick]) -> Verdict:
    back = Pair(entry.pair.token_out, entry.pair.token_in)
    if entry.outcome in (Outcome.TRIGGERED, Outcome.AT_ONCE):
        opened = since if entry.tick is None else max(since, entry.tick.slot)
        return replace(entry, exit=_judged(back, exits, opened, None, ticks, is_exit=True))
    outcome = Outcome.HELD if entry.outcome is Outcome.WAITS else Outcome.CANCELLED
    return replace(entry, exit=Verdict(outcome, back, exits))


def _seen(tick: BookTick, price_type: PriceType) -> Tick:
    return Tick(tick.slot, tick.at, tick.mid if price_type is PriceType.MID else tick.reference)
