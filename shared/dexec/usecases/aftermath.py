"""What becomes of an order when an attempt did not fill it: another attempt, a rest, or its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dexec.domain.errors import (
    AttemptFailed,
    DeadlinePassed,
    Ending,
    InsufficientLiquidity,
    LimitNotMet,
    NoVenue,
    OrderFailed,
    PoolDisabled,
)
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Event, Order, Refused, cancel, expire, fail, try_again
from dexec.domain.risk import RiskRefused
from dexec.domain.waiting.steps import refuse, rest
from dexec.domain.waiting.terms import TimeInForce
from dexec.domain.withdrawals import withdrawal

VENUE_DELAYS_S = (1, 2)
BY_IOC = "ioc"

CURED_BY_TIME = (LimitNotMet, NoVenue, InsufficientLiquidity, PoolDisabled)
"""An order that waits rests because of these at once: the market is not there now, and may be later."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is to be written; with ``delay_s`` the lease is released, and the next attempt begins then."""

    change: Change
    delay_s: float | None = None


def after_attempt(
    order: Order,
    error: AttemptFailed | OrderFailed,
    now: datetime,
    max_attempts: int,
    events: Sequence[Event] = (),
    *,
    expires: bool = True,
) -> Aftermath:
    """Return what an attempt that ended with ``error`` makes of an order; its transaction cannot land.

    A market order gets ``max_attempts`` and fails. What waits gets as many for each trigger and then rests;
    with ``ioc`` it gets one and is cancelled. ``expires``: what is past its time expires, or else it fails.
    """
    if isinstance(error, DeadlinePassed):
        return Aftermath((expire if expires else fail)(order, now, error.failure()))
    is_over = _is_ioc(order) or order.attempt - order.first_attempt + 1 >= max_attempts
    if order.waiting is not None and (
        isinstance(error, CURED_BY_TIME)
        or (isinstance(error, RiskRefused) and error.is_cured_by_time)
        or (isinstance(error, AttemptFailed) and is_over)
    ):
        return Aftermath(unfilled(order, error, now, events))
    if isinstance(error, OrderFailed) or is_over:
        return Aftermath(fail(order, now, error.failure()))
    change = try_again(order, now, error.failure())
    if error.kind != "venue":
        return Aftermath(change)
    delay_s = VENUE_DELAYS_S[min(order.attempt, len(VENUE_DELAYS_S)) - 1]
    return Aftermath(change.releasing(run_at=now + timedelta(seconds=delay_s)), delay_s)


def unfilled(order: Order, error: Ending, now: datetime, events: Sequence[Event] = ()) -> Change:
    """Return what becomes of an order that waits when it is not to be tried again now.

    A risk limit that holds it back is said once for as long as it goes on to: ``events`` are those since the
    order was open last.
    """
    if order.is_late(now):
        return expire(order, now, DeadlinePassed(order.request.deadline_s).failure())
    if _is_ioc(order):
        return cancel(order, now, BY_IOC, error.failure())
    if isinstance(error, RiskRefused) and not _is_said(error, events):
        return refuse(order, now, Refused(error.rule, error.observed, error.allowed))
    return rest(order, now, error.failure())


def _is_said(error: RiskRefused, events: Sequence[Event]) -> bool:
    why = next((event.detail for event in events if event.status is Status.OPEN), None)
    if isinstance(why, Refused):
        return why.rule == error.rule
    return isinstance(why, Failure) and why.code == error.code


def _is_ioc(order: Order) -> bool:
    return order.waiting is not None and order.waiting.terms.time_in_force is TimeInForce.IOC


def after_wish(order: Order, by: str, now: datetime) -> Change:
    """Return the end of an order that was cancelled while it was signed, and was not filled."""
    if order.is_late(now):
        return expire(order, now, DeadlinePassed(order.request.deadline_s).failure())
    return cancel(order, now, by, withdrawal(by).error)
