"""The rows by which a store finds the waiting orders that are due: by their price, or by the time.

Each condition of an order has one row. A row of a *group* is due when its key is at least the group's
bound, an integer that follows from the newest ticks: so one range of an index holds all of a group that
are due, however many wait. T is the price type, N the ticks that confirm a stop, B the bps of a trail.

| group | key | due when |
| --- | --- | --- |
| ``limit`` | minus the price's key | the reference is at the price or above |
| ``stop T N`` | the price's key | the best of the last N ticks is at the price or below |
| ``trail T N B`` | minus the slot since which ticks count | one since then was at least best / (1 - t) |
| ``asleep T N B`` | minus the activation price's key | the newest tick is at that price or above |
| ``fired T N B`` | as of ``trail`` | never: it has fired, but a halt may undo that, so its ticks are kept |

A store sets the key of a trail that it makes active: minus the slot that it sets ``since`` to. Keys of prices
are rounded towards due, so what is found is only likely to be: ``dexec.domain.waiting.due`` decides exactly.
A row without a group (null) is found by its time alone, at ``at``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Limit, PriceType, Stop, Trail
from dexec.domain.waiting.prices import price_key
from dexec.domain.waiting.terms import Waiting


class Part(StrEnum):
    """What a row is for; an order has one of each at the most."""

    LIMIT = "limit"
    STOP = "stop"
    RETRY = "retry"
    EXPIRY = "expiry"


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are compared with the same bound."""

    kind: str
    price_type: PriceType = PriceType.REFERENCE
    confirm_ticks: int = 1
    bps: int = 0

    def __str__(self) -> str:
        """Return how a store spells it; ``read`` is the other direction."""
        match self.kind:
            case "limit":
                return "limit"
            case "stop":
                return f"stop {self.price_type} {self.confirm_ticks}"
        return f"{self.kind} {self.price_type} {self.confirm_ticks} {self.bps}"

    @property
    def is_trail(self) -> bool:
        """Whether its keys are slots since which trails need the ticks: active ones, or that have fired."""
        return self.kind in ("trail", "fired")

    @classmethod
    def read(cls, text: str) -> Group:
        """Return the group that ``str`` spells so."""
        kind, *rest = text.split()
        price_type = PriceType(rest[0]) if rest else PriceType.REFERENCE
        numbers = [int(number) for number in rest[1:]]
        return cls(kind, price_type, *numbers)


LIMITS = Group("limit")


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A row: which part of an order it is for, its group and key, and when time alone makes it due.

    Of a limit, ``at`` is when it is to be quoted again: its cool-down ends (without a group until then), or
    the reference was at its price and the order is too large for it.
    """

    part: Part
    group: Group | None = None
    key: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WaitingRows:
    """All rows of one waiting order, of the book of ``pair``; a held order's are not looked at yet."""

    pair: Pair
    rows: tuple[WaitingRow, ...]
    is_held: bool = False


def waiting_rows(order: Order, waiting: Waiting, now: datetime) -> WaitingRows:
    """Return the rows of an order that begins to wait, or rests again, at ``now``.

    An order that rests again is not looked at before its cool-down ends, but for its stop.
    """
    pair = Pair(order.request.token_in, order.request.token_out)
    rests_until = waiting.rests_until if waiting.rests_until and waiting.rests_until > now else None
    rows: list[WaitingRow] = []
    terms = waiting.terms
    if waiting.has_stopped:
        if terms.stop_limit is None:
            rows.append(WaitingRow(Part.RETRY, at=rests_until or now))
        else:
            rows.append(limit_row(Limit(terms.stop_limit), rests_until))
        if isinstance(terms.stop, Trail):
            rows.append(stop_row(terms.stop, waiting))
    else:
        if terms.limit is not None:
            rows.append(limit_row(terms.limit, rests_until))
        if terms.stop is not None:
            rows.append(stop_row(terms.stop, waiting))
    if order.expires_at is not None:
        rows.append(WaitingRow(Part.EXPIRY, at=order.expires_at))
    return WaitingRows(pair, tuple(rows), is_held=order.status is Status.HELD)


def limit_row(limit: Limit, rests_until: datetime | None = None) -> WaitingRow:
    """Return the row of a limit; one that rests is found by the time only."""
    key = -price_key(limit.price.value)
    return WaitingRow(Part.LIMIT, None if rests_until else LIMITS, key, rests_until)


def stop_row(stop: Stop | Trail, waiting: Waiting) -> WaitingRow:
    """Return the row of a stop, or of a trail: active, not yet, or not any more."""
    if isinstance(stop, Stop):
        group = Group("stop", stop.price_type, stop.confirm_ticks)
        return WaitingRow(Part.STOP, group, price_key(stop.price.value, up=True))
    if stop.activation is not None and not waiting.is_active:
        group = Group("asleep", stop.price_type, stop.confirm_ticks, stop.bps)
        return WaitingRow(Part.STOP, group, -price_key(stop.activation.value))
    kind = "fired" if waiting.has_stopped else "trail"
    group = Group(kind, stop.price_type, stop.confirm_ticks, stop.bps)
    return WaitingRow(Part.STOP, group, -(waiting.since or 0))
