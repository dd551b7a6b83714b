"""When a waiting order is due: the rules for one order, and the bounds by which a store finds all at once.

A condition is judged by ticks after the slot ``since`` alone: the newest one when the order was placed or
amended, or, of a trail with an activation price, the one before it became active.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from dexec.domain.waiting.conditions import Condition, Limit, Stop, Trail
from dexec.domain.waiting.ticks import Highs, Tick, Window, confirming


@dataclass(frozen=True, slots=True)
class Triggered:
    """Why an order was triggered: ``price`` was seen at ``slot``, and ``threshold`` is what it passed."""

    slot: int
    price: Fraction
    threshold: Fraction


def is_limit_due(limit: Limit, reference: Fraction) -> bool:
    """Whether the reference is at the limit or better."""
    return reference >= limit.price.value


def is_stop_due(stop: Stop, since: int, window: Window | None) -> bool:
    """Whether all ticks of the window came after ``since`` and are at the stop's price or worse."""
    return window is not None and window.first_slot > since and stop.price.value >= window.best


def is_trail_due(trail: Trail, since: int, window: Window | None, highs: Highs) -> bool:
    """Whether all ticks of the window are at or below the trail's stop: part of the highest one since.

    The stop is at or above the window's best iff some tick after ``since`` was at least ``best / kept``.
    """
    if window is None or window.first_slot <= since:
        return False
    highest = highs.last_at_least(window.best / trail.kept)
    return highest is not None and highest > since


def activation_slot(trail: Trail, since: int, tick: Tick) -> int | None:
    """Return the slot after which a trail is active, if this tick, the newest, activates it."""
    if trail.activation is None or tick.slot <= since or tick.price < trail.activation.value:
        return None
    return tick.slot - 1


def replay(condition: Condition, since: int, ticks: Sequence[Tick]) -> Triggered | None:
    """Return what triggers a condition over recorded ticks, judged one by one; None if nothing does.

    It keeps nothing from tick to tick but the highest price, so it is what the running system is held to.
    """
    seen: list[Tick] = []
    highest: Fraction | None = None
    active = not (isinstance(condition, Trail) and condition.activation)
    for tick in ticks:
        if tick.slot <= since:
            continue
        if isinstance(condition, Limit):
            if tick.price >= condition.price.value:
                return Triggered(tick.slot, tick.price, condition.price.value)
            continue
        if isinstance(condition, Trail):
            active = active or (condition.activation is not None and tick.price >= condition.activation.value)
            if not active:
                continue
            highest = tick.price if highest is None else max(highest, tick.price)
        seen.append(tick)
        window = confirming(seen, condition.confirm_ticks)
        threshold = condition.price.value if isinstance(condition, Stop) else _kept(condition, highest)
        if window is not None and threshold >= window.best:
            return Triggered(tick.slot, tick.price, threshold)
    return None


def _kept(trail: Trail, highest: Fraction | None) -> Fraction:
    return Fraction(0) if highest is None else highest * trail.kept
