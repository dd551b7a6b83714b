"""Prices, tokens and balances as clients are sent them."""

from __future__ import annotations

from collections.abc import Mapping

from dexec.api import answers
from dexec.domain.quote import Route, RouteRequest
from dexec.domain.routing import route_details
from dexec.domain.tokens import TOKENS
from dexec.domain.views import amount_of


def quotes(request: RouteRequest, route: Route) -> answers.Quotes:
    """Return every venue's quote for ``request``, and the route that an order would take."""
    details = route_details(route)
    return {
        "tokenIn": request.token_in,
        "tokenOut": request.token_out,
        "mode": request.mode,
        "amount": amount_of(request.amount, request.exact_token),
        "quotes": details["quotes"],
        "route": details,
    }


def balances(held: Mapping[str, int]) -> answers.Balances:
    """Return a wallet's content, in base units by symbol, as clients are sent it."""
    return {
        "balances": [
            {"symbol": symbol, "mint": TOKENS[symbol].mint, "amount": amount_of(amount, symbol)}
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
