"""Quotes limits exactly, on the states of the pools that a tick was taken from: what fills is triggered.

A reference is the price of a small amount. A large order may not fill although the reference is at its limit:
its row is moved to the reference that it would need, and looked at again some time later in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction

from dexec.domain.order import Change, Order, Triggered
from dexec.domain.quote import Mode, Pair, PoolSnapshot, RouteRequest
from dexec.domain.routing import bound_price, find_amounts
from dexec.domain.routing.single import quote_venues
from dexec.domain.waiting.conditions import Kind, Limit
from dexec.domain.waiting.lookup import LIMITS, limit_row
from dexec.domain.waiting.prices import Price, price_key
from dexec.domain.waiting.steps import trigger
from dexec.ports import Found, Moved
from dexec.usecases.judge import Book, pair_of
from dexec.usecases.quote_route import cost_of_leg

RECHECK = timedelta(seconds=30)
"""A limit that did not fill is quoted again after so long, whatever the reference does."""


Quote = Callable[[RouteRequest], Fraction | None]
"""Returns the price of the whole amount of a request; None where it cannot be traded."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Limits that fill, and where the rows of the others go."""

    changes: tuple[Change, ...]
    moved: tuple[Moved, ...]


@dataclass(slots=True)
class _Quoted:
    """Quotes of one look: what a smaller amount missed, a greater one misses, too."""

    quote: Quote
    known: dict[tuple[Pair, Mode], list[tuple[int, Fraction | None]]] = field(default_factory=dict)

    def price(self, request: RouteRequest) -> Fraction | None:
        """Return the price of the whole amount, or one that is no worse and misses the limit already."""
        known = self.known.setdefault((Pair(request.token_in, request.token_out), request.mode), [])
        for amount, price in known:
            if amount <= request.amount and price is not None and price < _needed(request):
                return price
        price = self.quote(request)
        known.append((request.amount, price))
        return price


def fit_limits(
    found: Sequence[Found],
    books: Mapping[Pair, Book],
    quote: Quote,
    now: datetime,
    has_time: Callable[[], bool],
) -> Fitted:
    """Quote limits of books that have just been ticked, as many as there is time for."""
    changes, moved = [], []
    quoted = _Quoted(quote)
    for one in found:
        book = books.get(pair_of(one.order))
        if book is None:
            continue
        if not has_time():
            break
        reference = book.newest.price
        price, request = _wanted(one.order)
        if reference < price.value:
            row = limit_row(Limit(price))
            moved.append(Moved(one.order.id, one.version, row.part, row.group, row.key, row.at))
            continue
        got = quoted.price(request)
        if got is not None and got >= _needed(request):
            why = Triggered(_kind(one.order), reference, price.value, slot=book.newest.slot)
            changes.append(trigger(one.order, now, why))
        else:
            moved.append(_out_of_reach(one, reference, got, _needed(request), now))
    return Fitted(tuple(changes), tuple(moved))


def postponed(one: Found, now: datetime) -> Moved:
    """Return the row of a limit that is due by the time and has no turn now."""
    if one.row.group is not None:
        return Moved(one.order.id, one.version, one.row.part, one.row.group, one.row.key, now + RECHECK)
    row = limit_row(Limit(_wanted(one.order)[0]))
    return Moved(one.order.id, one.version, row.part, row.group, row.key, row.at)


def _wanted(order: Order) -> tuple[Price, RouteRequest]:
    """Return the limit that an order waits for, and what it would trade at it."""
    waiting = order.waiting
    if waiting is None:
        raise ValueError(f"{order.id} waits for nothing")
    waiting = waiting if waiting.has_stopped else replace(waiting, fired=Kind.LIMIT)
    price = waiting.terms.limit_price(waiting.fired)
    if price is None:
        raise ValueError(f"{order.id} has no limit")
    return price, waiting.request(order.request)


def _kind(order: Order) -> Kind:
    """Return what triggers it: a stop that has fired stays so, and goes on."""
    return Kind.RETRY if order.waiting is not None and order.waiting.has_stopped else Kind.LIMIT


def _needed(request: RouteRequest) -> Fraction:
    """Return the price of the whole amount at which a request's limit is just kept."""
    limit = request.limit or 1
    if request.mode is Mode.EXACT_IN:
        return Fraction(limit, request.amount)
    return Fraction(request.amount, limit)


def best_price(
    request: RouteRequest, snapshots: Sequence[PoolSnapshot], leg_cost_lamports: int
) -> Fraction | None:
    """Return the price of the whole amount; None where it cannot be traded.

    One pool that fills it is enough, and cheaper to ask. So is a bound that misses the limit.
    """
    needed = _needed(request)
    best = next(iter(quote_venues(request, snapshots)), None)
    if best is not None and Fraction(best.amount_out, best.amount_in) >= needed:
        return Fraction(best.amount_out, best.amount_in)
    bound = bound_price(request, snapshots)
    if bound is not None and bound < needed:
        return bound
    leg_cost = cost_of_leg(leg_cost_lamports, request, snapshots)
    found = find_amounts(request, snapshots, leg_cost=leg_cost)
    return None if found is None else Fraction(found[1], found[0])


def _out_of_reach(
    one: Found, reference: Fraction, got: Fraction | None, needed: Fraction, now: datetime
) -> Moved:
    """Return the row of a limit that does not fill: due at the reference it needs, or after a while."""
    if not got:
        return Moved(one.order.id, one.version, one.row.part, None, one.row.key, now + RECHECK)
    key = -price_key(reference * needed / got)
    return Moved(one.order.id, one.version, one.row.part, LIMITS, key, now + RECHECK)
