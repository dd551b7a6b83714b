"""The types of orders as the documents have them: which fields each has, and those it cannot do without.

The order body's model reads all fields of all types, so that it can say which one does not belong; a
generated client wants to know which go together. Other names of prices (``targetPrice``, ``stopPrice``) are
read and are not in the schemas: a price has one name there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from infra.json_types import Json, Node

REFERENCE = "#/components/schemas/"
TAKE_PROFIT, STOP_AT_PRICE, TRAILING_STOP = "TakeProfitAt", "StopLossAt", "TrailingStopLoss"


@dataclass(frozen=True)
class Type:
    """A type; ``name`` stands before the spelling's in the name of a schema."""

    order_type: str
    name: str
    about: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    example: Node


_STOPPING = ("triggerPriceType", "confirmTicks", "limitPrice", "timeInForce")
_EXITS = ("takeProfit", "stopLoss")

TYPES = (
    Type("market", "", "", (), _EXITS, {}),
    Type(
        "limit",
        "Limit",
        "Waits until the whole amount trades at `limitPrice` (or `targetPrice`) or better.",
        ("limitPrice",),
        ("timeInForce", *_EXITS),
        {"orderType": "limit", "limitPrice": "160"},
    ),
    Type(
        "stop",
        "Stop",
        "Waits until the market is at `triggerPrice` (or `stopPrice`) or worse, then trades at the market, "
        "not below `limitPrice` where that is given.",
        ("triggerPrice",),
        (*_STOPPING, *_EXITS),
        {"orderType": "stop", "triggerPrice": "140"},
    ),
    Type(
        "trailingStop",
        "TrailingStop",
        "A stop that follows the best price, `trailingBps` below it.",
        ("trailingBps",),
        ("activationPrice", *_STOPPING, *_EXITS),
        {"orderType": "trailingStop", "trailingBps": 200},
    ),
    Type(
        "oco",
        "Oco",
        "Takes the profit or stops the loss, whichever comes first: one order, so both cannot fill.",
        _EXITS,
        (),
        {"orderType": "oco", "takeProfit": {"limitPrice": "170"}, "stopLoss": {"triggerPrice": "140"}},
    ),
)

FIELDS = frozenset(name for one in TYPES for name in (*one.required, *one.optional, "orderType"))
ALIASES = frozenset({"targetPrice", "stopPrice"})


def part_schemas(body: Node) -> Node:
    """Return the schemas of what a take-profit and a stop-loss consist of; ``body`` is the model's."""
    stopping = ("triggerPriceType", "confirmTicks", "limitPrice")
    return {
        TAKE_PROFIT: _part(body, "Where the profit is taken.", ("limitPrice",), ()),
        STOP_AT_PRICE: _part(body, "Where a loss is stopped.", ("triggerPrice",), stopping),
        TRAILING_STOP: _part(
            body, "A stop that follows the best price.", ("trailingBps",), ("activationPrice", *stopping)
        ),
    }


def fields_of(one: Type, body: Node) -> Node:
    """Return the properties that a type adds to a swap."""
    parts: Node = {
        "orderType": {"type": "string", "const": one.order_type},
        "takeProfit": {"$ref": f"{REFERENCE}{TAKE_PROFIT}", "description": _about_exit(one)},
        "stopLoss": {
            "oneOf": [{"$ref": f"{REFERENCE}{name}"} for name in (STOP_AT_PRICE, TRAILING_STOP)],
            "description": _about_exit(one),
        },
    }
    names = ("orderType", *one.required, *one.optional)
    return {name: parts[name] if name in parts else _property(name, body) for name in names}


def required_of(one: Type) -> list[Json]:
    """Return the fields that a type cannot do without."""
    return [] if one.order_type == "market" else ["orderType", *one.required]


def _about_exit(one: Type) -> str:
    if one.order_type == "oco":
        return "one of the two conditions"
    return "of a bracket: its exit, over what this order buys, waits from when this is filled on"


def _part(body: Node, about: str, required: tuple[str, ...], optional: tuple[str, ...]) -> Node:
    return {
        "type": "object",
        "description": about,
        "properties": {name: _property(name, body) for name in (*required, *optional)},
        "required": list(required),
        "additionalProperties": False,
    }


def _property(name: str, body: Node) -> Json:
    return given(cast("dict[str, Node]", body["properties"])[name])


def given(about: Node) -> Node:
    """Return the schema of a property where null is no value of it, and it has no default."""
    choices = [one for one in cast("list[Json]", about.get("anyOf", [])) if one != {"type": "null"}]
    rest: Node = {name: value for name, value in about.items() if name not in ("anyOf", "default")}
    if len(choices) == 1:
        return rest | cast(Node, choices[0])
    return rest | ({"anyOf": choices} if choices else {})
