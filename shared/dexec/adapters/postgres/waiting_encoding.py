"""Encoding of what orders wait for as JSON objects, and decoding; prices stay as their clients wrote them."""

from __future__ import annotations

import json
from datetime import datetime
from fractions import Fraction

from dexec.adapters.postgres.json_text import Fields, dump
from dexec.domain.order import Activated, Triggered
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Kind, Limit, PriceType, Stop, Trail
from dexec.domain.waiting.prices import Price, Unit
from dexec.domain.waiting.terms import Terms, TimeInForce, Waiting


def encode_terms(terms: Terms) -> Fields:
    """Return terms as an object; what they lack is left out."""
    fields: Fields = {"timeInForce": terms.time_in_force.value}
    if terms.limit is not None:
        fields["limit"] = _price(terms.limit.price)
    if terms.stop is not None:
        fields["stop"] = _stop(terms.stop)
    if terms.stop_limit is not None:
        fields["stopLimit"] = _price(terms.stop_limit)
    if terms.of_out:
        fields["ofOut"] = True
    return fields


def decode_terms(fields: Fields, pair: Pair) -> Terms:
    """Read what ``encode_terms`` wrote of an order of this pair."""
    limit, stop, stop_limit = (fields.get(name) for name in ("limit", "stop", "stopLimit"))
    return Terms(
        None if limit is None else Limit(_load_price(limit, pair)),
        None if stop is None else _load_stop(stop, pair),
        None if stop_limit is None else _load_price(stop_limit, pair),
        TimeInForce(fields["timeInForce"]),
        fields.get("ofOut", False),
    )


def dump_waiting(waiting: Waiting | None) -> str | None:
    """Return what waits as the ``waiting`` column keeps it; ``since`` has a column of its own."""
    if waiting is None:
        return None
    rested_at = waiting.rested_at and waiting.rested_at.isoformat()
    fields = {
        "terms": encode_terms(waiting.terms),
        "fired": waiting.fired,
        "firstAttempt": waiting.first_attempt,
        "rests": waiting.rests,
        "restedAt": rested_at,
        "active": waiting.is_active,
    }
    return dump(fields)


def load_waiting(text: str | None, since: int | None, pair: Pair) -> Waiting | None:
    """Read what ``dump_waiting`` wrote of an order of this pair."""
    if text is None:
        return None
    fields = json.loads(text)
    return Waiting(
        decode_terms(fields["terms"], pair),
        None if fields["fired"] is None else Kind(fields["fired"]),
        fields["firstAttempt"],
        fields["rests"],
        None if fields["restedAt"] is None else datetime.fromisoformat(fields["restedAt"]),
        since,
        fields["active"],
    )


def encode_trigger(why: Triggered) -> Fields:
    """Return why an order was triggered as an object; prices are exact fractions."""
    fields: Fields = {"by": why.by.value, "priceType": why.price_type.value}
    if why.price is not None:
        fields |= {"price": str(why.price), "threshold": str(why.threshold), "slot": why.slot}
    return fields | _unit(why.unit)


def decode_trigger(fields: Fields) -> Triggered:
    """Read what ``encode_trigger`` wrote."""
    price, threshold = (fields.get(name) for name in ("price", "threshold"))
    return Triggered(
        Kind(fields["by"]),
        None if price is None else Fraction(price),
        None if threshold is None else Fraction(threshold),
        PriceType(fields["priceType"]),
        fields.get("slot"),
        _load_unit(fields),
    )


def encode_activation(why: Activated) -> Fields:
    """Return from which price on a trail follows the market, as an object."""
    return {"price": str(why.price), "slot": why.slot, **_unit(why.unit)}


def decode_activation(fields: Fields) -> Activated:
    """Read what ``encode_activation`` wrote."""
    return Activated(Fraction(fields["price"]), fields["slot"], _load_unit(fields))


def _unit(unit: Unit | None) -> Fields:
    if unit is None:
        return {}
    return {"tokenIn": unit.pair.token_in, "tokenOut": unit.pair.token_out, "ofOut": unit.of_out}


def _load_unit(fields: Fields) -> Unit | None:
    if "tokenIn" not in fields:
        return None
    return Unit(Pair(fields["tokenIn"], fields["tokenOut"]), fields["ofOut"])


def _price(price: Price) -> Fields:
    return {"price": price.text, "ofOut": price.of_out}


def _load_price(fields: Fields, pair: Pair) -> Price:
    return Price(fields["price"], pair, fields["ofOut"])


def _stop(stop: Stop | Trail) -> Fields:
    fields: Fields = {"priceType": stop.price_type.value, "confirmTicks": stop.confirm_ticks}
    if isinstance(stop, Stop):
        return {**fields, **_price(stop.price)}
    if stop.activation is not None:
        fields["activation"] = _price(stop.activation)
    return {**fields, "trailingBps": stop.bps}


def _load_stop(fields: Fields, pair: Pair) -> Stop | Trail:
    price_type, confirm_ticks = PriceType(fields["priceType"]), fields["confirmTicks"]
    if "trailingBps" not in fields:
        return Stop(_load_price(fields, pair), price_type, confirm_ticks)
    activation = fields.get("activation")
    price = None if activation is None else _load_price(activation, pair)
    return Trail(fields["trailingBps"], price, price_type, confirm_ticks)
