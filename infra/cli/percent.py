"""How percentages read on a terminal, as in the trading console."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal, InvalidOperation

import typer

HUNDREDTH = Decimal("0.01")


def impact_words(percent: Decimal) -> str:
    """Return a price impact: two decimals, cut; what costs is positive, unlike in the API."""
    size = abs(percent)
    return "< 0.01 %" if 0 < size < HUNDREDTH else f"{size.quantize(HUNDREDTH, ROUND_DOWN)} %"


def in_bps(text: str) -> int | None:
    """Return ``2`` or ``2%`` in basis points; None where it is no number with two decimals at the most."""
    try:
        found = Decimal(text.strip().removesuffix("%").strip()) * 100
        return int(found) if found.is_finite() and found == found.to_integral_value() else None
    except (InvalidOperation, ValueError):
        return None


def trail_bps(text: str, option: str) -> int:
    """Return a trail such as ``2%`` in basis points; raise ``BadParameter``."""
    found = in_bps(text)
    if found is None or not 1 <= found <= 9_000:
        raise typer.BadParameter(f"{option} takes 0.01% to 90% with at most two decimals, not {text!r}")
    return found
