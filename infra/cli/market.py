"""``dexec quote``, ``explain``, ``check-vectors``: quotes, attribution of a fill's cost, test vectors."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, cast

import typer

from infra.cli import output
from infra.cli.orders import (
    AmountArgument,
    ExactOutOption,
    FromArgument,
    OrderArgument,
    SlippageOption,
    ToArgument,
    named_order,
)
from infra.cli.previews import slippage_bps
from infra.cli.target import HOME, HomeOption, JsonOption, KeyOption, Target, UrlOption, resolve

if TYPE_CHECKING:
    from dexec_client.raw.json_types import Document


def quote(
    token_in: FromArgument,
    token_out: ToArgument,
    amount: AmountArgument,
    *,
    exact_out: ExactOutOption = False,
    slippage: SlippageOption = None,
    market: Annotated[
        Path | None, typer.Option(help="Price against the pools of this file; nothing needs to run.")
    ] = None,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every venue's quote and the route an order would take now."""
    from infra.cli.route_views import print_route_in_full
    from infra.cli.views import swap

    mode = "exactOut" if exact_out else "exactIn"
    wanted = _Wanted(token_in, token_out, amount, mode, slippage_bps(slippage))
    if market is not None:
        route = _priced(market, wanted)
    else:
        route = asyncio.run(_quoted(resolve(home, url, api_key), wanted))
    if as_json:
        output.say_json(route)
        return
    exact = route["amountOut" if exact_out else "amountIn"]
    print_route_in_full(route, swap({**route, "amount": exact}))
    limit = f"at most {route['maxAmountIn']}" if exact_out else f"at least {route['minAmountOut']}"
    output.say(f"  {limit}, or the swap fails as a whole")


def explain(
    order_id: OrderArgument,
    *,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Attribute every basis point between the mid price at the quote and the fill of an order."""
    from dexec.api.explain import explain_fill
    from dexec.api.routes import FillDetails, RouteDetails
    from infra.cli.route_views import print_explanation

    order = named_order(resolve(home, url, api_key), order_id)
    if not order.get("fill"):
        output.complain(
            f"{order['orderId']} is {order['status']}: only a confirmed order has a fill to explain"
        )
        raise typer.Exit(1)
    explanation = explain_fill(cast("RouteDetails", order["route"]), cast("FillDetails", order["fill"]))
    output.say_result(explanation, print_explanation, as_json=as_json)


def check_vectors(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Files of recorded swaps of the venues' programs.")
    ],
) -> None:
    """Compare the pool arithmetic with real swaps, to the unit (exit code 1 when one differs)."""
    from infra.cli import vectors

    raise typer.Exit(vectors.run(files, typer.echo))


class _Wanted(NamedTuple):
    """What is to be quoted, as the API takes it."""

    token_in: str
    token_out: str
    amount: str
    mode: str
    slippage_bps: int | None


def _priced(market: Path, wanted: _Wanted) -> Document:
    """Route over the pools of a file. Raises ``DexecError``."""
    from dexec.api.routes import route_details
    from dexec.domain.quote import Mode
    from dexec.domain.routing import record_route
    from infra.cli.pool_files import PoolFileError
    from infra.cli.quote_market import price_market

    limits = {} if wanted.slippage_bps is None else {"slippage_bps": wanted.slippage_bps}
    try:
        route = price_market(
            market, wanted.token_in, wanted.token_out, wanted.amount, mode=Mode(wanted.mode), **limits
        )
    except PoolFileError as exc:
        raise typer.BadParameter(str(exc), param_hint="--market") from exc
    return cast("Document", route_details(record_route(route)))


async def _quoted(target: Target, wanted: _Wanted) -> Document:
    from dexec_client.raw.api import Api

    async with Api(target.http_url, target.api_key) as api:
        return cast("Document", (await api.quotes(*wanted))["route"])
