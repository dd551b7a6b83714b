"""Reads risk limits as operators write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dexec.domain.amounts import parse_amount
from dexec.domain.errors import Invalid
from dexec.domain.risk import RiskLimits
from dexec.domain.tokens import find_token

MOST_BPS = 10_000
MOST_OPEN = 1_000_000


def changed(limits: RiskLimits, given: Mapping[str, str | None]) -> RiskLimits:
    """Return limits with those that are given, by their options' names; "none" removes one.

    Amounts are whole units of the settlement token, which cannot change while amounts in the old one stay.
    Raises ``Invalid``.
    """
    token = find_token(given.get("settlement") or limits.settlement, "--settlement")
    if token.symbol != limits.settlement:
        kept = [one for one in ("max_notional", "max_daily") if getattr(limits, one) and not given.get(one)]
        if kept:
            options = " and ".join(f"--{one.replace('_', '-')}" for one in kept)
            raise Invalid(f"name {options} as well, in {token.symbol}", "--settlement")

    def amount(name: str, now: int | None) -> int | None:
        text = given.get(name)
        if text is None or _is_none(text):
            return None if text else now
        return parse_amount(text, token.decimals, f"--{name.replace('_', '-')}")

    def number(name: str, most: int, now: int | None) -> int | None:
        text = given.get(name)
        if text is None or _is_none(text):
            return None if text else now
        if not (text.isascii() and text.isdigit()) or int(text) > most:
            raise Invalid(f"must be a whole number from 0 to {most}, or none", f"--{name.replace('_', '-')}")
        return int(text)

    return replace(
        limits,
        settlement=token.symbol,
        max_notional=amount("max_notional", limits.max_notional),
        max_daily=amount("max_daily", limits.max_daily),
        max_open=number("max_open", MOST_OPEN, limits.max_open),
        tokens=_tokens(given.get("tokens"), limits.tokens),
        max_slippage_bps=number("max_slippage", MOST_BPS, limits.max_slippage_bps),
        collar_bps=number("collar_bps", MOST_BPS, limits.collar_bps),
    )


def _tokens(text: str | None, now: frozenset[str] | None) -> frozenset[str] | None:
    if text is None or _is_none(text):
        return None if text else now
    return frozenset(find_token(name.strip(), "--tokens").symbol for name in text.split(","))


def _is_none(text: str) -> bool:
    return text.lower() == "none"
