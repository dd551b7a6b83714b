"""Risk limits of a client: how much it may trade, of what, and at which prices.

All amounts are ``int`` base units, notionals those of the client's settlement token; prices are exact
``Fraction``s, base units of token out per base unit of token in. Nothing is rounded in the client's favour.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction

from dexec.domain.arithmetic import BPS
from dexec.domain.error_code import ErrorCode
from dexec.domain.errors import Invalid, OrderFailed
from dexec.domain.halts import Switch
from dexec.domain.quote import Pair, Route, RouteRequest
from dexec.domain.tokens import format_units

SETTLEMENT = "USDC"
"""The token in which notionals are counted, unless an operator names another."""

DEFAULT_MAX_OPEN = 1_000
"""Orders that a client may have waiting, unless an operator sets another number."""


class Rule(StrEnum):
    """A limit, as clients name it."""

    MAX_NOTIONAL = "maxNotional"
    MAX_DAILY = "maxDaily"
    MAX_OPEN = "maxOpen"
    TOKENS = "tokens"
    MAX_SLIPPAGE = "maxSlippageBps"
    COLLAR = "collarBps"


CURED_BY_TIME = frozenset({Rule.MAX_DAILY, Rule.COLLAR})
"""An order that waits for its price rests when one of these refuses it; any other ends it."""

_WORDS = {
    Rule.MAX_NOTIONAL: (
        "this order is worth {}; the risk limit maxNotional allows at most {}: place a smaller one"
    ),
    Rule.MAX_DAILY: (
        "with this order, the orders of the UTC day would be worth {}; the risk limit maxDaily allows at "
        "most {}: place a smaller one, or one on another day"
    ),
    Rule.MAX_OPEN: (
        "with this order, {} orders would wait; the risk limit maxOpen allows at most {}: cancel some first"
    ),
    Rule.TOKENS: "this order trades {}; the risk limit tokens allows {}: choose among these",
    Rule.MAX_SLIPPAGE: (
        "this order's slippage limit is {}; the risk limit maxSlippageBps allows at most {}: lower it"
    ),
    Rule.COLLAR: (
        "the price of the route is {} worse than the reference price of its pools; the risk limit collarBps "
        "allows at most {}: place a smaller order, or try again later"
    ),
}
"""What a refusal says, of what was seen and what is allowed."""


class RiskRefused(OrderFailed):
    """A risk limit of the client forbids the order: ``rule`` says which, with what it saw and allows."""

    code = ErrorCode.RISK_REFUSED

    def __init__(self, rule: Rule, observed: str, allowed: str) -> None:
        super().__init__(_WORDS[rule].format(observed, allowed))
        self.rule = rule
        self.observed = observed
        self.allowed = allowed

    @property
    def is_cured_by_time(self) -> bool:
        """Whether an order that waits rests instead of ending."""
        return self.rule in CURED_BY_TIME


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """The limits of one client; None bounds nothing (``max_open``: the default number)."""

    max_notional: int | None = None
    max_daily: int | None = None
    max_open: int | None = None
    tokens: frozenset[str] | None = None
    max_slippage_bps: int | None = None
    collar_bps: int | None = None
    settlement: str = SETTLEMENT

    def __post_init__(self) -> None:
        """Raise ``Invalid`` for a number that no limit can have."""
        for name in ("max_notional", "max_daily", "max_open", "max_slippage_bps", "collar_bps"):
            if (getattr(self, name) or 0) < 0:
                raise Invalid("must not be negative", name)

    @property
    def needs_notional(self) -> bool:
        """Whether it has to be known what an order is worth."""
        return self.max_notional is not None or self.max_daily is not None


@dataclass(frozen=True, slots=True)
class Reservation:
    """What an order counts for in the usage of a UTC day, from its signature on."""

    day: date
    amount: int
    token: str

    def filled(self, token_in: str, token_out: str, amount_in: int, amount_out: int) -> Reservation:
        """Return it after the fill: what was paid or got of the settlement token, or else as reserved."""
        if self.token == token_in:
            return replace(self, amount=amount_in)
        return replace(self, amount=amount_out) if self.token == token_out else self


@dataclass(frozen=True, slots=True)
class RiskStanding:
    """A client's limits, what of them is used on ``day``, and the switches that hold back orders of it.

    ``used`` is base units of the settlement token, ``waiting`` how many orders wait for their price, counted
    no further than the limit.
    """

    limits: RiskLimits
    day: date
    used: int
    waiting: int
    switches: tuple[Switch, ...]


def most_open(limits: RiskLimits | None) -> int:
    """Return how many orders of a client may wait."""
    return DEFAULT_MAX_OPEN if limits is None or limits.max_open is None else limits.max_open


def valued_as(request: RouteRequest, settlement: str) -> Pair | None:
    """Return the pair at whose reference price an order is valued; None: its amount is its notional."""
    return None if request.exact_token == settlement else Pair(request.exact_token, settlement)


def notional(amount: int, price: Fraction) -> int:
    """Return what ``amount`` is worth at ``price``, rounded up."""
    return -(-amount * price.numerator // price.denominator)


def check_request(limits: RiskLimits, request: RouteRequest) -> None:
    """Raise ``RiskRefused`` for a token or a slippage that the client may not trade with."""
    if limits.tokens is not None:
        forbidden = sorted({request.token_in, request.token_out} - limits.tokens)
        if forbidden:
            allowed = ", ".join(sorted(limits.tokens)) or "none"
            raise RiskRefused(Rule.TOKENS, ", ".join(forbidden), allowed)
    if limits.max_slippage_bps is not None and request.slippage_bps > limits.max_slippage_bps:
        seen, most = f"{request.slippage_bps} bps", f"{limits.max_slippage_bps} bps"
        raise RiskRefused(Rule.MAX_SLIPPAGE, seen, most)


def check_notional(limits: RiskLimits, worth: int) -> None:
    """Raise ``RiskRefused`` for an order that is worth too much."""
    if limits.max_notional is not None and worth > limits.max_notional:
        raise RiskRefused(Rule.MAX_NOTIONAL, _money(limits, worth), _money(limits, limits.max_notional))


def check_day(limits: RiskLimits, used: int, worth: int) -> None:
    """Raise ``RiskRefused`` where ``worth`` more would be beyond what the client may trade in a day."""
    if limits.max_daily is not None and used + worth > limits.max_daily:
        raise day_refused(limits, used + worth)


def day_refused(limits: RiskLimits, observed: int) -> RiskRefused:
    """Return the refusal of an order with which the day's usage would be ``observed``."""
    return RiskRefused(Rule.MAX_DAILY, _money(limits, observed), _money(limits, limits.max_daily or 0))


def check_open(most: int, waiting: int) -> None:
    """Raise ``RiskRefused`` where a client would have more orders that wait than it may."""
    if waiting > most:
        raise RiskRefused(Rule.MAX_OPEN, str(waiting), str(most))


def check_collar(limits: RiskLimits, route: Route, reference: Fraction) -> None:
    """Raise ``RiskRefused`` for a route that is worse than ``reference`` by more than the collar."""
    if limits.collar_bps is None:
        return
    price = Fraction(route.amount_out, route.amount_in)
    if price * BPS < reference * (BPS - limits.collar_bps):
        worse = (reference - price) * BPS / reference
        # Rounded up: what is just beyond 50 bps is not shown as 50.
        seen = -(-worse.numerator // worse.denominator)
        raise RiskRefused(Rule.COLLAR, f"{seen} bps", f"{limits.collar_bps} bps")


def _money(limits: RiskLimits, amount: int) -> str:
    return f"{format_units(amount, limits.settlement)} {limits.settlement}"
