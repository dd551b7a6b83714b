"""Views of prices and tokens for clients."""

from __future__ import annotations

from dexec.api import answers
from dexec.api.routes import route_details
from dexec.domain.quote import Route, RouteRequest
from dexec.domain.routing import record_route
from dexec.domain.tokens import TOKENS, format_units


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


def tokens() -> answers.Tokens:
    """Return every token that can be swapped."""
    return {
        "tokens": [
            {"symbol": token.symbol, "name": token.name, "mint": token.mint, "decimals": token.decimals}
            for token in TOKENS.values()
        ]
    }
