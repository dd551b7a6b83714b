"""What ``dexec order`` shows and asks before it places an order: the quote, its impact, its limit."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, cast

import typer

from infra.cli import output
from infra.cli.percent import impact_words, in_bps

if TYPE_CHECKING:
    from dexec_client.raw.json_types import Document
    from infra.cli.target import Target

WARNS_OVER = Decimal(1)
ASKS_OVER = Decimal(5)
"""Percent of the mid price that the order's own size may cost before it is warned of, and asked about."""


def slippage_bps(percent: str | None) -> int | None:
    """Return a percentage in basis points; None for none."""
    if percent is None:
        return None
    bps = in_bps(percent)
    if bps is None or not 0 <= bps <= 10_000:
        raise typer.BadParameter(f"--slippage takes 0 to 100 with at most two decimals, not {percent!r}")
    return bps


async def previewed(target: Target, wanted: Document, bps: int | None) -> Document:
    """Return the route that an order would take now. Raises ``SdkError``."""
    from dexec_client.raw.api import Api

    token_in, token_out, amount = (str(wanted[name]) for name in ("tokenIn", "tokenOut", "amount"))
    mode = str(wanted.get("mode", "exactIn"))
    async with Api(target.http_url, target.api_key, repeat_reads=True) as api:
        quotes = await api.quotes(token_in, token_out, amount, mode, bps)
    return cast("Document", quotes["route"])


def impact_percent(route: Document) -> Decimal:
    """Return what the order's own size costs, in percent of what it would trade for at the mid prices."""
    costs = cast("Document", route["costs"])
    reference = Decimal(str(costs["reference"]))
    return Decimal(str(costs["impact"])) / reference * 100 if reference else Decimal(0)


def limit_of(route: Document) -> Document:
    """Return the previewed limit as an order's field; nothing where the slippage leaves none."""
    name = "minAmountOut" if route["mode"] == "exactIn" else "maxAmountIn"
    return {name: route[name]} if Decimal(str(route[name])) > 0 else {}


def check(route: Document, bps: int | None, limit: Document, *, yes: bool) -> None:
    """Show the quote and what to mind about it; exits where it has to be asked about and is not agreed to."""
    impact = impact_percent(route)
    words = {"minAmountOut": ("at least", route["tokenOut"]), "maxAmountIn": ("at most", route["tokenIn"])}
    bounds = [f"{words[name][0]} {value} {words[name][1]}" for name, value in limit.items()]
    binds = bounds[0] if bounds else "no limit but the slippage's, from the quote at signing"
    output.note(
        f"quote: {route['amountIn']} {route['tokenIn']} → {route['amountOut']} {route['tokenOut']}, "
        f"price impact {impact_words(impact)}; {binds}"
    )
    if _is_beyond(route, limit):
        output.note(
            "warning: the quote is worse than that limit: the order fails unless the price gets better"
        )
    if bps is not None and bps >= 10_000:
        output.note("warning: a slippage of 100 % accepts any price; give --min-out, or less slippage")
    if impact > ASKS_OVER:
        _agree(
            f"the price impact is {impact_words(impact)}: its own size worsens its price by that much",
            yes=yes,
        )
    elif impact > WARNS_OVER:
        output.note(f"warning: the price impact is {impact_words(impact)}; smaller orders get a better price")


def _is_beyond(route: Document, limit: Document) -> bool:
    """Return whether the market now gives less, or takes more, than the limit allows."""
    got, paid = (Decimal(str(route[name])) for name in ("amountOut", "amountIn"))
    try:
        return (
            Decimal(str(limit.get("minAmountOut", got))) > got
            or Decimal(str(limit.get("maxAmountIn", paid))) < paid
        )
    except InvalidOperation:
        return False  # no number: the deployment says so


def _agree(what: str, *, yes: bool) -> None:
    if yes:
        output.note(f"warning: {what}")
    elif not output.is_interactive():
        output.complain(f"not placed: {what}; make it smaller, or place it nevertheless with --yes")
        raise typer.Exit(1)
    elif not typer.confirm(f"{what}. Place it nevertheless?", err=True):
        output.note("not placed")
        raise typer.Exit(1)
