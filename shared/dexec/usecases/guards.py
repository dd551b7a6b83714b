"""What an order has to pass before it is signed for: its deadline, its client's own limit, the balance."""

from __future__ import annotations

from datetime import datetime

from dexec.domain.errors import DeadlinePassed, InsufficientFunds, LimitNotMet
from dexec.domain.order import Order
from dexec.domain.quote import Mode, Route, RouteRequest
from dexec.domain.tokens import format_units
from dexec.domain.waiting.prices import Price


def check_deadline(order: Order, now: datetime) -> None:
    """Raise ``DeadlinePassed``; only while no transaction of the order can land."""
    if order.is_late(now):
        raise DeadlinePassed(order.request.deadline_s)


def check_limit(request: RouteRequest, route: Route, price: Price | None = None) -> None:
    """Raise ``LimitNotMet`` if the quote is past the client's own limit: what is signed would fail.

    ``price`` is the limit price that the limit follows from, where it does.
    """
    exact_in, limit = request.mode is Mode.EXACT_IN, request.limit
    quoted = route.amount_out if exact_in else route.amount_in
    if limit is None or (quoted >= limit if exact_in else quoted <= limit):
        return
    token = request.open_token
    would = "would receive" if exact_in else "would pay"
    got, asked = (f"{format_units(amount, token)} {token}" for amount in (quoted, limit))
    bound = f"{request.limit_name} is {asked}"
    if price is not None:
        bound = (
            f"at {'least' if exact_in else 'most'} {asked} is the limit price of {price.text} {price.unit}"
        )
    raise LimitNotMet(f"{would} {got}, {bound}", limit, quoted)


def check_funds(token: str, needed: int, held: int) -> None:
    """Raise ``InsufficientFunds`` if a wallet that holds ``held`` base units cannot pay ``needed``."""
    if held < needed:
        needs, has = (f"{format_units(amount, token)} {token}" for amount in (needed, held))
        raise InsufficientFunds(f"Insufficient balance: needs {needs}, has {has}")
