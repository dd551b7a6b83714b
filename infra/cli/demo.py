"""``dexec demo``: starts a deployment, shows five orders at once or four that wait, and stops it again."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, cast

import typer

from infra.cli import output
from infra.cli.interrupts import stoppable
from infra.cli.target import HOME, HomeOption

if TYPE_CHECKING:
    from dexec_client.raw.api import Api
    from dexec_client.raw.feed import Feed
    from dexec_client.raw.json_types import Document
    from infra.cli.live import Board
    from infra.local.home import Home, State


class _Wanted(NamedTuple):
    """An order of the demo, and the way it is placed."""

    order: Document
    via: str


_ORDERS = (
    _Wanted({"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1.5"}, "HTTP"),
    _Wanted({"tokenIn": "USDC", "tokenOut": "SOL", "amount": "250"}, "HTTP"),
    _Wanted({"tokenIn": "SOL", "tokenOut": "USDC", "amount": "40"}, "HTTP"),
    _Wanted({"tokenIn": "SOL", "tokenOut": "USDC", "amount": "100", "mode": "exactOut"}, "WebSocket"),
    _Wanted({"tokenIn": "RAY", "tokenOut": "SOL", "amount": "500"}, "WebSocket"),
)


SvgOption = Annotated[
    Path | None, typer.Option("--svg", metavar="FILE", help="Draw orders and routes as a picture.")
]


OrdersOption = Annotated[
    bool, typer.Option("--orders", help="Show orders that wait instead, and move the market until they fire.")
]


def demo(home: HomeOption = HOME, svg: SvgOption = None, *, orders: OrdersOption = False) -> None:
    """Start the deployment, run five orders at once, show what happened, and stop it again.

    With --orders: a stop, a limit, a bracket and a trailing stop wait while the market is moved, and is moved
    back at the end. A deployment that runs already is used, and left running. The exit code is 0 if all
    orders are confirmed, and those that waited fired as they should, within their limits.
    """
    from infra.local import deployment
    from infra.local.home import Home

    where = Home(home.resolve())
    with stoppable():
        state, started = deployment.up(where, report=output.note)
        try:
            complaint = _show_waiting(state, where, svg) if orders else _show_at_once(state, svg)
        finally:
            if started:
                deployment.down(where)
                output.note("stopped everything it started")
    if complaint:
        output.complain(f"{complaint}; see {home}/emulator.log")
        raise typer.Exit(1)


def _show_waiting(state: State, where: Home, svg: Path | None) -> str:
    """Show orders that wait; return what went wrong."""
    from infra.cli import demo_orders

    with output.recorded(svg, "dexec demo --orders") if svg else nullcontext():
        done = asyncio.run(demo_orders.show(state, where))
    return "" if done else "not every order fired and filled as it should"


def _show_at_once(state: State, svg: Path | None) -> str:
    """Show five orders at the same moment, and their history; return what went wrong."""
    from infra.cli import views
    from infra.local import database

    with output.recorded(svg, "make demo") if svg else nullcontext():
        placed, confirmed = asyncio.run(_show_five(state))
    output.say("\n[bold]The history, as PostgreSQL holds it[/]\n")
    views.print_rows(database.histories(state.database_url, placed))
    return "" if confirmed == len(_ORDERS) else f"only {confirmed} of {len(_ORDERS)} orders were confirmed"


async def _show_five(state: State) -> tuple[list[str], int]:
    """Run the orders and print what came of them; return their ids and how many were confirmed."""
    from dexec_client.raw.api import Api
    from dexec_client.raw.feed import Feed
    from infra.cli import live, views
    from infra.cli.route_views import print_route

    board = live.Board()
    output.say("\n[bold]Five orders at the same moment[/]\n")
    async with Api(state.http_url, state.api_key) as api, Feed(state.websocket_url, state.api_key) as feed:
        placed = await asyncio.gather(*(_place(wanted, api, feed, board) for wanted in _ORDERS))
        await live.show(board, feed.until_terminal(placed))
        orders = [await api.order(order_id) for order_id in placed]
    output.say("\n[bold]How each was routed[/]")
    for order in orders:
        output.say("")
        title = f"{views.short_id(str(order['orderId']))}  {views.swap(order)}"
        print_route(cast("Document", order["route"]), title)
    return placed, sum(board.status(order_id) == "confirmed" for order_id in placed)


async def _place(wanted: _Wanted, api: Api, feed: Feed, board: Board) -> str:
    """Place an order its way, watched from its first event on; return its id."""
    from infra.cli import views

    if wanted.via == "HTTP":
        order_id = str((await api.place(wanted.order))["orderId"])
        board.add(order_id, views.swap(wanted.order), wanted.via)
        await feed.subscribe(order_id)
    else:
        order_id = str((await feed.execute(wanted.order))["orderId"])
        board.add(order_id, views.swap(wanted.order), wanted.via)
    return order_id
