"""``dexec open``: the orders that wait, what for, and how far the market is from it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli import output
from infra.cli.interrupts import stoppable
from infra.cli.target import HOME, HomeOption, JsonOption, KeyOption, Target, UrlOption, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from dexec_client.raw.json_types import Document

WAITS = ("held", "open", "triggered")
EVERY_S = 2.0


def open_orders(
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show them anew every two seconds; with --json, once.")
    ] = False,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the orders that wait: what for, and how far the market is from it."""
    target = resolve(home, url, api_key)
    if watch and not as_json:
        with stoppable():
            follow(target)
        return
    output.say_result(asyncio.run(waiting(target)), _show, as_json=as_json)


def _show(orders: Sequence[Document]) -> None:
    if orders:
        output.console().print(table(orders))
    else:
        output.note("No order waits; dexec order --help says how to have one wait")


async def waiting(target: Target) -> list[Document]:
    """Return the client's orders that wait, newest first. Raises ``SdkError``."""
    from dexec_client.raw.api import Api

    async with Api(target.http_url, target.api_key, repeat_reads=True) as api:
        return [order async for order in api.orders(status="active") if order["status"] in WAITS]


def follow(target: Target) -> None:
    """Show the orders that wait anew, until a signal; an outage is waited out. Raises ``SdkError``."""
    from rich.live import Live
    from rich.text import Text

    from dexec_client.errors import DexecError as SdkError
    from dexec_client.raw.retry import is_lost

    with Live(console=output.console(), auto_refresh=False) as live:
        while True:
            try:
                live.update(table(asyncio.run(waiting(target))), refresh=True)
            except SdkError as exc:
                if not is_lost(exc):
                    raise
                live.update(Text(f"{exc}; asking again", style="dim"), refresh=True)
            time.sleep(EVERY_S)


def table(orders: Sequence[Document]) -> Table:
    """Return a table of orders that wait."""
    from infra.cli.views import condition, status_text, swap

    right = {"now", "distance"}
    made = output.table("order", "swap", "waits for", "status", "now", "distance", right=right, whole=right)
    for order in orders:
        market = order.get("market")
        seen = market if isinstance(market, dict) else {}
        distance = seen.get("distanceBps")
        made.add_row(
            output.Tail(str(order["orderId"])),
            swap(order),
            condition(order),
            status_text(str(order["status"])),
            str(seen.get("price", "")),
            "" if distance is None else f"{int(str(distance)) / 100:.2f} %",
        )
    return made
