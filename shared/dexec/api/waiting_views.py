"""Views of what waits: terms as they were sent and turned round, and the market of an open order."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import cast

from dexec.api import answers, asked_answers
from dexec.api.times import iso
from dexec.domain.arithmetic import BPS
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.domain.quote import RouteRequest
from dexec.domain.waiting.conditions import Kind, PriceType, Stop, Trail
from dexec.domain.waiting.prices import Price, Unit
from dexec.domain.waiting.sights import Mark, Seen
from dexec.domain.waiting.terms import OrderType, Terms, Waiting, unit_of


def terms_view(terms: Terms, request: RouteRequest) -> asked_answers.Asked:
    """Return what an order on these terms waits for, under the main names of its fields."""
    prices = _prices(terms)
    view: asked_answers.Asked = cast("asked_answers.Asked", _texts(prices, inverse=False))
    stop = terms.stop
    if stop is not None:
        into = view["stopLoss"] if terms.order_type is OrderType.OCO else view
        into["triggerPriceType"] = stop.price_type
        into["confirmTicks"] = stop.confirm_ticks
        if isinstance(stop, Trail):
            into["trailingBps"] = stop.bps
    view["timeInForce"] = terms.time_in_force
    view["priceUnit"] = unit_of(request, terms).name
    view["inverse"] = cast("asked_answers.TermPrices", _texts(prices, inverse=True))
    return view


Prices = dict[str, Price | dict[str, Price]]


def _prices(terms: Terms) -> Prices:
    """Return the prices of terms by their names in the body."""
    stop: dict[str, Price] = {}
    if isinstance(terms.stop, Stop):
        stop["triggerPrice"] = terms.stop.price
    elif terms.stop is not None and terms.stop.activation is not None:
        stop["activationPrice"] = terms.stop.activation
    if terms.stop_limit is not None:
        stop["limitPrice"] = terms.stop_limit
    if terms.limit is None:
        return dict(stop)
    limit = {"limitPrice": terms.limit.price}
    return dict(limit) if terms.stop is None else {"takeProfit": limit, "stopLoss": stop}


def _texts(prices: Prices, *, inverse: bool) -> dict[str, object]:
    def text(price: Price) -> str:
        return price.inverse if inverse else price.text

    return {
        name: text(price) if isinstance(price, Price) else {key: text(one) for key, one in price.items()}
        for name, price in prices.items()
    }


# --- the market of an open order ----------------------------------------------------------------------


def mark_of(order: Order) -> Mark | None:
    """Return what has to be read of the ticks to show an order; None of one that is not open."""
    if order.status is not Status.OPEN or order.waiting is None:
        return None
    waiting = order.waiting
    is_trailing = isinstance(waiting.terms.stop, Trail) and waiting.is_active and not waiting.has_stopped
    return Mark(unit_of(order.request, waiting.terms).pair, waiting.since if is_trailing else None)


def market_view(order: Order, seen: Seen | None) -> answers.Seen | None:
    """Return the market of an open order by the newest tick; None where it is not open or there is none."""
    if seen is None or order.waiting is None or order.status is not Status.OPEN:
        return None
    tick, unit = seen.newest, unit_of(order.request, order.waiting.terms)
    stop = _stop_price(order.waiting, seen)
    distances = list(_distances(order.waiting, seen, stop, unit))
    view: answers.Seen = {
        "slot": tick.slot,
        "at": iso(tick.at),
        "price": unit.show(tick.reference),
        "mid": unit.show(tick.mid),
        "distanceBps": round(min(distances) * BPS) if distances else None,
    }
    if isinstance(order.waiting.terms.stop, Trail) and stop is not None:
        view["stopPrice"] = unit.show(stop)
    return view


def _stop_price(waiting: Waiting, seen: Seen) -> Fraction | None:
    """Return where the stop stands now; None where there is none, or where it does not trail yet."""
    stop = waiting.terms.stop
    if isinstance(stop, Trail):
        highest = None if seen.highest is None else _of(stop.price_type, *seen.highest)
        return None if highest is None or not waiting.is_active else highest * stop.kept
    return None if stop is None else stop.price.value


def _distances(waiting: Waiting, seen: Seen, stop_price: Fraction | None, unit: Unit) -> Iterator[Fraction]:
    """Yield how far the price has to go to each thing that is waited for, as parts of it; 0 or less at it."""
    terms, tick = waiting.terms, seen.newest
    first = None if terms.limit is None else terms.limit.price
    limit = terms.stop_limit if waiting.has_stopped else first
    if limit is not None:
        yield _way_up(tick.reference, limit.value, unit)
    if terms.stop is None or waiting.has_stopped:
        return
    price = _of(terms.stop.price_type, tick.reference, tick.mid)
    if stop_price is not None:
        yield -_way_up(price, stop_price, unit)
    elif isinstance(terms.stop, Trail) and terms.stop.activation is not None and not waiting.is_active:
        yield _way_up(price, terms.stop.activation.value, unit)


def _way_up(price: Fraction, to: Fraction, unit: Unit) -> Fraction:
    """Return how much better ``to`` is than ``price``, as a part of the price as its client reads it."""
    return 1 - price / to if unit.of_out else to / price - 1


def _of(price_type: PriceType, reference: Fraction, mid: Fraction) -> Fraction:
    return mid if price_type is PriceType.MID else reference


def fired_view(waiting: Waiting | None) -> Kind | None:
    """Return the condition that triggered an order last."""
    return None if waiting is None else waiting.fired
