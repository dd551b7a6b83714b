"""``dexec keys``: creates, limits, rotates and revokes API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli import output
from infra.cli.halt import count, halted_document, note_halted
from infra.cli.operators import StackOption, access
from infra.cli.target import HOME, HomeOption, JsonOption

if TYPE_CHECKING:
    from dexec.ports import ApiKey, Standing
    from dexec_client.raw.json_types import Document
    from infra.json_types import Json

keys = typer.Typer(
    name="keys", help="API keys: create, list, set limits, rotate, revoke.", no_args_is_help=True
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The client whose orders it places.")]
RATE_HELP = "Orders that may start a minute; 0 is no limit."
AMOUNT_HELP = "The most that an order may name of a token, in whole tokens; may be repeated."

RateOption = Annotated[
    int | None, typer.Option(min=0, max=60_000, metavar="N", help=RATE_HELP, show_default="the default rate")
]
AmountOption = Annotated[
    list[str] | None, typer.Option(metavar="SYMBOL=AMOUNT", help=AMOUNT_HELP, show_default="no bounds")
]
NewRateOption = Annotated[
    int | None, typer.Option(min=0, max=60_000, metavar="N", help=RATE_HELP, show_default="unchanged")
]
NewAmountOption = Annotated[
    list[str] | None, typer.Option(metavar="SYMBOL=AMOUNT", help=AMOUNT_HELP, show_default="unchanged")
]


@keys.command()
def create(
    name: NameArgument,
    *,
    orders_per_minute: RateOption = None,
    max_amount: AmountOption = None,
    home: HomeOption = HOME,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a client's key and show it, only now: its hash is stored, not the key.

    A bound counts the amount that an order names: of what it sells, or of what it buys where that is the
    exact side; the other side is up to the market and the order's slippage limit. A key with bounds takes
    no order that names an amount of a token without one.
    """
    from dexec.ports import ApiKey
    from infra.operators import keys as actions

    bounds = actions.parse_max_amounts(max_amount) if max_amount else None
    with access(home, stack) as way:
        wanted = ApiKey("", actions.check_name(name), orders_per_minute, bounds, way.parts.clock.now())
        _show(name, actions.create(way.parts.operators, way.parts.clock, wanted), as_json=as_json)


@keys.command("list")
def list_keys(*, home: HomeOption = HOME, stack: StackOption = None, as_json: JsonOption = False) -> None:
    """List all keys by the beginning of their hash, with their limits."""
    with access(home, stack) as way:
        found = [_document(key) for key in way.parts.operators.api_keys()]
    output.say_result(found, _print, as_json=as_json)


@keys.command("set")
def set_limits(
    name: NameArgument,
    *,
    orders_per_minute: NewRateOption = None,
    default_rate: Annotated[bool, typer.Option("--default-rate", help="Back to the default rate.")] = False,
    max_amount: NewAmountOption = None,
    no_max_amount: Annotated[bool, typer.Option("--no-max-amount", help="Remove all bounds.")] = False,
    home: HomeOption = HOME,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a client's limits; they hold within a minute. New bounds take the place of all old ones.

    A bound counts the amount that an order names: of what it sells, or of what it buys where that is the
    exact side; the other side is up to the market and the order's slippage limit. A key with bounds takes
    no order that names an amount of a token without one.
    """
    from dexec.adapters.postgres.operators import Limits
    from infra.operators import keys as actions

    if default_rate and orders_per_minute is not None:
        raise typer.BadParameter("--orders-per-minute and --default-rate cannot be combined")
    if no_max_amount and max_amount:
        raise typer.BadParameter("--max-amount and --no-max-amount cannot be combined")
    limits = Limits(
        sets_rate=default_rate or orders_per_minute is not None,
        orders_per_minute=orders_per_minute,
        sets_amounts=no_max_amount or bool(max_amount),
        max_amounts=actions.parse_max_amounts(max_amount) if max_amount else None,
    )
    if not (limits.sets_rate or limits.sets_amounts):
        raise typer.BadParameter("name a limit to set; dexec keys set --help lists them")
    with access(home, stack) as way:
        found = [_document(key) for key in way.parts.operators.limit_keys(name, limits)]
    if not found:
        raise actions.no_key(name)
    output.say_result(found, _print, as_json=as_json)


@keys.command()
def rotate(
    name: NameArgument, *, home: HomeOption = HOME, stack: StackOption = None, as_json: JsonOption = False
) -> None:
    """Make a new key with the same limits and show it; the old one stops within a minute."""
    from infra.operators import keys as actions

    with access(home, stack) as way:
        _show(name, actions.rotate(way.parts.operators, way.parts.clock, name), as_json=as_json)


@keys.command()
def revoke(
    name: NameArgument,
    *,
    cancel: Annotated[
        bool | None,
        typer.Option(
            "--cancel/--keep",
            help="Cancel the client's orders that have no signature, or keep them waiting.",
            show_default="asks, on a terminal",
        ),
    ] = None,
    home: HomeOption = HOME,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Revoke a client's keys; they stop within a minute, on open sockets too.

    Nothing is signed for the client any more once this has returned. Its orders wait until it has a key
    again, or are cancelled; what is submitted settles.
    """
    from infra.operators import keys as actions

    def asked(standing: Standing) -> bool:
        if cancel is not None or not standing.waiting or as_json or not output.is_interactive():
            return bool(cancel)
        return typer.confirm(f"{name} has {count(standing.waiting)} waiting. Cancel them?")

    with access(home, stack) as way:
        done = actions.revoke(way, name, asked)
    if as_json:
        orders: Document = {"waiting": done.standing.waiting, "submitted": done.standing.submitted}
        orders |= {**halted_document(done.halted), "cancelled": [*done.cancelled]}
        output.say_json({"client": name, "revoked": done.keys, **orders})
        return
    output.say(f"revoked {done.keys} key{'' if done.keys == 1 else 's'} of {name}")
    note_halted(done.halted)
    if done.cancelled:
        output.note(f"cancelled {count(len(done.cancelled))}")
    if done.standing.submitted:
        output.note(f"{count(done.standing.submitted)} submitted, too late to cancel: the chain decides")
    if done.standing.waiting:
        output.note(
            f"{count(done.standing.waiting)} waiting, not executed while {name} has no valid key; "
            f"to cancel: dexec orders cancel --client {name}"
        )


def _show(name: str, api_key: str, *, as_json: bool) -> None:
    if as_json:
        output.say_json({"client": name, "apiKey": api_key})
    else:
        output.say(api_key)
        output.note(f"the key of {name}; it is stored as a hash and cannot be shown again")


def _document(key: ApiKey) -> Document:
    from dexec.api.times import iso
    from dexec.domain.tokens import format_units

    bounds = key.max_amounts or {}
    return {
        "client": key.client_id,
        "keyHash": key.key_hash,
        "ordersPerMinute": key.orders_per_minute,
        "maxAmounts": {name: format_units(most, name) for name, most in bounds.items()} or None,
        "createdAt": iso(key.created_at),
        "revokedAt": None if key.revoked_at is None else iso(key.revoked_at),
    }


def _print(documents: list[Document]) -> None:
    from rich.text import Text

    names = ("client", "key hash", "orders a minute", "largest orders", "created", "revoked")
    table = output.table(*names, whole={"client", "key hash", "created", "revoked"})
    for document in documents:
        rate, bounds = document["ordersPerMinute"], document["maxAmounts"]
        table.add_row(
            Text(str(document["client"])),
            str(document["keyHash"])[:8],
            "default" if rate is None else "no limit" if rate == 0 else str(rate),
            _bounds(bounds),
            output.minute(document["createdAt"]),
            output.minute(document["revokedAt"]),
            style="dim" if document["revokedAt"] else "",
        )
    output.console().print(table)


def _bounds(bounds: Json) -> str:
    if not isinstance(bounds, dict):
        return "any"
    return ", ".join(f"{most} {symbol}" for symbol, most in bounds.items())
