"""The steps of an order that waits: it rests again, is triggered, begins to trail, is amended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dexec.domain.errors import IllegalTransition
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Accepted, Activated, Change, Order, Refused, Triggered
from dexec.domain.quote import RouteRequest
from dexec.domain.waiting.terms import Terms, Waiting, unit_of


def rest(order: Order, now: datetime, error: Failure) -> Change:
    """Record why an order that waits did not fill, and that it waits again, without route and transaction."""
    change = _rested(order, _waiting(order).rested(now))
    return change.then(Status.OPEN, now, error, Step.RELEASED).releasing()


def refuse(order: Order, now: datetime, why: Refused) -> Change:
    """Record which rule holds an order back for now, and that it waits again."""
    change = _rested(order, _waiting(order).rested(now))
    return change.then(Status.OPEN, now, why, Step.REFUSED).releasing()


def untrigger(order: Order, now: datetime, error: Failure) -> Change:
    """Record that an order may not trade now: it waits as if it had not been triggered, a stop included."""
    waiting = replace(_waiting(order), fired=None)
    return _rested(order, waiting).then(Status.OPEN, now, error, Step.RELEASED).releasing()


def _rested(order: Order, waiting: Waiting) -> Change:
    fresh = replace(order, attempt=order.attempt + 1, route=None, transaction=None, waiting=waiting)
    return Change(order, fresh)


def trigger(order: Order, now: datetime, why: Triggered) -> Change:
    """Record why an order that waits is due; its message is sent next."""
    waiting = _waiting(order).triggered(why.by, order.attempt)
    due = replace(order, waiting=waiting, run_at=now, queued_at=now)
    detail = replace(why, unit=unit_of(order.request, waiting.terms))
    return Change(order, due).then(Status.TRIGGERED, now, detail)


def activate(order: Order, now: datetime, why: Activated) -> Change:
    """Record that a trail follows the price from the tick at ``why.slot`` on."""
    waiting = replace(_waiting(order), is_active=True, since=why.slot - 1)
    detail = replace(why, unit=unit_of(order.request, waiting.terms))
    return Change(order, replace(order, waiting=waiting)).then(Status.OPEN, now, detail, Step.ACTIVATED)


def amend(
    order: Order, now: datetime, request: RouteRequest, terms: Terms, expires_at: datetime | None
) -> Change:
    """Record what the client wants instead; a trail that is active keeps the ticks that it has seen."""
    waiting = _waiting(order).amended(terms)
    after = replace(order, request=request, waiting=waiting, expires_at=expires_at)
    return Change(order, after).then(order.status, now, Accepted(order.label, request, terms), Step.AMENDED)


def _waiting(order: Order) -> Waiting:
    if order.waiting is None:
        raise IllegalTransition(f"{order.id} is a market order: it does not wait")
    return order.waiting
