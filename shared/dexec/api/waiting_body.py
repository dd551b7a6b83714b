"""What an order waits for, as clients write it: fields by type, read into terms.

Which fields go with which type is a table here; ``OrderBody`` has them all, so that a refusal can say which
field is at fault and where it belongs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from dexec.api.fields import (
    ActivationPrice,
    ConfirmTicks,
    LimitPrice,
    StopPrice,
    Strict,
    TargetPrice,
    TrailingBps,
    TriggerPrice,
)
from dexec.domain.errors import Invalid
from dexec.domain.waiting.conditions import Limit, PriceType, Stop, Trail
from dexec.domain.waiting.prices import Price, Unit, parse_price
from dexec.domain.waiting.terms import OrderType, Terms, TimeInForce

CONFIRM_TICKS = 2
"""Of a stop that does not say it."""

STOPPING = frozenset({"triggerPriceType", "confirmTicks", "limitPrice"})

APPLIES: dict[OrderType, frozenset[str]] = {
    OrderType.MARKET: frozenset(),
    OrderType.LIMIT: frozenset({"limitPrice", "targetPrice", "timeInForce"}),
    OrderType.STOP: STOPPING | {"triggerPrice", "stopPrice", "timeInForce"},
    OrderType.TRAILING_STOP: STOPPING | {"trailingBps", "activationPrice", "timeInForce"},
    OrderType.OCO: frozenset(),
}
"""Fields of one condition, by the types that have them. takeProfit and stopLoss go with every type."""


class StopFields(Strict):
    """A stop: at a price, or trailing the market. A ``limitPrice`` bounds what it trades at."""

    limit_price: LimitPrice = None
    trigger_price: TriggerPrice = None
    stop_price: StopPrice = None
    trigger_price_type: Annotated[
        PriceType | None,
        Field(
            description="the price that a stop looks at: `reference`, what a small amount gets "
            "(the default), or `mid`, between that and what it asks"
        ),
    ] = None
    confirm_ticks: ConfirmTicks | None = None
    trailing_bps: TrailingBps | None = None
    activation_price: ActivationPrice = None


class StopLossFields(StopFields):
    """Where to stop: ``triggerPrice``, or ``trailingBps``; with ``limitPrice`` not below that price."""


class TakeProfitFields(Strict):
    """Where to take the profit: at ``limitPrice`` or better."""

    limit_price: LimitPrice = None
    target_price: TargetPrice = None


class WaitingFields(StopFields):
    """The fields of all types of orders but market."""

    target_price: TargetPrice = None
    take_profit: TakeProfitFields | None = None
    stop_loss: StopLossFields | None = None
    time_in_force: Annotated[
        TimeInForce | None,
        Field(
            description="`gtc` (the default): it waits again whenever it is due and does not fill; `ioc`: it "
            "is tried once"
        ),
    ] = None


def check_fields(fields: WaitingFields, order_type: OrderType) -> None:
    """Raise ``Invalid`` for a field that does not go with the order's type."""
    singles = set[str]().union(*APPLIES.values())
    for name, field in type(fields).model_fields.items():
        alias = str(field.alias)
        given = alias in singles and getattr(fields, name) is not None
        if given and alias not in APPLIES[order_type]:
            raise Invalid(_misplaced(alias, order_type), alias)


def _misplaced(field: str, order_type: OrderType) -> str:
    if order_type is OrderType.OCO:
        if field == "timeInForce":
            return "does not apply to an oco order: it waits until it fills, is cancelled or expires"
        holder = "takeProfit" if field == "targetPrice" else "stopLoss"
        holder = "takeProfit or stopLoss" if field == "limitPrice" else holder
        return f"belongs inside {holder} of an oco order"
    *others, last = (kind.value for kind in OrderType if field in APPLIES[kind])
    kinds = f"{', '.join(others)} and {last} orders" if others else f"{last} orders"
    advice = ": set orderType" if order_type is OrderType.MARKET else ""
    return f"does not apply to a {order_type} order, only to {kinds}{advice}"


def read_terms(fields: WaitingFields, order_type: OrderType, unit: Unit) -> Terms:
    """Return what an order of a type that waits is to wait for; raise ``Invalid`` naming the field."""
    time_in_force = fields.time_in_force or TimeInForce.GTC
    if order_type is OrderType.OCO:
        return read_exits(fields.take_profit, fields.stop_loss, unit, needs_both=True)
    if order_type is OrderType.LIMIT:
        limit = read_limit(fields.limit_price, fields.target_price, unit)
        return Terms(limit, time_in_force=time_in_force, of_out=unit.of_out)
    if order_type is OrderType.TRAILING_STOP and fields.trailing_bps is None:
        raise Invalid("is missing: how far it trails the market, in bps; 200 is 2 %", "trailingBps")
    stop_limit = _maybe(fields.limit_price, unit, "limitPrice")
    return Terms(None, read_stop(fields, unit), stop_limit, time_in_force, unit.of_out)


def read_exits(
    take_profit: TakeProfitFields | None,
    stop_loss: StopLossFields | None,
    unit: Unit,
    *,
    needs_both: bool = False,
) -> Terms:
    """Return the terms of an order that takes a profit, stops a loss, or whichever comes first."""
    for name, part in (("takeProfit", take_profit), ("stopLoss", stop_loss)):
        if needs_both and part is None:
            raise Invalid("is missing: an oco order has takeProfit and stopLoss", name)
    limit, stop, stop_limit = None, None, None
    if take_profit is not None:
        limit = read_limit(take_profit.limit_price, take_profit.target_price, unit, "takeProfit.")
    if stop_loss is not None:
        stop = read_stop(stop_loss, unit, "stopLoss.")
        stop_limit = _maybe(stop_loss.limit_price, unit, "stopLoss.limitPrice")
    return Terms(limit, stop, stop_limit, of_out=unit.of_out)


def read_limit(limit_price: object, target_price: object, unit: Unit, place: str = "") -> Limit:
    """Return a limit; ``place`` stands before the names of its fields."""
    given = {"limitPrice": limit_price, "targetPrice": target_price}
    name, value = _one_of(given, place, "is missing: the price at which it is to trade, or better")
    return Limit(_price(value, unit, name))


def read_stop(fields: StopFields, unit: Unit, place: str = "") -> Stop | Trail:
    """Return a stop, or one that trails the market."""
    price_type = fields.trigger_price_type or PriceType.REFERENCE
    confirm_ticks = CONFIRM_TICKS if fields.confirm_ticks is None else fields.confirm_ticks
    given = {"triggerPrice": fields.trigger_price, "stopPrice": fields.stop_price}
    if fields.trailing_bps is not None:
        for name, value in given.items():
            if value is not None:
                why = "cannot be combined with trailingBps: a stop is at a price, or it trails the market"
                raise Invalid(why, place + name)
        activation = _maybe(fields.activation_price, unit, f"{place}activationPrice")
        return Trail(fields.trailing_bps, activation, price_type, confirm_ticks)
    if fields.activation_price is not None:
        raise Invalid("applies to a stop that trails only: give trailingBps", f"{place}activationPrice")
    or_trailing = ", or trailingBps" if place else ""
    name, value = _one_of(given, place, f"is missing: the price at which it is to stop{or_trailing}")
    return Stop(_price(value, unit, name), price_type, confirm_ticks)


def read_expiry(text: str | None) -> datetime | None:
    """Return a time of day in UTC, to the millisecond; raise ``Invalid`` where it is none."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise Invalid("must have its offset from UTC, such as 2030-01-31T12:00:00Z", "expiresAt")
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise Invalid("must be a time in ISO 8601, such as 2030-01-31T12:00:00Z", "expiresAt") from exc
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _one_of(given: Mapping[str, object], place: str, missing: str) -> tuple[str, object]:
    """Return the name and value of the one spelling that is given; the first is the main name."""
    main, *_ = given
    found = [(f"{place}{name}", value) for name, value in given.items() if value is not None]
    if not found:
        raise Invalid(missing, f"{place}{main}")
    if len(found) > 1:
        raise Invalid(f"is another name of {main}: give the price once", found[1][0])
    return found[0]


def _maybe(value: object, unit: Unit, field: str) -> Price | None:
    return None if value is None else _price(value, unit, field)


def _price(value: object, unit: Unit, field: str) -> Price:
    return parse_price(value, unit.pair, field, of_out=unit.of_out)
