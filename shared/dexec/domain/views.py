"""A request in plain decimals: what the first event of an order keeps of it."""

from __future__ import annotations

from dexec.domain.amounts import format_amount
from dexec.domain.quote import RouteRequest
from dexec.domain.tokens import TOKENS


def amount_of(base_units: int, symbol: str) -> str:
    """Return ``base_units`` of a token as a decimal in whole tokens."""
    return format_amount(base_units, TOKENS[symbol].decimals)


def request_view(request: RouteRequest) -> dict[str, object]:
    """Return what the client asked for; ``amount`` counts the token that its mode fixes."""
    return {
        "mode": request.mode.value,
        "tokenIn": request.token_in,
        "tokenOut": request.token_out,
        "amount": amount_of(request.amount, request.exact_token),
        "slippageBps": request.slippage_bps,
    }
