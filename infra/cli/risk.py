"""``dexec risk``: sets, shows and removes the risk limits of clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from infra.cli import output
from infra.cli.operators import StackOption, access, note_unknown
from infra.cli.target import HOME, HomeOption, JsonOption

if TYPE_CHECKING:
    from dexec.domain.risk import RiskLimits
    from dexec_client.raw.json_types import Document
    from infra.operators.access import Access

risk = typer.Typer(name="risk", help="Risk limits of clients: set, show, remove.", no_args_is_help=True)

ClientArgument = Annotated[str, typer.Argument(metavar="CLIENT", help="The client whose orders it bounds.")]
_UNCHANGED = "unchanged"


def _option(metavar: str, text: str) -> object:
    return typer.Option(metavar=metavar, help=f"{text} none removes it.", show_default=_UNCHANGED)


@risk.command("set")
def set_limits(
    client: ClientArgument,
    *,
    max_notional: Annotated[
        str | None, _option("AMOUNT", "The most that one order may be worth, in the settlement token.")
    ] = None,
    max_daily: Annotated[
        str | None, _option("AMOUNT", "The most that the orders of a UTC day may be worth.")
    ] = None,
    max_open: Annotated[
        str | None, _option("N", "The most orders that may wait, held exits included.")
    ] = None,
    tokens: Annotated[str | None, _option("SOL,USDC", "The only tokens that may be traded.")] = None,
    max_slippage: Annotated[str | None, _option("BPS", "The most slippage that an order may have.")] = None,
    collar_bps: Annotated[
        str | None, _option("BPS", "By how much a route may be worse than the reference of its pools.")
    ] = None,
    settlement: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="What orders are valued in.", show_default="unchanged, or USDC"),
    ] = None,
    home: HomeOption = HOME,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set risk limits of a client; those that are not named stay as they are.

    They hold for what is signed from the next claim of an order on, and for what is placed within a minute.
    The usage of a day counts from when --max-daily is first set.
    """
    from dexec.domain.risk import RiskLimits
    from infra.operators.keys import check_name
    from infra.operators.risk import changed

    given = {
        "max_notional": max_notional,
        "max_daily": max_daily,
        "max_open": max_open,
        "tokens": tokens,
        "max_slippage": max_slippage,
        "collar_bps": collar_bps,
        "settlement": settlement,
    }
    if not any(given.values()):
        raise typer.BadParameter("name a limit to set; dexec risk set --help lists them")
    name = check_name(client)
    with access(home, stack) as way:
        limits = changed(way.parts.risk.limits(name).get(name, RiskLimits()), given)
        way.parts.risk.set(name, limits, way.parts.clock.now())
        found = [_document(way, name, limits)]
        note_unknown(way, name)
    output.say_result(found, _print, as_json=as_json)


@risk.command()
def show(
    client: Annotated[
        str | None, typer.Argument(metavar="CLIENT", help="A client.", show_default="all with limits")
    ] = None,
    *,
    home: HomeOption = HOME,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show risk limits, what of them is used today, and the halts that are set."""
    with access(home, stack) as way:
        found = [_document(way, name, limits) for name, limits in way.parts.risk.limits(client).items()]
        switches = way.parts.control.switches()
    output.say_result(found, _print, as_json=as_json)
    if not as_json:
        for switch in switches:
            output.note(f"{switch}")


@risk.command()
def clear(
    client: ClientArgument, *, home: HomeOption = HOME, stack: StackOption = None, as_json: JsonOption = False
) -> None:
    """Remove all risk limits of a client; what is signed already settles its part of the day's usage."""
    with access(home, stack) as way:
        had = way.parts.risk.clear(client)
    if as_json:
        output.say_json({"client": client, "cleared": had})
    else:
        output.say(f"{client} has no risk limits{'' if had else ', and had none'}")


def _document(way: Access, name: str, limits: RiskLimits) -> Document:
    from dexec.api.risk import limits_view
    from dexec.domain.tokens import format_units
    from dexec.usecases.risk import utc_day

    used = way.parts.risk.used(name, utc_day(way.parts.clock.now()), limits.settlement)
    view = cast("Document", limits_view(limits))
    return {"client": name, **view, "usedToday": format_units(used, limits.settlement)}


def _print(documents: list[Document]) -> None:
    from rich.text import Text

    names = ("client", "an order", "a day", "used today", "open", "tokens", "slippage", "collar")
    table = output.table(*names, whole={"client"})
    for one in documents:
        unit = f" {one['settlementToken']}"
        tokens = one["tokens"]
        table.add_row(
            Text(str(one["client"])),
            _bound(one["maxNotional"], unit),
            _bound(one["maxDaily"], unit),
            f"{one['usedToday']}{unit}",
            str(one["maxOpen"]),
            ", ".join(map(str, tokens)) if isinstance(tokens, list) else "any",
            _bound(one["maxSlippageBps"], " bps"),
            _bound(one["collarBps"], " bps"),
        )
    if documents:
        output.console().print(table)
    else:
        output.note("no risk limits")


def _bound(value: object, unit: str) -> str:
    return "any" if value is None else f"{value}{unit}"
