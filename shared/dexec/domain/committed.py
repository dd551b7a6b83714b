"""What of a wallet is committed: the most that orders which are not over may pay, by token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dexec.domain.order import Order
from dexec.domain.quote import Mode
from dexec.domain.waiting.conditions import Kind
from dexec.domain.waiting.prices import price_limit


@dataclass(frozen=True, slots=True)
class Balance:
    """What a wallet holds of a token, and what of it is committed to orders that are not over."""

    symbol: str
    held: int
    committed: int

    @property
    def available(self) -> int:
        """What is left; orders may be worth more than the wallet holds: what counts is what it holds then."""
        return max(0, self.held - self.committed)


def committed(orders: Iterable[Order]) -> Counter[str]:
    """Return base units by symbol, 0 for any other; orders may be worth more than a wallet holds."""
    totals: Counter[str] = Counter()
    for order in orders:
        totals[order.request.token_in] += most_in(order)
    return totals


def most_in(order: Order) -> int:
    """Return the most that an order may pay, in base units of its token in.

    Of one that names what it buys, it is its own limit or its price's; 0 where it has neither: what it will
    pay is not known before it is routed.
    """
    request = order.request
    if request.mode is Mode.EXACT_IN:
        return request.amount
    limits = [] if request.limit is None else [request.limit]
    prices = _price_limits(order)
    return min([*limits, *([max(prices)] if prices else [])], default=0)


def _price_limits(order: Order) -> list[int]:
    """Return what each condition that may still fire lets it pay; none where one has no price of its own."""
    if order.waiting is None:
        return []
    terms, fired = order.waiting.terms, order.waiting.fired
    kinds = [kind for kind, has in ((Kind.LIMIT, terms.limit), (Kind.STOP, terms.stop)) if has is not None]
    prices = [terms.limit_price(kind) for kind in ([fired] if fired is not None else kinds)]
    request = order.request
    if None in prices:
        return []
    return [price_limit(request.mode, request.amount, price.value) for price in prices if price is not None]
