"""The order body as the documents have it: one schema for each of the spellings that ``OrderBody`` reads.

The model reads them all at once, so that it can say which field is at fault; a generated client wants to know
which fields belong together. Tests hold the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from infra.json_types import Json, Node

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

EXAMPLES: Node = {
    one.name: {"summary": one.about.partition(".")[0].replace("`", ""), "value": one.example}
    for one in SPELLINGS
}
"""The examples of a request body, by the spelling they are in."""


def spelled(schemas: Node) -> Node:
    """Return ``schemas`` with ``OrderBody`` as a choice between the spellings, which join them."""
    body = cast(Node, schemas[BODY])
    reference = "#/components/schemas/"
    choices: list[Json] = [{"$ref": f"{reference}{one.name}"} for one in SPELLINGS]
    return schemas | {
        BODY: {"oneOf": choices, "description": body["description"]},
        **{one.name: _schema(one, body) for one in SPELLINGS},
    }


def _schema(spelling: Spelling, body: Node) -> Node:
    properties = cast("dict[str, Node]", body["properties"])
    others = {name for one in SPELLINGS if one is not spelling for name in one.required}
    kept: Node = {
        name: _given(about) if name in spelling.required else _optional(about)
        for name, about in properties.items()
        if name not in others | spelling.without
    }
    return {
        "type": "object",
        "description": spelling.about,
        "properties": kept,
        "required": [*spelling.required, *cast("list[Json]", body["required"])],
        "additionalProperties": False,
        "examples": [spelling.example],
    }


def _optional(about: Node) -> Node:
    """Return the schema of a property that may be left out: a default makes some generators require it."""
    return {name: value for name, value in about.items() if name != "default"}


def _given(about: Node) -> Node:
    """Return the schema of a property that this spelling cannot do without: null is no value of it."""
    choices = [one for one in cast("list[Json]", about.get("anyOf", [])) if one != {"type": "null"}]
    rest: Node = {name: value for name, value in about.items() if name not in ("anyOf", "default")}
    return rest | (cast(Node, choices[0]) if len(choices) == 1 else {})
