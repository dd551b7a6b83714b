"""``dexec cancel``, ``amend``: end or change orders of one client that are under way, on any deployment.

Operators cancel orders of any client with ``dexec orders cancel``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, cast

import typer

from infra.cli import output
from infra.cli.orders import OrderArgument
from infra.cli.short_ids import whole_id, whole_ids
from infra.cli.target import HOME, HomeOption, JsonOption, KeyOption, Target, UrlOption, resolve

if TYPE_CHECKING:
    from dexec_client.raw.json_types import Document
    from infra.json_types import Json

TOO_LATE = "too_late_to_cancel"
SIGNED = "signed already: it is cancelled if its transaction does not fill it"

PriceOption = Annotated[
    str | None, typer.Option("--limit", metavar="PRICE", help="Trade at this price or better; none drops it.")
]


def cancel(
    order_ids: Annotated[
        list[str] | None, typer.Argument(metavar="ORDER_ID", help="Orders.", show_default=False)
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All of your orders instead.")] = False,
    pair: Annotated[
        tuple[str, str] | None,
        typer.Option("--pair", metavar="FROM TO", help="With --all: those from one token to another."),
    ] = None,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel orders of yours: at once what is not signed, the rest if its transaction does not fill it.

    Exit code 1 when it is too late for one that was named.
    """
    if bool(order_ids) == everything or (pair is not None and not everything):
        raise typer.BadParameter("name orders, or give --all; --all --pair FROM TO is those of one pair")
    target = resolve(home, url, api_key)
    named = whole_ids(target, order_ids or [])
    done = asyncio.run(_cancel_all(target, pair) if everything else _cancel(target, named))
    if as_json:
        output.say_json(done)
    else:
        _say(done)
    if done["tooLate"] and not everything:
        raise typer.Exit(1)


def amend(
    order_id: OrderArgument,
    *,
    limit: PriceOption = None,
    stop: Annotated[
        str | None, typer.Option(metavar="PRICE", help="Stop at this price or worse.", show_default=False)
    ] = None,
    trail: Annotated[
        str | None, typer.Option(metavar="PERCENT", help="Trail the market by this much: 2%.")
    ] = None,
    activation: Annotated[
        str | None, typer.Option(metavar="PRICE", help="Trail from this price on; none: at once.")
    ] = None,
    amount: Annotated[str | None, typer.Option(help="Trade this much.", show_default=False)] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="End then: 2h from now, or ISO 8601; none: never.")
    ] = None,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Amend an order of yours that waits: all that is given, or nothing if it has changed meanwhile.

    Prices are in the order's own unit. Of an oco, --limit is its take-profit, --stop and --trail its stop.
    """
    from infra.cli.views import print_order

    given = {
        "limit": limit,
        "stop": stop,
        "trail": trail,
        "activation": activation,
        "amount": amount,
        "expires": expires,
    }
    if not any(given.values()):
        raise typer.BadParameter("name what is to be amended, for example --limit 155")
    target = resolve(home, url, api_key)
    found = asyncio.run(_amend(target, whole_id(target, order_id), given))
    output.say_result(found, print_order, as_json=as_json)


async def _cancel(target: Target, order_ids: Sequence[str]) -> Document:
    """Cancel orders one by one; return what became of them. Raises ``SdkError``, once the others are done."""
    from dexec_client.errors import ApiError
    from dexec_client.raw.api import Api

    cancelled: list[Json] = []
    late: list[Json] = []
    reasons: Document = {}
    async with Api(target.http_url, target.api_key, say=output.note) as api:
        for order_id in order_ids:
            try:
                cancelled.append(str((await api.cancel(order_id))["orderId"]))
            except ApiError as exc:
                if exc.code != TOO_LATE:
                    raise
                late.append(order_id)
                reasons[order_id] = str(exc)
    return {"cancelled": cancelled, "tooLate": late, "reasons": reasons}


async def _cancel_all(target: Target, pair: tuple[str, str] | None) -> Document:
    from dexec_client.raw.api import Api

    named: Document = {} if pair is None else {"tokenIn": pair[0], "tokenOut": pair[1]}
    async with Api(target.http_url, target.api_key, say=output.note) as api:
        return await api.cancel_all(named)


def _say(done: Document) -> None:
    cancelled, late = (cast("list[str]", done[name]) for name in ("cancelled", "tooLate"))
    reasons = cast("dict[str, str]", done.get("reasons", {}))
    for order_id in cancelled:
        output.say(f"{order_id}  cancelled")
    for order_id in late:
        output.say(f"{order_id}  {reasons.get(order_id, SIGNED)}")
    if not cancelled and not late:
        output.say("nothing to cancel")


async def _amend(target: Target, order_id: str, given: Mapping[str, str | None]) -> Document:
    """Amend an order as it is now. Raises ``SdkError``, also where it changes meanwhile."""
    from dexec_client.errors import DexecError as SdkError
    from dexec_client.raw.api import Api
    from infra.cli.amendment_fields import amended_by_option, amendment

    async with Api(target.http_url, target.api_key) as api:
        order = await api.order(order_id)
        wanted = amendment(str(order.get("orderType", "market")), given, datetime.now(UTC))
        try:
            return await api.amend(order_id, cast(int, order["seq"]), wanted)
        except SdkError as exc:
            raise SdkError(amended_by_option(str(exc)), exc.status, exc.retry_after) from exc
