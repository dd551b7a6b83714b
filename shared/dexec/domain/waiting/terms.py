"""What a waiting order was asked to wait for, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dexec.domain.quote import Mode, Pair, RouteRequest
from dexec.domain.waiting.conditions import Kind, Limit, Stop, Trail
from dexec.domain.waiting.prices import Price, Unit, price_limit

SHORTEST_REST_S = 1
LONGEST_REST_S = 60
QUIET_AFTER = timedelta(minutes=10)
"""An order that has rested for so long begins anew with the shortest rest."""


class OrderType(StrEnum):
    """The types of orders, as clients name them."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    TRAILING_STOP = "trailingStop"
    OCO = "oco"


class TimeInForce(StrEnum):
    """How long an order tries: until it is cancelled or expires, or once, when it is due."""

    GTC = "gtc"
    IOC = "ioc"


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order waits for: a limit, a stop, or both, of which the first that is due decides.

    It never trades below its ``limit``. A stop whose price is reached becomes a market order, or, with
    ``stop_limit``, an order that never trades below that. ``of_out``: its client reads prices of token out,
    as in ``Unit``.
    """

    limit: Limit | None = None
    stop: Stop | Trail | None = None
    stop_limit: Price | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    of_out: bool = False

    @property
    def order_type(self) -> OrderType:
        """The type that these terms are of."""
        if self.limit is not None:
            return OrderType.LIMIT if self.stop is None else OrderType.OCO
        return OrderType.TRAILING_STOP if isinstance(self.stop, Trail) else OrderType.STOP

    def limit_price(self, fired: Kind | None) -> Price | None:
        """Return the price below which an order does not trade that this kind of condition triggered."""
        if fired is Kind.LIMIT:
            return None if self.limit is None else self.limit.price
        return None if fired is None else self.stop_limit


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an order that waits has beside what every order has.

    ``fired`` is the kind of the condition that triggered it last, by which it trades now; a stop that has
    fired stays so, whatever the price does. ``first_attempt`` is the first attempt of that trigger. ``rests``
    counts how often it has rested again in a row, the last time at ``rested_at``. Ticks up to the slot
    ``since`` do not count for its stop; where that is None, the store sets it to the newest tick's when it
    writes. ``is_active``: a trail's activation price has been seen, or it has none.
    """

    terms: Terms
    fired: Kind | None = None
    first_attempt: int = 1
    rests: int = 0
    rested_at: datetime | None = None
    since: int | None = None
    is_active: bool = True

    @classmethod
    def of(cls, terms: Terms, fired: Kind | None = None) -> Waiting:
        """Return how an order on these terms begins: waiting, or triggered by the kind ``fired``."""
        return cls(terms, fired, is_active=not _is_asleep(terms))

    @property
    def has_stopped(self) -> bool:
        """Whether its stop has fired: it does not wait for it, nor for its take-profit, any more."""
        return self.fired in (Kind.STOP, Kind.TRAIL)

    def request(self, request: RouteRequest) -> RouteRequest:
        """Return what is to be traded: the order's request, with the limit that its price puts on it.

        The limit is the stricter of the price's and the request's own.
        """
        price = self.terms.limit_price(self.fired)
        if price is None:
            return request
        limit = price_limit(request.mode, request.amount, price.value)
        if request.limit is not None:
            limit = (max if request.mode is Mode.EXACT_IN else min)(limit, request.limit)
        return replace(request, limit=limit)

    def price_in_force(self, request: RouteRequest) -> Price | None:
        """Return the price that bounds what is traded; None where the request's own limit is as strict."""
        price = self.terms.limit_price(self.fired)
        return None if self.request(request).limit == request.limit else price

    @property
    def rests_until(self) -> datetime | None:
        """Until when it rests after the last time: 1 s, doubling to a minute; None if it never did."""
        if self.rested_at is None:
            return None
        return self.rested_at + timedelta(
            seconds=min(LONGEST_REST_S, SHORTEST_REST_S * 2 ** min(self.rests - 1, 10))
        )

    def rested(self, now: datetime) -> Waiting:
        """Return it after it has rested again; a stop that has fired stays so."""
        is_quiet = self.rested_at is None or now - self.rested_at >= QUIET_AFTER
        fired = self.fired if self.has_stopped else None
        return replace(self, fired=fired, rests=1 if is_quiet else self.rests + 1, rested_at=now)

    def amended(self, terms: Terms) -> Waiting:
        """Return it on other terms, with no rest to come from the old ones.

        A trail that is active stays so, with the ticks that it has seen.
        """
        fresh = replace(self, terms=terms, rests=0, rested_at=None)
        if self.is_active and isinstance(self.terms.stop, Trail) and isinstance(terms.stop, Trail):
            return fresh
        return replace(fresh, since=None, is_active=not _is_asleep(terms))

    def triggered(self, by: Kind, attempt: int) -> Waiting:
        """Return it after a condition triggered it; ``attempt`` is the one that begins."""
        return replace(self, fired=self.fired if by is Kind.RETRY else by, first_attempt=attempt)


def unit_of(request: RouteRequest, terms: Terms) -> Unit:
    """Return the unit in which the client of an order on these terms reads prices."""
    return Unit(Pair(request.token_in, request.token_out), terms.of_out)


def conditions(terms: Terms) -> Iterator[Limit | Stop | Trail]:
    """Return the conditions of which any makes an order due."""
    return (one for one in (terms.limit, terms.stop) if one is not None)


def _is_asleep(terms: Terms) -> bool:
    return isinstance(terms.stop, Trail) and terms.stop.activation is not None
