"""A bracket's exit: an order that is held until its entry is filled, and then waits over what that bought."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dexec.domain.lifecycle import Status
from dexec.domain.order import Accepted, Change, Order, cancel
from dexec.domain.withdrawals import OF_EXIT


def after_entry(held: Order, entry: Order, now: datetime) -> Change | None:
    """Return what the end of its entry makes of a held exit: open over what was bought, or cancelled.

    None where nothing is to change: the entry is not over, or the exit is not held any more.
    """
    if held.status is not Status.HELD or not entry.is_terminal:
        return None
    if entry.fill is None:
        return cancel(held, now, OF_EXIT.by, OF_EXIT.error)
    return open_exit(held, now, entry.fill.amount_out)


def open_exit(held: Order, now: datetime, amount: int) -> Change:
    """Record that an exit waits from now on, over ``amount`` base units of its token in."""
    request = replace(held.request, amount=amount)
    terms = None if held.waiting is None else held.waiting.terms
    said = Accepted(held.label, request, terms)
    return Change(held, replace(held, request=request)).then(Status.OPEN, now, said)
