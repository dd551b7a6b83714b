"""Cost attribution of a fill: every bps between the mid prices at the quote and what happened on chain.

Fees, impact and rounding are those of the quote; drift is all that changed between quote and fill.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypedDict

from dexec.api.routes import Decimal, FillDetails, RouteDetails
from dexec.domain.amounts import format_amount, parse_decimal
from dexec.domain.arithmetic import BPS
from dexec.domain.quote import Mode

BPS_DIGITS = 4


class Part(TypedDict):
    """One cause: what it cost in token units and in bps of the reference; below zero it was a gain."""

    cause: str
    amount: Decimal
    bps: Decimal


class Explanation(TypedDict):
    """The way from the mid price at the quote to the fill; the parts sum to the total exactly."""

    token: str
    reference: Decimal
    quoted: Decimal
    filled: Decimal
    parts: list[Part]
    total: Part


def explain_fill(route: RouteDetails, fill: FillDetails) -> Explanation:
    """Attribute the fill's price, from the client-visible forms that an order's answer carries.

    Costs are positive where the trader loses. ``Invalid`` where a figure is no plain decimal.
    """
    costs = route["costs"]
    if route["mode"] == Mode.EXACT_IN.value:
        quoted, filled = route["amountOut"], fill["amountOut"]
        drift = _exact(quoted) - _exact(filled)
    else:
        quoted, filled = route["amountIn"], fill["amountIn"]
        drift = _exact(filled) - _exact(quoted)
    causes = {
        "fees": _exact(costs["fees"]),
        "impact": _exact(costs["impact"]),
        "rounding": _exact(costs["rounding"]),
        "drift": drift,
    }
    reference = _exact(costs["reference"])
    return Explanation(
        token=costs["token"],
        reference=costs["reference"],
        quoted=quoted,
        filled=filled,
        parts=_parts(causes, reference),
        total=_part("total", sum(causes.values(), Fraction(0)), Fraction(0), reference),
    )


def _parts(causes: Mapping[str, Fraction], reference: Fraction) -> list[Part]:
    parts, before = [], Fraction(0)
    for cause, cost in causes.items():
        parts.append(_part(cause, cost, before, reference))
        before += cost
    return parts


def _part(cause: str, cost: Fraction, before: Fraction, reference: Fraction) -> Part:
    """Return a part that follows on costs of ``before``: the running sum is what is rounded."""
    start, end = (round(running * BPS * 10**BPS_DIGITS / reference) for running in (before, before + cost))
    return Part(cause=cause, amount=_plain(cost), bps=format_amount(end - start, BPS_DIGITS))


def _exact(shown: str) -> Fraction:
    return Fraction(parse_decimal(shown, "amount"))


def _plain(value: Fraction) -> str:
    """Return a sum of plain decimals as a plain decimal."""
    places = 0
    while value.denominator > 1 and 10**places % value.denominator:
        places += 1
    return format_amount(int(value * 10**places), places)
