"""Views of prices and tokens for clients."""

from __future__ import annotations

from collections.abc import Sequence

from dexec.api import answers
from dexec.api.routes import route_details
from dexec.api.times import iso
from dexec.domain.errors import Invalid
from dexec.domain.quote import Pair, Route, RouteRequest
from dexec.domain.routing import record_route
from dexec.domain.tokens import TOKENS, find_token, format_units
from dexec.domain.waiting.prices import Unit
from dexec.domain.waiting.sights import Sight


def quotes(request: RouteRequest, route: Route) -> answers.Quotes:
    """Return every venue's quote for ``request``, and the route that an order would take."""
    details = route_details(record_route(route))
    return {
        "tokenIn": request.token_in,
        "tokenOut": request.token_out,
        "mode": request.mode,
        "amount": format_units(request.amount, request.exact_token),
        "quotes": details["quotes"],
        "route": details,
    }


def pair_of(token_in: str, token_out: str) -> Pair:
    """Return a pair of tokens, named as in an order; raise ``Invalid``."""
    first, second = find_token(token_in, "tokenIn"), find_token(token_out, "tokenOut")
    if first is second:
        raise Invalid(f"must differ from tokenIn: both are {first.symbol}", "tokenOut")
    return Pair(first.symbol, second.symbol)


def prices(pair: Pair, sights: Sequence[Sight]) -> answers.Prices:
    """Return what was seen of a pair's market, in tokenOut per tokenIn."""
    unit = Unit(pair)
    return {
        "tokenIn": pair.token_in,
        "tokenOut": pair.token_out,
        "priceUnit": unit.name,
        "points": [
            {
                "slot": sight.slot,
                "at": iso(sight.at),
                "price": unit.show(sight.reference),
                "mid": unit.show(sight.mid),
            }
            for sight in sights
        ],
    }


def tokens() -> answers.Tokens:
    """Return every token that can be swapped."""
    return {
        "tokens": [
            {"symbol": token.symbol, "name": token.name, "mint": token.mint, "decimals": token.decimals}
            for token in TOKENS.values()
        ]
    }
