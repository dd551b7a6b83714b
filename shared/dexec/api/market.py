"""Views of prices, tokens and balances for clients."""

from __future__ import annotations

from collections.abc import Mapping

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


def balances(held: Mapping[str, int]) -> answers.Balances:
    """Return a wallet's content, in base units by symbol, as clients are sent it."""
    return {
        "balances": [
            {"symbol": symbol, "mint": TOKENS[symbol].mint, "amount": format_units(amount, symbol)}
            for symbol, amount in held.items()
        ]
    }


def tokens() -> answers.Tokens:
    """Return every token that can be swapped."""
    return {
        "tokens": [
            {"symbol": token.symbol, "name": token.name, "mint": token.mint, "decimals": token.decimals}
            for token in TOKENS.values()
        ]
    }
