"""``dexec order``, ``watch``, ``history``, ``show``: orders of one client, on any deployment."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dexec.domain.lifecycle import Status
from infra.cli import output
from infra.cli.conditions import (
    ActivationOption,
    Conditions,
    ExpiresOption,
    IocOption,
    LimitOption,
    OcoOption,
    StopLossOption,
    StopOption,
    TakeProfitOption,
    TrailOption,
    bought,
    by_option,
)
from infra.cli.interrupts import stoppable
from infra.cli.leaving import again_command, leaving
from infra.cli.short_ids import whole_id
from infra.cli.target import HOME, HomeOption, JsonOption, KeyOption, Target, UrlOption, resolve

if TYPE_CHECKING:
    from dexec_client.raw.json_types import Document
    from infra.json_types import Json

SHOWN = 20
"""Orders shown by default."""

REPEATED = {"minAmountOut": "--min-out", "maxAmountIn": "--max-in", "expiresAt": "--expires"}
"""Options of a repeat, for what the first try found out by itself."""

FromArgument = Annotated[str, typer.Argument(metavar="FROM", help="Token to pay with, for example SOL.")]
ToArgument = Annotated[str, typer.Argument(metavar="TO", help="Token to get, for example USDC.")]
AmountArgument = Annotated[
    str, typer.Argument(metavar="AMOUNT", help="What to pay, in FROM; with --exact-out, what to get.")
]
ExactOutOption = Annotated[bool, typer.Option("--exact-out", help="Get exactly AMOUNT of TO.")]
SlippageOption = Annotated[
    str | None,
    typer.Option(metavar="PERCENT", help="How far the price may move against you.", show_default="0.5"),
]
MinOutOption = Annotated[
    str | None, typer.Option(metavar="AMOUNT", help="Least of TO to get.", show_default="as previewed")
]
MaxInOption = Annotated[
    str | None,
    typer.Option(
        metavar="AMOUNT", help="With --exact-out: most of FROM to pay.", show_default="as previewed"
    ),
]
DeadlineOption = Annotated[
    int | None, typer.Option(metavar="SECONDS", help="Sign nothing later than this from now on.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask when its price impact is over 5 %.")]
LabelOption = Annotated[str | None, typer.Option(help="A label of your choice, shown with the order.")]
RepeatOption = Annotated[
    str | None,
    typer.Option(
        help="Sent again under the same key, it is placed once; the previewed limit is not sent then.",
        show_default="a new one",
    ),
]
OrderArgument = Annotated[
    str, typer.Argument(metavar="ORDER_ID", help="Its id, or the end of it as in a table.")
]


def order(
    token_in: FromArgument,
    token_out: ToArgument,
    amount: AmountArgument,
    *,
    slippage: SlippageOption = None,
    exact_out: ExactOutOption = False,
    min_out: MinOutOption = None,
    max_in: MaxInOption = None,
    deadline: DeadlineOption = None,
    limit: LimitOption = None,
    stop: StopOption = None,
    trail: TrailOption = None,
    activation: ActivationOption = None,
    oco: OcoOption = False,
    take_profit: TakeProfitOption = None,
    stop_loss: StopLossOption = None,
    expires: ExpiresOption = None,
    ioc: IocOption = False,
    yes: YesOption = False,
    label: LabelOption = None,
    idempotency_key: RepeatOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay until it is over.")] = False,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Place an order.

    At the market it is bound to the quote that is shown first: a fill past the limit cannot happen.

    With a price it waits for that; with --take-profit or --stop-loss, what it gets is traded back there.
    """
    from infra.cli import previews

    if exact_out and min_out is not None:
        raise typer.BadParameter("with --exact-out what is got is fixed: bound what is paid with --max-in")
    if max_in is not None and not exact_out:
        raise typer.BadParameter("--max-in goes with --exact-out; bound what is got with --min-out")
    if deadline is not None and expires is not None:
        raise typer.BadParameter("give --deadline or --expires: both say until when")
    if idempotency_key == "":
        raise typer.BadParameter("--idempotency-key is empty: under no key a repeat is a second order")
    bps = previews.slippage_bps(slippage)
    waits = Conditions(limit, stop, trail, activation, oco, take_profit, stop_loss, expires, ioc)
    wanted: Document = {"tokenIn": token_in, "tokenOut": token_out, "amount": amount}
    mode, label = "exactOut" if exact_out else None, label or None
    wanted |= _given(slippageBps=bps, mode=mode, clientOrderId=label, deadline=deadline)
    bounds, fields = _given(minAmountOut=min_out, maxAmountIn=max_in), waits.fields(datetime.now(UTC))
    target = resolve(home, url, api_key)
    with stoppable():
        if not waits.waits:
            route = asyncio.run(previews.previewed(target, wanted, bps))
            # Under a key of the caller's the body has to be the same at each try: no new quote.
            bounds = bounds or ({} if idempotency_key else previews.limit_of(route))
            previews.check(route, bps, bounds, yes=yes)
        wanted |= bounds | fields
        body = bought(wanted) if exact_out and waits.has_prices else wanted
        placed = asyncio.run(_place(target, body, idempotency_key))
        if as_json and not watch:
            output.say_json(placed)
        elif not as_json:
            _say_placed(placed)
        if watch:
            order_id, again = str(placed["orderId"]), again_command(home, url)
            with leaving(order_id, again):
                status = asyncio.run(_watch(target, order_id, via="HTTP", as_json=as_json))
            _exit_unless_confirmed(status)


def _say_placed(placed: Document) -> None:
    when = f"starts at {placed['startsAt']}" if placed.get("startsAt") else "waits for its price: dexec open"
    output.say(f"{placed['orderId']} {placed['status']}, {when}")
    if placed.get("exitId"):
        output.say(f"{placed['exitId']} held, trades back what that gets")


def _given(**fields: Json) -> Document:
    """Return the fields of an order's body that have a value: the others are left to the deployment."""
    return {name: value for name, value in fields.items() if value is not None}


def watch(
    order_id: OrderArgument,
    *,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an order's events, those it has and those to come, until its last (exit code 1 if it fails)."""
    target = resolve(home, url, api_key)
    order_id = whole_id(target, order_id)
    with stoppable(), leaving(order_id, again_command(home, url)):
        status = asyncio.run(_watch(target, order_id, as_json=as_json))
    _exit_unless_confirmed(status)


def history(
    *,
    status: Annotated[Status | None, typer.Option(help="Only orders in this status.")] = None,
    active: Annotated[bool, typer.Option("--active", help="Only orders that are not over.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many.", show_default="20; with --csv all")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")] = False,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """List your orders, newest first."""
    from infra.cli.csv_export import write_orders
    from infra.cli.views import print_history

    if active and status is not None:
        raise typer.BadParameter("give --status or --active")
    if as_csv and as_json:
        raise typer.BadParameter("give --csv or --json")
    most = limit or (sys.maxsize if as_csv else SHOWN)
    shown = "active" if active else status and status.value
    orders = asyncio.run(_history(resolve(home, url, api_key), shown, most))
    if as_csv:
        write_orders(orders, sys.stdout)
    elif as_json:
        output.say_json(orders)
    else:
        print_history(orders)


def show(
    order_id: OrderArgument,
    *,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one order: its route, what it filled, and every event."""
    from infra.cli.views import print_order

    found = named_order(resolve(home, url, api_key), order_id)
    output.say_result(found, print_order, as_json=as_json)


async def _place(target: Target, wanted: Document, idempotency_key: str | None) -> Document:
    """Place an order, however often its answer is lost. Raises ``SdkError``, which says how to go on."""
    from dexec_client.errors import DexecError as SdkError
    from dexec_client.raw.api import Api
    from dexec_client.raw.retry import key_or_new
    from infra.cli.advice import Advised

    key = key_or_new(idempotency_key)
    try:
        async with Api(target.http_url, target.api_key, say=output.note) as api:
            return await api.place(wanted, key)
    except SdkError as exc:
        if not exc.is_unknown:
            raise SdkError(by_option(str(exc)), exc.status, exc.retry_after) from exc
        options = "".join(f" {option} {wanted[name]}" for name, option in REPEATED.items() if name in wanted)
        advice = f"to have it placed once, run the same command with --idempotency-key {key}{options}"
        raise Advised(exc, advice, f"{exc}; whether the order was placed is not known") from exc


def named_order(target: Target, order_id: str) -> Document:
    """Return the order of an id or of the end of one, as ``find_order`` does. Raises ``SdkError``."""
    return asyncio.run(find_order(target, whole_id(target, order_id)))


async def find_order(target: Target, order_id: str, *, patiently: bool = False) -> Document:
    """Return an order with its route, fill and events. Raises ``SdkError``.

    ``patiently``: the answer is asked for again while it is lost, as while the emulator restarts.
    """
    from dexec_client.raw.api import Api

    async with Api(target.http_url, target.api_key, say=output.note, repeat_reads=patiently) as api:
        return await api.order(order_id)


async def _history(target: Target, status: str | None, limit: int) -> list[Document]:
    """Return the newest orders, ``limit`` of them at the most."""
    from dexec_client.raw.api import Api

    async with Api(target.http_url, target.api_key) as api:
        return [order async for order in api.orders(status=status, most=limit)]


async def _watch(target: Target, order_id: str, *, via: str = "", as_json: bool) -> str:
    """Show an order to its end; return its last status."""
    from dexec_client.raw.feed import Feed
    from infra.cli import live, views

    board = live.Board()
    if not as_json:
        board.add(order_id, views.swap(await find_order(target, order_id, patiently=True)), via)
    async with Feed(target.websocket_url, target.api_key, say=output.note) as feed:
        await feed.subscribe(order_id)
        events = feed.until_terminal([order_id])
        if not as_json:
            await live.show(board, events)
            return board.status(order_id)
        status = ""
        async for event in events:
            output.say_json_line(event.document())
            status = event.status
        return status


def _exit_unless_confirmed(status: str) -> None:
    if status != "confirmed":
        raise typer.Exit(1)
