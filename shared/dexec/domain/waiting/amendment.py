"""What a client may want instead of a waiting order: other prices, another trail, expiry or amount."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar, cast

from dexec.domain.amounts import parse_amount
from dexec.domain.errors import Invalid
from dexec.domain.order import Order
from dexec.domain.quote import Pair, RouteRequest
from dexec.domain.tokens import decimals_of
from dexec.domain.waiting.conditions import Limit, Trail
from dexec.domain.waiting.prices import Price, parse_price
from dexec.domain.waiting.terms import OrderType, Terms, Waiting

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Given:
    """A field that a client gave, by the name under which it did; the value None drops what the field is."""

    field: str
    value: object


Wanted = Mapping[str, Given]
"""Fields by their main names; the value of ``takeProfit`` and ``stopLoss`` a ``Wanted`` itself, or None."""

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
            article = "an" if kind is OrderType.OCO else "a"
            raise Invalid(f"cannot be amended of {article} {kind} order, {_only(known)}", given.field)
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
    expires_at = cast(datetime, given.value)
    if expires_at <= now:
        raise Invalid("has passed already", given.field)
    return expires_at


def _terms(waiting: Waiting, pair: Pair, wanted: Wanted) -> Terms:
    terms = waiting.terms
    if terms.limit is None:
        return _stopping(waiting, pair, wanted)
    if terms.stop is None:
        return replace(terms, limit=_limit(terms.limit, terms, pair, wanted))
    return _oco(waiting, terms.limit, pair, wanted)


def _oco(waiting: Waiting, limit: Limit, pair: Pair, wanted: Wanted) -> Terms:
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
    return replace(terms, limit=_limit(limit, terms, pair, _inner(profit, OF_TYPE[OrderType.LIMIT])))


def _inner(given: Given, known: frozenset[str]) -> Wanted:
    inner = cast(Wanted, given.value)
    if not inner:
        raise Invalid("name what is to be amended", given.field)
    for name, one in inner.items():
        if name not in known:
            raise Invalid(f"cannot be amended of this {given.field}, {_only(known)}", one.field)
    return inner


def _only(known: frozenset[str]) -> str:
    return f"only {', '.join(sorted(known))}"


def _limit(limit: Limit, terms: Terms, pair: Pair, wanted: Wanted) -> Limit:
    price = _price(wanted, "limitPrice", limit.price, terms, pair)
    if price is None:
        raise Invalid("is all that the order waits for: cancel it instead", wanted["limitPrice"].field)
    return Limit(price)


def _stopping(waiting: Waiting, pair: Pair, wanted: Wanted) -> Terms:
    terms = waiting.terms
    stop = terms.stop
    if isinstance(stop, Trail):
        stop = _trail(stop, waiting, pair, wanted)
    elif stop is not None:
        price = _price(wanted, "triggerPrice", stop.price, terms, pair)
        if price is None:
            raise Invalid("is all that the order waits for: cancel it instead", wanted["triggerPrice"].field)
        stop = replace(stop, price=price)
    if stop is not None:
        price_type = _value(wanted, "triggerPriceType", stop.price_type)
        confirm_ticks = _value(wanted, "confirmTicks", stop.confirm_ticks)
        stop = replace(stop, price_type=price_type, confirm_ticks=confirm_ticks)
    return replace(terms, stop=stop, stop_limit=_price(wanted, "limitPrice", terms.stop_limit, terms, pair))


def _trail(trail: Trail, waiting: Waiting, pair: Pair, wanted: Wanted) -> Trail:
    if "activationPrice" in wanted and waiting.is_active:
        raise Invalid("the trail follows the price already", wanted["activationPrice"].field)
    activation = _price(wanted, "activationPrice", trail.activation, waiting.terms, pair)
    return replace(trail, bps=_value(wanted, "trailingBps", trail.bps), activation=activation)


def _value(wanted: Wanted, name: str, now: T) -> T:
    return cast(T, wanted[name].value) if name in wanted else now


def _price(wanted: Wanted, name: str, now: Price | None, terms: Terms, pair: Pair) -> Price | None:
    if name not in wanted:
        return now
    given = wanted[name]
    if given.value is None:
        return None
    return parse_price(given.value, pair, given.field, of_out=terms.of_out)
