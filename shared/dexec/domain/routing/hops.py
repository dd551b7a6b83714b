"""Routing, the token graph: the direct pair, and two hops through a hub token that others are traded in."""

from __future__ import annotations

from dexec.domain.quote import Pair

HUBS = ("USDC", "USDT", "SOL")


def via_tokens(token_in: str, token_out: str) -> tuple[str, ...]:
    """Return the tokens that two hops may go through; no token occurs twice on a path."""
    return tuple(hub for hub in HUBS if hub not in (token_in, token_out))


def pairs_for(token_in: str, token_out: str) -> tuple[Pair, ...]:
    """Return every pair whose pools a route may use: what the venues have to be asked for."""
    hops = [(Pair(token_in, via), Pair(via, token_out)) for via in via_tokens(token_in, token_out)]
    return (Pair(token_in, token_out), *(pair for path in hops for pair in path))
