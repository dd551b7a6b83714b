"""The tokens that can be swapped: one table."""

from __future__ import annotations

from dataclasses import dataclass

from dexec.domain.amounts import format_amount, parse_amount
from dexec.domain.errors import Invalid


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the cluster; one whole token is 10 to the power of ``decimals`` base units."""

    symbol: str
    name: str
    mint: str
    decimals: int


_TABLE = (
    Token("SOL", "Solana", "So11111111111111111111111111111111111111112", 9),
    Token("USDC", "USD Coin", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", 6),
    Token("USDT", "Tether USD", "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB", 6),
    Token("RAY", "Raydium", "4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R", 6),
    Token("JUP", "Jupiter", "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN", 6),
    Token("BONK", "Bonk", "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", 5),
)

NATIVE = "SOL"
"""The token that transactions are paid with, in lamports."""

TOKENS: dict[str, Token] = {token.symbol: token for token in _TABLE}
_BY_MINT: dict[str, Token] = {token.mint: token for token in _TABLE}


def find_token(name: str, field: str = "token") -> Token:
    """Return the token with this symbol (any case) or mint.

    Raises ``Invalid`` naming ``field`` when there is none.
    """
    token = TOKENS.get(name.upper()) or _BY_MINT.get(name)
    if token is None:
        known = ", ".join(TOKENS)
        raise Invalid(f"unknown token {name[:60]!r}; known tokens: {known}", field)
    return token


def format_units(amount: int, symbol: str) -> str:
    """Return base units as a plain decimal; of a token that is not in the table, the base units."""
    return format_amount(amount, decimals_of(symbol))


def parse_token_amounts(text: str) -> dict[str, int]:
    """Read an amount of each token, as in ``SOL=0.1,USDC=10``: base units by symbol.

    Raises ``ValueError`` for anything else, and when a token of the table is missing or named twice.
    """
    amounts: dict[str, int] = {}
    for part in text.split(","):
        name, _, amount = part.partition("=")
        try:
            token = find_token(name.strip())
            if token.symbol in amounts:
                raise ValueError(f"{token.symbol} is named twice")
            amounts[token.symbol] = parse_amount(amount.strip(), token.decimals)
        except Invalid as exc:
            raise ValueError(f"{part.strip()!r} is no amount of a token, such as SOL=0.1: {exc}") from exc
    if missing := TOKENS.keys() - amounts.keys():
        raise ValueError(f"no amount of {', '.join(sorted(missing))}")
    return amounts


def decimals_of(symbol: str) -> int:
    """Return the token's decimals; 0 for one that is not in the table."""
    token = TOKENS.get(symbol)
    return token.decimals if token else 0
