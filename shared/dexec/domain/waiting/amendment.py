"""What a client may want instead of a waiting order: its prices, trail, expiry, amount. All of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from dexec.domain.amounts import parse_amount
from dexec.domain.errors import Invalid
from dexec.domain.order import Order
from dexec.domain.quote import Pair, RouteRequest
from dexec.domain.tokens import decimals_of
from dexec.domain.waiting.conditions import Limit, PriceType, Stop, Trail
from dexec.domain.waiting.prices import Price, parse_price
from dexec.domain.waiting.terms import OrderType, Terms, Waiting


@dataclass(frozen=True, slots=True)
class Given:
    """A field that a client gave, by the name under which it did; the value None drops what the field is."""

    field: str
    value: object


Wanted = Mapping[str, Given]
"""Fields by their main names. The value of ``takeProfit`` and ``stopLoss`` is a ``Wanted`` of its own, or None."""

OF_ANY = frozenset({"amount", "minAmountOut", "maxAmountIn", "expiresAt"})
_OF_STOP = frozenset({"triggerPrice", "triggerPriceType", "confirmTicks", "limitPrice"})
_OF_TRAIL = frozenset({"trailingBps", "activationPrice", "triggerPriceType", "confirmTicks", "limitPrice"})
OF_TYPE: Mapping[OrderType, frozenset[str]] = {
    OrderType.LIMIT: frozenset({"limitPrice"}),
    OrderType.STOP: _OF_STOP,
    OrderType.TRAILING_STOP: _OF_TRAIL,
    OrderType.OCO: frozenset({"takeProfit", "stopLoss"}),
}
"""What can be amended of an order, by its type, beside what every order has."""


def amended(
    order: Order, waiting: Waiting, wanted: Wanted, now: datetime
) -> tuple[RouteRequest, Terms, datetime | None]:
    """Return an order's request, terms and expiry as its client wants them from ``now`` on.

    Raises ``Invalid`` naming the field at fault, as it was written.
    """
    if not wanted:
        raise Invalid("name what is to be amended")
    _check_fields(order, waiting, wanted)
    request = _request(order, wanted)
    terms = _terms(waiting, Pair(request.token_in, request.token_out), wanted)
    if "expiresAt" not in wanted:
        return request, terms, order.expires_at
    # The deadline that it was placed with holds no more.
    return replace(request, deadline_s=None), terms, _expiry(wanted["expiresAt"], now)


def _check_fields(order: Order, waiting: Waiting, wanted: Wanted) -> None:
    kind = waiting.terms.order_type
    known = OF_ANY | OF_TYPE[kind]
    for name, given in wanted.items():
        if name in ("takeProfit", "stopLoss") and name not in known and order.exit_id is not None:
            raise Invalid(f"belongs to the exit, an order of its own: amend {order.exit_id}", given.field)
        if name not in known:
            raise Invalid(f"cannot be amended of an order of the type {kind}", given.field)
        if waiting.has_stopped and name not in OF_ANY | {"limitPrice"}:
            raise Invalid("its stop has fired, and stays so: cancel the order to stop it", given.field)
        if name == "amount" and order.entry_id is not None:
            raise Invalid("an exit trades what its entry bought", given.field)


def _request(order: Order, wanted: Wanted) -> RouteRequest:
    request = order.request
    if "amount" in wanted:
        given = wanted["amount"]
        amount = parse_amount(given.value, decimals_of(request.exact_token), given.field)
        request = replace(request, amount=amount)
    for name in ("minAmountOut", "maxAmountIn"):
        if name not in wanted:
            continue
        given = wanted[name]
        if name != request.limit_name:
            message = f"does not apply to an {request.mode} order: use {request.limit_name}"
            raise Invalid(message, given.field)
        digits = decimals_of(request.open_token)
        limit = None if given.value is None else parse_amount(given.value, digits, given.field)
        request = replace(request, limit=limit)
    return request


def _expiry(given: Given, now: datetime) -> datetime | None:
    if given.value is None:
        return None
    assert isinstance(given.value, datetime)
    if given.value <= now:
        raise Invalid("has passed already", given.field)
    return given.value


def _terms(waiting: Waiting, pair: Pair, wanted: Wanted) -> Terms:
    terms = waiting.terms
    if terms.order_type is OrderType.OCO:
        return _oco(waiting, pair, wanted)
    if terms.limit is not None:
        return replace(terms, limit=_limit(terms.limit, terms, pair, wanted))
    return _stopping(waiting, pair, wanted)


def _oco(waiting: Waiting, pair: Pair, wanted: Wanted) -> Terms:
    terms = waiting.terms
    profit, loss = wanted.get("takeProfit"), wanted.get("stopLoss")
    if profit is not None and loss is not None and profit.value is None and loss.value is None:
        raise Invalid("without both, nothing is left to wait for: cancel the order instead", loss.field)
    if loss is not None:
        if loss.value is None:
            terms = replace(terms, stop=None, stop_limit=None)
        else:
            known = _OF_TRAIL if isinstance(terms.stop, Trail) else _OF_STOP
            terms = _stopping(waiting, pair, _inner(loss, known))
    if profit is None:
        return terms
    if profit.value is None:
        return replace(terms, limit=None)
    assert terms.limit is not None
    return replace(terms, limit=_limit(terms.limit, terms, pair, _inner(profit, frozenset({"limitPrice"}))))


def _inner(given: Given, known: frozenset[str]) -> Wanted:
    assert isinstance(given.value, Mapping)
    inner: Wanted = given.value
    if not inner:
        raise Invalid("name what is to be amended", given.field)
    for name, one in inner.items():
        if name not in known:
            raise Invalid(f"cannot be amended of this {given.field}", one.field)
    return inner


def _limit(limit: Limit, terms: Terms, pair: Pair, wanted: Wanted) -> Limit:
    price = _price(wanted, "limitPrice", limit.price, terms, pair)
    if price is None:
        raise Invalid("is all that the order waits for: cancel it instead", wanted["limitPrice"].field)
    return Limit(price)


def _stopping(waiting: Waiting, pair: Pair, wanted: Wanted) -> Terms:
    terms = waiting.terms
    stop = terms.stop
    assert stop is not None
    price_type = wanted["triggerPriceType"].value if "triggerPriceType" in wanted else stop.price_type
    ticks = wanted["confirmTicks"].value if "confirmTicks" in wanted else stop.confirm_ticks
    assert isinstance(price_type, PriceType)
    assert isinstance(ticks, int)
    common = replace(stop, price_type=price_type, confirm_ticks=ticks)
    changed: Stop | Trail
    if isinstance(common, Stop):
        price = _price(wanted, "triggerPrice", common.price, terms, pair)
        if price is None:
            raise Invalid("is all that the order waits for: cancel it instead", wanted["triggerPrice"].field)
        changed = replace(common, price=price)
    else:
        changed = _trail(common, waiting, pair, wanted)
    stop_limit = _price(wanted, "limitPrice", terms.stop_limit, terms, pair)
    return replace(terms, stop=changed, stop_limit=stop_limit)


def _trail(trail: Trail, waiting: Waiting, pair: Pair, wanted: Wanted) -> Trail:
    bps = wanted["trailingBps"].value if "trailingBps" in wanted else trail.bps
    assert isinstance(bps, int)
    if "activationPrice" in wanted and waiting.is_active:
        raise Invalid("the trail follows the price already", wanted["activationPrice"].field)
    activation = _price(wanted, "activationPrice", trail.activation, waiting.terms, pair)
    return replace(trail, bps=bps, activation=activation)


def _price(wanted: Wanted, name: str, now: Price | None, terms: Terms, pair: Pair) -> Price | None:
    if name not in wanted:
        return now
    given = wanted[name]
    if given.value is None:
        return None
    return parse_price(given.value, pair, given.field, of_out=terms.of_out)
