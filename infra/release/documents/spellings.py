"""The order body as the documents have it: one schema for each type and spelling that ``OrderBody`` reads.

The model reads them all at once, so that it can say which field is at fault; a generated client wants to know
which fields belong together. Tests hold the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from infra.json_types import Json, Node
from infra.release.documents.order_types import (
    ALIASES,
    FIELDS,
    REFERENCE,
    TYPES,
    Type,
    fields_of,
    given,
    part_schemas,
    required_of,
)

BODY = "OrderBody"


@dataclass(frozen=True)
class Spelling:
    """Names its tokens by the ``required`` fields; ``without`` are fields that it does not go with."""

    name: str
    about: str
    required: tuple[str, ...]
    example: Node
    without: frozenset[str] = frozenset()


SPELLINGS = (
    Spelling(
        "SwapOrder",
        "Sell `tokenIn` for `tokenOut`. `amount` counts tokenIn (`mode` exactIn, the default) or tokenOut "
        "(exactOut).",
        ("tokenIn", "tokenOut"),
        {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1.5", "slippageBps": 50},
    ),
    Spelling(
        "InputOutputOrder",
        "Sell `inputToken` for `outputToken`: a `SwapOrder` in other words.",
        ("inputToken", "outputToken"),
        {"inputToken": "SOL", "outputToken": "USDC", "amount": "1.5"},
    ),
    Spelling(
        "SideOrder",
        "Buy or sell `baseAsset` for `quoteAsset`. `amount` counts baseAsset: a buy is exactOut, a sell "
        "exactIn.",
        ("side", "baseAsset", "quoteAsset"),
        {"side": "buy", "baseAsset": "SOL", "quoteAsset": "USDC", "amount": "1.5", "maxAmountIn": "240"},
        without=frozenset({"mode"}),
    ),
)


def _name(kind: Type, spelling: Spelling) -> str:
    return f"{kind.name}{spelling.name}"


def _about(kind: Type, spelling: Spelling) -> str:
    return f"{spelling.about} {kind.about}".strip()


def _example(kind: Type, spelling: Spelling) -> Node:
    return {**spelling.example, **kind.example}


KINDS = tuple((kind, spelling) for kind in TYPES for spelling in SPELLINGS)

EXAMPLES: Node = {
    _name(kind, one): {
        "summary": _about(kind, one).partition(".")[0].replace("`", ""),
        "value": _example(kind, one),
    }
    for kind, one in KINDS
    if kind.order_type == "market" or one is SPELLINGS[0]
}
"""The examples of a request body: each spelling of a market order, and each type in the first."""


def spelled(schemas: Node) -> Node:
    """Return ``schemas`` with ``OrderBody`` as a choice between types and spellings, which join them."""
    body = cast(Node, schemas[BODY])
    choices: list[Json] = [{"$ref": f"{REFERENCE}{_name(kind, one)}"} for kind, one in KINDS]
    return {
        **schemas,
        BODY: {"oneOf": choices, "description": body["description"]},
        **part_schemas(body),
        **{_name(kind, one): _schema(kind, one, body) for kind, one in KINDS},
    }


def _schema(kind: Type, spelling: Spelling, body: Node) -> Node:
    properties = cast("dict[str, Node]", body["properties"])
    others = {name for one in SPELLINGS if one is not spelling for name in one.required}
    left_out = others | spelling.without | FIELDS | ALIASES
    swap: Node = {
        name: given(about) if name in spelling.required else _optional(about)
        for name, about in properties.items()
        if name not in left_out
    }
    return {
        "type": "object",
        "description": _about(kind, spelling),
        "properties": swap | fields_of(kind, body),
        "required": [*spelling.required, *cast("list[Json]", body["required"]), *required_of(kind)],
        "additionalProperties": False,
        "examples": [_example(kind, spelling)],
    }


def _optional(about: Node) -> Node:
    """Return the schema of a property that may be left out: a default makes some generators require it."""
    return {name: value for name, value in about.items() if name != "default"}
