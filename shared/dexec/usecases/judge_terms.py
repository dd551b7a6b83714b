"""What the market says of an order's terms, placed or amended: due at once, refused, or it waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from dexec.domain.errors import ExitsCross, NoPrice, WouldTrigger
from dexec.domain.quote import Pair, RouteRequest
from dexec.domain.waiting.conditions import Kind, PriceType, Stop
from dexec.domain.waiting.due import is_limit_due
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.sights import Mark
from dexec.domain.waiting.terms import OrderType, Terms, TimeInForce
from dexec.ports import Clock, Ticks
from dexec.usecases.reference import Look, Prices

FRESH = timedelta(seconds=2)
"""A tick that is older says nothing of the market now."""


@dataclass(frozen=True, slots=True)
class JudgeTerms:
    """The use case; ``look`` asks the venues where the newest tick is too old."""

    ticks: Ticks
    look: Callable[[list[Pair]], Look]
    clock: Clock

    def __call__(self, request: RouteRequest, terms: Terms | None, exits: Terms | None) -> Kind | None:
        """Return the kind of condition by which an order is due at once; None when it waits.

        ``exits`` are the terms of a bracket's exit. Raises ``WouldTrigger`` for a stop whose price is
        reached already, ``ExitsCross`` for exits on the wrong side of each other or of their entry,
        ``NoPrice`` where a price is needed and there is none.
        """
        pair = Pair(request.token_in, request.token_out)
        if terms is not None:
            check_sides(terms)
        if exits is not None:
            self.check_exits(pair, terms, exits)
        return None if terms is None else self._due(pair, terms)

    def check_exits(self, pair: Pair, entry: Terms | None, exits: Terms) -> None:
        """Raise ``ExitsCross`` for exits on the wrong side of each other, or of the entry in ``pair``.

        An entry without terms is filled at the market.
        """
        check_sides(exits)
        if entry is None:
            back = Pair(pair.token_out, pair.token_in)
            _check_against(exits, self.prices(back).reference, "the price now")
            return
        for price in _prices_of(entry):
            _check_against(exits, 1 / price.value, "the entry")

    def prices(self, pair: Pair) -> Prices:
        """Return the prices of a book now; raise ``NoPrice`` where the market gives none."""
        mark = Mark(pair)
        seen = self.ticks.seen([mark]).get(mark)
        if seen is not None and self.clock.now() - seen.newest.at <= FRESH:
            return Prices(seen.newest.reference, seen.newest.mid)
        found = self.look([pair]).prices.get(pair)
        if found is None:
            raise NoPrice(
                f"there is no price of {pair.token_in} in {pair.token_out} now, so it cannot be said whether "
                "this order would trigger at once: send it again later"
            )
        return found

    def _due(self, pair: Pair, terms: Terms) -> Kind | None:
        if isinstance(terms.stop, Stop):
            check_stop(terms, terms.stop, self.prices(pair))
        if terms.limit is None:
            return None
        if terms.order_type is OrderType.LIMIT and terms.time_in_force is TimeInForce.IOC:
            return Kind.LIMIT
        try:
            return Kind.LIMIT if is_limit_due(terms.limit, self.prices(pair).reference) else None
        except NoPrice:
            # It waits: the first tick says whether it is met.
            return None


def check_stop(terms: Terms, stop: Stop, prices: Prices) -> None:
    """Raise ``WouldTrigger`` if the market is at the stop's price, or through it."""
    price = prices.mid if stop.price_type is PriceType.MID else prices.reference
    if price > stop.price.value:
        return
    asked, (worse, _) = stop.price, _sides(stop.price)
    now = asked.show(price)
    where = "at" if price == stop.price.value else worse
    raise WouldTrigger(
        f"it would trigger at once: the {stop.price_type} price is {now} {asked.unit} now, {where} the "
        f"trigger price of {asked.text}. Name a trigger price {worse} {now}, or send a market order",
        "triggerPrice" if terms.limit is None else "stopLoss.triggerPrice",
    )


def check_sides(terms: Terms) -> None:
    """Raise ``ExitsCross`` if a take-profit is not on the better side of the stop-loss beside it."""
    if terms.limit is None or not isinstance(terms.stop, Stop):
        return
    profit, loss = terms.limit.price, terms.stop.price
    if profit.value <= loss.value:
        _, better = _sides(profit)
        raise ExitsCross(
            f"the take-profit of {profit.text} {profit.unit} has to be {better} the stop-loss of "
            f"{profit.show(loss.value)}",
            "takeProfit.limitPrice",
        )


def _check_against(exits: Terms, entry: Fraction, what: str) -> None:
    """Raise ``ExitsCross`` for an exit that would be due where the entry is filled, at ``entry``."""
    if exits.limit is not None and exits.limit.price.value <= entry:
        price = exits.limit.price
        name, side, field = "take-profit", _sides(price)[1], "takeProfit.limitPrice"
    elif isinstance(exits.stop, Stop) and exits.stop.price.value >= entry:
        price = exits.stop.price
        name, side, field = "stop-loss", _sides(price)[0], "stopLoss.triggerPrice"
    else:
        return
    raise ExitsCross(
        f"the {name} of {price.text} {price.unit} has to be {side} {what}, {price.show(entry)}: it would be "
        "due as soon as the entry is filled",
        field,
    )


def _sides(price: Price) -> tuple[str, str]:
    """Return the worse and the better side of a price, as its client counts it."""
    return ("above", "below") if price.of_out else ("below", "above")


def _prices_of(terms: Terms) -> Iterator[Price]:
    """Return the prices at which an entry on these terms is filled, as far as they are known."""
    if terms.limit is not None:
        yield terms.limit.price
    if isinstance(terms.stop, Stop):
        yield terms.stop.price
