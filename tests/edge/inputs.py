"""What a careless or hostile client may send: near-valid orders and frames, other shapes, plain noise."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dexec.domain.tokens import TOKENS

# What PostgreSQL's text refuses, what fools an eye, what other engines would run.
NASTY = ["\x00", "\u202e", "\U0001f980", "'; DROP TABLE orders; --", "${jndi:x}", "../../etc/passwd", "%s%n"]
HALF_A_CHARACTER = "\ud800"
"""A JSON text can say it, a URL cannot."""
NUMBERS = [0, -1, 1e308, 1e-320, 10**400, -0.0, 1.5, 2**63, "1e30", "1e-12", "NaN", "Infinity", "٣", "1_000"]

url_text = st.text(max_size=20) | st.sampled_from(NASTY)
short_text = url_text | st.just(HALF_A_CHARACTER)
scalars: SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.floats() | short_text | st.sampled_from(NUMBERS)
)
values: SearchStrategy[object] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(short_text, inner, max_size=3),
    max_leaves=3,
)

ORDER_FIELDS = (
    "tokenIn",
    "tokenOut",
    "inputToken",
    "outputToken",
    "baseAsset",
    "quoteAsset",
    "side",
    "amount",
    "slippage",
    "slippageBps",
    "mode",
    "orderType",
    "clientId",
)
GOOD_ORDER: Mapping[str, object] = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "0.01"}

tokens: SearchStrategy[object] = st.sampled_from([*TOKENS, "sol", "DOGE", TOKENS["USDC"].mint]) | short_text
plausible: Mapping[str, SearchStrategy[object]] = {
    **dict.fromkeys(ORDER_FIELDS[:6], tokens),
    "side": st.sampled_from(["buy", "sell", "hold"]),
    "amount": st.sampled_from(["0.5", 1, "0.000000001"]) | st.decimals().map(str) | st.floats(),
    "slippage": st.floats(-1, 101) | st.integers(-1, 101),
    "slippageBps": st.integers(-1, 10_001),
    "mode": st.sampled_from(["exactIn", "exactOut", "exact"]),
    "orderType": st.sampled_from(["market", "limit", "sniper"]),
    "clientId": short_text,
}


@st.composite
def orders(draw: st.DrawFn) -> dict[str, object]:
    """Return an order of which some fields are not what they should be."""
    order = dict(GOOD_ORDER)
    for name in draw(st.lists(st.sampled_from(ORDER_FIELDS), max_size=4)):
        order[name] = draw(plausible[name] | values)
    if draw(st.integers(0, 9)) == 0:
        order.pop(draw(st.sampled_from(sorted(order))))
    return order


def order_ids(known: list[str]) -> SearchStrategy[str]:
    """Return ids of orders that exist, or nearly do."""
    known_ids = st.sampled_from(known)
    return known_ids | known_ids.map(str.upper) | known_ids.map(lambda one: f"{one[:-1]}0") | url_text


def documents(sensible: SearchStrategy[dict[str, object]]) -> SearchStrategy[str]:
    """Return JSON texts of something sensible, of anything else, and texts that are no JSON."""
    as_json = (sensible | values).map(json.dumps)
    broken = as_json.map(lambda text: text[:-1]) | st.sampled_from(["[" * 5000, "{}", "null"])
    return as_json | broken | short_text


def frames(known: list[str]) -> SearchStrategy[str]:
    """Return WebSocket frames of every type."""
    framed: SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
        {"action": st.sampled_from(["execute", "subscribe", "unsubscribe", "ping", "quit"]) | values},
        optional={
            "order": orders() | values,
            "orderId": order_ids(known) | values,
            "afterSeq": st.integers(-1, 10) | values,
            "id": values,
            "idempotencyKey": st.sampled_from(["the-owners-idempotency-key", "k"]) | values,
        },
    )
    return documents(framed | orders())
