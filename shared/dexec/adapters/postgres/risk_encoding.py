"""Encoding of risk limits and reservations as text columns, and decoding; amounts are base units."""

from __future__ import annotations

import json
from datetime import date

from dexec.adapters.postgres.json_text import dump
from dexec.domain.risk import SETTLEMENT, Reservation, RiskLimits


def dump_limits(limits: RiskLimits) -> str:
    """Return limits as the ``limits`` column keeps them: those that are set."""
    fields = {
        "maxNotional": _text(limits.max_notional),
        "maxDaily": _text(limits.max_daily),
        "maxOpen": limits.max_open,
        "tokens": None if limits.tokens is None else sorted(limits.tokens),
        "maxSlippageBps": limits.max_slippage_bps,
        "collarBps": limits.collar_bps,
        "settlement": limits.settlement,
    }
    return dump({name: value for name, value in fields.items() if value is not None})


def load_limits(text: str | None) -> RiskLimits | None:
    """Read what ``dump_limits`` wrote."""
    if text is None:
        return None
    fields = json.loads(text)
    tokens = fields.get("tokens")
    return RiskLimits(
        max_notional=_number(fields.get("maxNotional")),
        max_daily=_number(fields.get("maxDaily")),
        max_open=fields.get("maxOpen"),
        tokens=None if tokens is None else frozenset(tokens),
        max_slippage_bps=fields.get("maxSlippageBps"),
        collar_bps=fields.get("collarBps"),
        settlement=fields.get("settlement", SETTLEMENT),
    )


def dump_reservation(reserved: Reservation | None) -> str | None:
    """Return a reservation as the ``reserved`` column keeps it, such as ``2026-11-22 1500000 USDC``."""
    return None if reserved is None else f"{reserved.day.isoformat()} {reserved.amount} {reserved.token}"


def load_reservation(text: str | None) -> Reservation | None:
    """Read what ``dump_reservation`` wrote."""
    if text is None:
        return None
    day, amount, token = text.split(" ")
    return Reservation(date.fromisoformat(day), int(amount), token)


def _text(amount: int | None) -> str | None:
    return None if amount is None else str(amount)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
