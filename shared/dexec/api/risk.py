"""Views of risk limits, their usage, halts and committed balances for clients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, TypedDict

from pydantic import Field

from dexec.api.asked_answers import Amount, SlippageBps, Time
from dexec.api.times import iso
from dexec.domain import committed, risk
from dexec.domain.halts import Stop, Switch
from dexec.domain.tokens import TOKENS, format_units

Notional = Annotated[
    Amount | None, Field(description="in whole units of `settlementToken`; null without such a limit")
]


class RiskLimits(TypedDict):
    """The limits that operators have set; null bounds nothing."""

    settlementToken: Annotated[str, Field(description="what notionals are counted in", examples=["USDC"])]
    maxNotional: Annotated[Notional, Field(description="the most that one order may be worth")]
    maxDaily: Annotated[Notional, Field(description="the most that the orders of a UTC day may be worth")]
    maxOpen: Annotated[int, Field(ge=0, description="the most orders that may wait, held exits included")]
    tokens: Annotated[list[str] | None, Field(description="the only tokens that may be traded")]
    maxSlippageBps: Annotated[SlippageBps | None, Field(description="the most slippage an order may have")]
    collarBps: Annotated[
        int | None,
        Field(ge=0, description="by how much a route may be worse than the reference price of its pools"),
    ]


class RiskUsage(TypedDict):
    """How much of the limits is used."""

    day: Annotated[str, Field(json_schema_extra={"format": "date"}, description="the UTC day")]
    notional: Annotated[Amount, Field(description="what the day's signed orders count for, fills as filled")]
    left: Annotated[Notional, Field(description="what of `maxDaily` is left; null without that limit")]
    open: Annotated[int, Field(ge=0, description="orders that wait, held exits included, up to `maxOpen`")]


class Halt(TypedDict):
    """What operators have stopped: `paused` accepts orders, which wait; the others accept none."""

    stop: Literal[Stop.PAUSED, Stop.HALTED, Stop.REDUCING]
    since: Time
    tokenOut: Annotated[str | None, Field(description="reducing: the token that may still be bought")]


class Risk(TypedDict):
    """What the caller may trade, and what of it is used."""

    limits: RiskLimits
    usage: RiskUsage
    halts: Annotated[list[Halt], Field(description="empty while the caller may trade")]


class Balance(TypedDict):
    """What a wallet holds of one token; ``committed`` may be more than that."""

    symbol: str
    mint: str
    amount: Amount
    committed: Annotated[Amount, Field(description="the most that orders which are not over may pay")]
    available: Annotated[Amount, Field(description="`amount` less `committed`, 0 at the least")]


class Balances(TypedDict):
    """What the caller's wallet holds."""

    balances: list[Balance]


def limits_view(limits: risk.RiskLimits) -> RiskLimits:
    """Return limits as clients are sent them."""
    return {
        "settlementToken": limits.settlement,
        "maxNotional": _money(limits.max_notional, limits.settlement),
        "maxDaily": _money(limits.max_daily, limits.settlement),
        "maxOpen": risk.most_open(limits),
        "tokens": None if limits.tokens is None else sorted(limits.tokens),
        "maxSlippageBps": limits.max_slippage_bps,
        "collarBps": limits.collar_bps,
    }


def risk_view(standing: risk.RiskStanding) -> Risk:
    """Return a client's limits and their usage as it is sent them."""
    limits = standing.limits
    left = None if limits.max_daily is None else max(0, limits.max_daily - standing.used)
    return {
        "limits": limits_view(limits),
        "usage": {
            "day": standing.day.isoformat(),
            "notional": format_units(standing.used, limits.settlement),
            "left": _money(left, limits.settlement),
            "open": standing.waiting,
        },
        "halts": [halt_view(switch) for switch in standing.switches],
    }


def halt_view(switch: Switch) -> Halt:
    """Return a switch as clients are sent it."""
    return {"stop": switch.stop, "since": iso(switch.set_at), "tokenOut": switch.token_out}


def balances_view(balances: Iterable[committed.Balance]) -> Balances:
    """Return a wallet's content as clients are sent it."""
    return {
        "balances": [
            {
                "symbol": one.symbol,
                "mint": TOKENS[one.symbol].mint,
                "amount": format_units(one.held, one.symbol),
                "committed": format_units(one.committed, one.symbol),
                "available": format_units(one.available, one.symbol),
            }
            for one in balances
        ]
    }


def _money(amount: int | None, token: str) -> str | None:
    return None if amount is None else format_units(amount, token)
