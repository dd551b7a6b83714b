"""``dexec model``: predicts latencies and cost on AWS, in simulated time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli import output
from infra.cli.local import Latency
from infra.cli.target import JsonOption

if TYPE_CHECKING:
    from dexec_client.raw.json_types import Document


def model(
    *,
    orders: Annotated[int, typer.Option(min=10, help="Orders that are run through the use cases.")] = 300,
    latency: Annotated[
        Latency, typer.Option(help="Simulated latency of venues and chain.")
    ] = Latency.default,
    watchers: Annotated[int, typer.Option(min=0, help="Sockets that receive the events of each order.")] = 1,
    concurrency: Annotated[int, typer.Option(min=1, help="MaxConcurrency of the deployment.")] = 10,
    monthly: Annotated[int, typer.Option(min=1, help="Orders of the month that is billed.")] = 10_000_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same answers.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Run the use cases in simulated time on services with AWS's latencies and prices.

    Every assumption stands, with its source, in infra/lab/model/assumptions.json.
    """
    from infra.lab.model.assumptions import assumptions
    from infra.lab.model.report import model as answers
    from infra.lab.model.run import Scenario

    scenario = Scenario(latency.value, watchers, seed)
    document = answers(scenario, orders, concurrency, assumptions(), monthly)
    output.say_result(document, _print, as_json=as_json)


def _print(document: Document) -> None:
    from infra.lab.model.tables import tables

    for title, names, rows in tables(document):
        table = output.table(*names, title=title, right={name for name in names[1:] if name})
        for row in rows:
            table.add_row(*row)
        output.console().print(table)
        output.say("")
