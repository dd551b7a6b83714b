"""``dexec orders``, ``redrive``, ``resubmit``: orders that failed, are stuck or are parked."""

from __future__ import annotations

from contextlib import AbstractContextManager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, cast

import typer

from infra.cli import output
from infra.cli.interrupts import stoppable
from infra.cli.target import HOME, HomeOption, JsonOption

if TYPE_CHECKING:
    from pathlib import Path

    from dexec.adapters.postgres.operators import ProblemOrder
    from dexec_client.raw.json_types import Document
    from infra.operators.access import Access

PATIENCE_S = 45
"""Longer than a dead letter is invisible while the dead-letter function works on it."""

StackOption = Annotated[
    str | None,
    typer.Option(
        "--stack",
        envvar="DEXEC_STACK",
        metavar="NAME",
        help="A stack on AWS, reached with your own IAM.",
        show_default="the deployment on this machine",
    ),
]
ClientOption = Annotated[str | None, typer.Option("--client", metavar="NAME", help="Only this client's.")]


class Problem(StrEnum):
    """Orders that need attention, by kind of problem."""

    failed = "failed"
    stuck = "stuck"
    parked = "parked"


def access(home: Path, stack: str | None) -> AbstractContextManager[Access]:
    """Return the way to the deployment that is meant. Raises ``LocalError``."""
    from infra.local.home import Home
    from infra.operators import access as ways

    return ways.local(Home(home.resolve())) if stack is None else ways.on_aws(stack)


def note_unknown(way: Access, client: str) -> None:
    """Say of a client that never had a key that it may be misspelt: what is set for it holds nothing then."""
    if not way.parts.operators.api_keys(client):
        output.note(f"note: {client} never had a key; dexec keys list shows the clients")


orders = typer.Typer(name="orders", help="Orders of all clients: list those with a problem, cancel.")


@orders.callback(invoke_without_command=True)
def list_problems(
    context: typer.Context,
    *,
    status: Annotated[
        Problem | None,
        typer.Option(
            help="failed: ended without a fill. stuck: see --older-than. parked: set aside after repeated "
            "errors; see redrive.",
            show_default="needed without a command",
        ),
    ] = None,
    older_than: Annotated[
        int, typer.Option(min=1, metavar="SECONDS", help="For stuck: how long a due order had no event.")
    ] = 60,
    client: ClientOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
    home: HomeOption = HOME,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """List orders of all clients that failed, are stuck or are parked, with the reason; or cancel some."""
    from infra.operators.orders import reason

    if context.invoked_subcommand is not None:
        return
    if status is None:
        raise typer.BadParameter("choose --status failed, stuck or parked, or use dexec orders cancel")
    with access(home, stack) as way:
        now, switches = way.parts.clock.now(), way.parts.control.switches()
        lists = {
            Problem.failed: lambda: way.parts.operators.failed(client, limit),
            Problem.stuck: lambda: way.parts.operators.stuck(now, older_than, client, limit),
            Problem.parked: lambda: way.parts.operators.parked(client, limit),
        }
        found = lists[status]()
    documents = [_document(problem, reason(problem, now, switches)) for problem in found]
    output.say_result(documents, print_problems, as_json=as_json)


def redrive(
    order_id: Annotated[
        str | None, typer.Argument(metavar="ORDER_ID", help="One parked order to release, and no other.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All, instead of at most ten.")] = False,
    home: HomeOption = HOME,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put orders from the dead-letter queue, and parked ones, back on the order queue.

    A dead letter of an order that has ended is removed; one that names no order of this deployment stays. An
    order is parked after three rounds through the dead-letter queue in which every run of it crashed: fix the
    cause first.
    """
    from rich.markup import escape

    from infra.operators.orders import Redriven, release, waiting
    from infra.operators.orders import redrive as redriven

    done: list[Redriven] = []
    with stoppable(), access(home, stack) as way:
        if order_id is None:
            handled = redriven(way, everything=everything, patience_s=PATIENCE_S)
        else:
            handled = iter([release(way, order_id)])
        for one in handled:
            done.append(one)
            if not as_json:
                output.say(f"{escape(one.order_id)}  {one.fate.value}")
        remaining = waiting(way)
    if as_json:
        letters = [{"orderId": one.order_id, "fate": one.fate.name.lower()} for one in done]
        output.say_json({"letters": letters, "remaining": remaining})
    else:
        output.note(f"{len(done)} orders handled; {remaining} are in the dead-letter queue")


def resubmit(
    order_id: Annotated[str, typer.Argument(metavar="ORDER_ID", help="An order that ended without a fill.")],
    *,
    home: HomeOption = HOME,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Place a failed order's request again, for the same client, as a new order.

    The same goes for one that was cancelled or has expired. What waited for a price waits for it again.
    Running it twice makes one order. The client's limits do not apply: they did when it was first accepted.
    """
    from infra.operators.orders import resubmit as resubmit_order

    with access(home, stack) as way:
        placed = resubmit_order(way, order_id)
    if as_json:
        output.say_json({"failedOrderId": order_id, "orderId": placed.id, "status": placed.status.value})
    else:
        output.say(f"{order_id} stays as it is")
        output.say(f"{placed.id} takes its place: {placed.status.value}")


def _document(problem: ProblemOrder, why: str) -> Document:
    from dexec.api.orders import request_view
    from dexec.api.times import iso

    order = problem.order
    request = cast("Document", request_view(order.request))
    return {
        "orderId": order.id,
        "clientId": order.client_id,
        "clientOrderId": order.label,
        "label": order.label,
        "status": order.status.value,
        "attempt": order.attempt,
        **request,
        "signature": order.signature,
        "since": iso(problem.since),
        "reason": why,
    }


def print_problems(documents: list[Document]) -> None:
    """Print orders with what is wrong with them, a line each: reasons are long, and are not to be cut."""
    from rich.markup import escape

    from infra.cli import views

    rows = [
        (
            str(document["orderId"]),
            str(document["status"]),
            output.minute(document["since"]),
            str(document["clientId"]),
            views.swap(document),
        )
        for document in documents
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row, document in zip(rows, documents, strict=True):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        output.say(escape("  ".join((*cells, str(document["reason"])))))
    output.note("1 order" if len(documents) == 1 else f"{len(documents)} orders")
