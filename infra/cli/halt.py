"""``dexec pause``, ``halt``, ``resume``, ``orders cancel``: stop orders before they are signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli import output
from infra.cli.operators import StackOption, access, note_unknown, orders
from infra.cli.target import HOME, HomeOption, JsonOption

if TYPE_CHECKING:
    from pathlib import Path

    from dexec.domain.halts import Switch
    from dexec.usecases.halt import Halted
    from dexec_client.raw.json_types import Document
    from infra.json_types import Json

YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


def pause(*, home: HomeOption = HOME, stack: StackOption = None, as_json: JsonOption = False) -> None:
    """Pause execution: orders are accepted and wait, submitted ones settle.

    Nothing new is signed once this has returned. It waits at most 1.5 s for signatures that are being stored,
    revokes the leases of orders that have none yet, and lists both.
    """
    with access(home, stack) as way:
        halted = way.parts.halt.everything()
        standing = way.parts.control.standing(None)
    if as_json:
        output.say_json({"paused": True, **halted_document(halted), "submitted": standing.submitted})
        return
    output.say("paused: orders are accepted and wait, nothing new is signed; continue with: dexec resume")
    note_halted(halted)
    output.note(f"{count(standing.waiting)} waiting; {count(standing.submitted)} submitted, to be settled")


def resume(
    *,
    client: Annotated[
        str | None, typer.Option("--client", metavar="NAME", help="Only what was halted for this client.")
    ] = None,
    reducing: Annotated[bool, typer.Option("--reducing", help="Only what halt --reducing set.")] = False,
    home: HomeOption = HOME,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lift a pause and halts; orders that waited start within 15 seconds.

    What was halted for one client stays so until it is lifted with --client.
    """
    from dexec.domain.halts import Stop

    stops = [Stop.REDUCING] if reducing else [*Stop]
    with access(home, stack) as way:
        lifted = way.parts.control.lift(stops, client)
        left = way.parts.control.switches()
    if as_json:
        paused = any(switch.name == Stop.PAUSED for switch in left)
        names: list[Json] = [switch.name for switch in lifted]
        output.say_json({"paused": paused, "lifted": names, "left": [switch.name for switch in left]})
        return
    if lifted:
        output.say("trading again; orders that waited start within 15 seconds")
    else:
        whose = "trading" if client is None else client
        output.say(f"{whose} was not {'halted' if client or reducing else 'paused or halted'}")
    for switch in left:
        output.note(f"still: {switch}")


def halt(
    *,
    client: Annotated[
        str | None, typer.Option("--client", metavar="NAME", help="Only orders of this client.")
    ] = None,
    reducing: Annotated[
        bool, typer.Option("--reducing", help="Still take and execute orders into one token.")
    ] = False,
    into: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="That token, for --reducing.", show_default="USDC"),
    ] = None,
    home: HomeOption = HOME,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Halt trading: no order is taken or amended, nothing is triggered or signed. Cancels still work.

    Nothing that is halted is signed any more once this has returned; what was signed by then is listed, and
    settles. Orders that were accepted wait; dexec resume lifts the halt.
    """
    from dexec.domain.halts import Stop, Switch
    from dexec.domain.tokens import find_token
    from infra.operators.keys import check_name

    if into is not None and not reducing:
        raise typer.BadParameter("--into goes with --reducing: without it everything is halted")
    token = find_token(into or "USDC", "--into").symbol if reducing else None
    whose = None if client is None else check_name(client)
    with access(home, stack) as way:
        stop = Stop.REDUCING if reducing else Stop.HALTED
        switch = Switch(stop, way.parts.clock.now(), whose, token)
        halted = way.parts.halt.trading(switch, _say_waiting)
        standing = way.parts.control.standing(whose)
        if whose is not None:
            note_unknown(way, whose)
    if as_json:
        found = halted_document(halted)
        output.say_json({"halt": switch.name, "into": token, **found, "submitted": standing.submitted})
        return
    output.say(f"{switch}; lift it with: dexec {lifting(switch)}")
    note_halted(halted)
    output.note(f"{count(standing.waiting)} waiting; {count(standing.submitted)} submitted, to be settled")


def _say_waiting(left_s: float) -> None:
    """Say on a terminal for how long a halt goes on asking what is being signed."""
    if output.is_interactive():
        output.note(f"the halt is set; asking what is being signed, for {left_s:.0f} s more at the most")


@orders.command()
def cancel(
    order_ids: Annotated[
        list[str] | None, typer.Argument(metavar="ORDER_ID", help="Orders.", show_default=False)
    ] = None,
    *,
    client: Annotated[
        str | None, typer.Option("--client", metavar="NAME", help="All orders of this client instead.")
    ] = None,
    yes: YesOption = False,
    home: HomeOption = HOME,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel orders of any client that have no signature yet, also those that wait for a price.

    Submitted orders settle: they are cancelled only if their transactions do not fill them. Whether an order
    is cancelled or signed is decided once, in the database. Clients cancel their own with: dexec cancel
    """
    if bool(order_ids) == (client is not None):
        raise typer.BadParameter("name orders, or a client with --client NAME")
    if client is not None:
        _cancel_client(client, yes=yes, home_and_stack=(home, stack), as_json=as_json)
    else:
        _cancel_orders(order_ids or [], yes=yes, home_and_stack=(home, stack), as_json=as_json)


def _cancel_client(client: str, *, yes: bool, home_and_stack: tuple[Path, str | None], as_json: bool) -> None:
    with access(*home_and_stack) as way:
        waiting = way.parts.control.standing(client).waiting
        if not _agreed(f"cancel {count(waiting)} of {client}?", yes=yes or not waiting, as_json=as_json):
            return
        cancelled = way.parts.cancel_orders.of_client(client)
        submitted = way.parts.control.standing(client).submitted
    if as_json:
        output.say_json({"client": client, "cancelled": [*cancelled], "submitted": submitted})
    else:
        late = f"{submitted} submitted, too late: cancelled if they do not fill"
        output.say(f"cancelled {count(len(cancelled))} of {client}; {late}")


def _cancel_orders(
    order_ids: Sequence[str], *, yes: bool, home_and_stack: tuple[Path, str | None], as_json: bool
) -> None:
    if not _agreed(f"cancel {count(len(order_ids))}?", yes=yes, as_json=as_json):
        return
    with access(*home_and_stack) as way:
        done = way.parts.cancel_orders.by_id(order_ids)
    if as_json:
        output.say_json({"cancelled": [*done.cancelled], "tooLate": [*done.too_late], "over": [*done.over]})
        return
    fates = [(one, "cancelled") for one in done.cancelled]
    fates += [(one, "submitted already: cancelled if it does not fill") for one in done.too_late]
    fates += [(one, "over already") for one in done.over]
    for order_id, fate in fates:
        output.say(f"{order_id}  {fate}")


def _agreed(question: str, *, yes: bool, as_json: bool) -> bool:
    """Ask on a terminal; a program has to say --yes."""
    if yes:
        return True
    if as_json or not output.is_interactive():
        raise typer.BadParameter("no terminal to ask for confirmation: add --yes")
    return typer.confirm(question)


def lifting(switch: Switch) -> str:
    """Return the command that lifts a switch."""
    return "resume" if switch.client_id is None else f"resume --client {switch.client_id}"


def halted_document(halted: Halted) -> Document:
    """Return what a halt found, as JSON."""
    stopped: list[Json] = [*halted.stopped]
    signed: list[Json] = [*halted.signed]
    return {"stopped": stopped, "signed": signed}


def note_halted(halted: Halted) -> None:
    """Print what a halt found."""
    for order_id in halted.stopped:
        output.note(f"{order_id}  stopped before it was signed")
    for order_id in halted.signed:
        output.note(f"{order_id}  was being signed at that moment: it is submitted, and settles")


def count(orders_there_are: int) -> str:
    """Return a number of orders in words."""
    return "1 order" if orders_there_are == 1 else f"{orders_there_are} orders"
