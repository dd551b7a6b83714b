"""``dexec bench``: a load test of a deployment, as its clients experience it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli import output
from infra.cli.interrupts import stoppable
from infra.cli.local import Latency
from infra.cli.target import HOME, resolve
from infra.lab.bench.plan import Over, Plan, Sockets, Target

if TYPE_CHECKING:
    from infra.lab.bench.load import Progress
    from infra.lab.bench.session import Session


RateOption = Annotated[
    float | None,
    typer.Option(min=0.01, help="Orders a second, on a fixed schedule.", show_default="a burst"),
]
WarmUpOption = Annotated[
    int | None, typer.Option(min=0, help="Warm-up orders, which are not measured.", show_default="40")
]
SocketsOption = Annotated[
    Sockets, typer.Option(help="Who is notified: the watchers, or one socket per order.")
]
EndpointOption = Annotated[
    str | None, typer.Option(help="HTTP API of a running deployment.", show_default="one of its own")
]
EndpointKeyOption = Annotated[
    str | None, typer.Option(envvar="DEXEC_API_KEY", help="Key for --endpoint, best without a limit.")
]
JsonFileOption = Annotated[
    Path | None, typer.Option("--json", dir_okay=False, help="Write the figures to a file.")
]
HtmlFileOption = Annotated[
    Path | None, typer.Option("--html", dir_okay=False, help="Write the figures to a file as a page.")
]

ColdOption = Annotated[
    bool, typer.Option("--cold", help="On a deployment that has just started; every order is sent once.")
]

LOST = ("ordersRefused", "ordersBehindError", "socketsRefused", "ordersNotTerminal", "eventsMissing")
"""Counts that must be zero."""


def bench(
    *,
    orders: Annotated[int, typer.Option(min=1, help="How many orders.")] = 500,
    rate: RateOption = None,
    burst: Annotated[bool, typer.Option("--burst", help="All orders at once.")] = False,
    over: Annotated[Over, typer.Option(help="How orders are placed.")] = Over.http,
    watchers: Annotated[int, typer.Option(min=1, help="Sockets that receive all events.")] = 1,
    sockets: SocketsOption = Sockets.stream,
    latency: Annotated[Latency, typer.Option(help="Simulated latency of its own deployment.")] = Latency.none,
    connections: Annotated[int, typer.Option(min=1, help="HTTP connections kept open.")] = 8,
    warm_up: WarmUpOption = None,
    cold: ColdOption = False,
    endpoint: EndpointOption = None,
    api_key: EndpointKeyOption = None,
    json_file: JsonFileOption = None,
    html_file: HtmlFileOption = None,
) -> None:
    """Place orders on a schedule or all at once, and measure until all events are delivered.

    Latencies count from the moment an order was to be sent. The exit code is 1 if an order was refused or
    did not end, or an event is missing, or a socket was refused, or an order executed behind an error.
    """
    if burst and rate is not None:
        raise typer.BadParameter("--rate and --burst cannot be combined")
    if cold and (endpoint is not None or warm_up):
        raise typer.BadParameter("--cold cannot be combined with --endpoint or --warm-up")
    before = 0 if cold else 40 if warm_up is None else warm_up
    plan = Plan(orders, rate, over, watchers, sockets, connections, before, cold)
    with stoppable():
        session = _session(plan, latency, endpoint, api_key)
    _report(session, json_file, html_file)
    if any(session.report[name] for name in LOST):
        for refusal in session.figures.refusals():
            output.complain(refusal)
        raise typer.Exit(1)


def _session(plan: Plan, latency: Latency, endpoint: str | None, api_key: str | None) -> Session:
    from infra.lab.bench import session

    if endpoint is not None:
        given = resolve(HOME, endpoint, api_key)
        target = Target(given.http_url, given.websocket_url, given.api_key)
        with _progress(plan) as progress:
            return session.measure(plan, target, None, progress)
    output.note("starting a deployment")
    with session.own_deployment(latency.value) as state, _progress(plan) as progress:
        return session.measure(plan, session.target_of(state), state, progress)


@contextmanager
def _progress(plan: Plan) -> Iterator[Progress]:
    """Show a bar on standard error; nothing where that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = output.errors()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        accepted = bar.add_task("accepted", total=plan.orders)
        delivered = bar.add_task(
            "delivered", total=plan.orders * (plan.watchers if plan.sockets == "stream" else 1)
        )

        def show(answered: int, ended: int) -> None:
            bar.update(accepted, completed=answered)
            bar.update(delivered, completed=ended)

        yield show


def _report(session: Session, json_file: Path | None, html_file: Path | None) -> None:
    from rich.console import Console

    from infra.lab.bench.report_text import rows, title

    table = output.table(title=title(session.report), show_header=False)
    for row in rows(session.report):
        table.add_row(*row)
    output.console().print(table)
    if json_file is not None:
        json_file.write_text(json.dumps(session.report, indent=2, ensure_ascii=False) + "\n")
    if html_file is not None:
        page = Console(record=True, file=StringIO(), width=160, highlight=False)
        page.print(table)
        page.save_html(str(html_file))
