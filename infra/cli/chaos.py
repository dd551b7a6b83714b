"""``dexec chaos``: fault injection on a deployment of its own, and the outcome of its orders."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli import output
from infra.cli.interrupts import stoppable
from infra.cli.target import JsonOption

if TYPE_CHECKING:
    from infra.lab.chaos.experiments import Result

LongOption = Annotated[
    bool, typer.Option("--long", help="Default parameters, longer faults: ten minutes instead of two.")
]


def chaos(*, long: LongOption = False, as_json: JsonOption = False) -> None:
    """Inject five faults into a deployment and report the outcome of its orders.

    An executor is killed every 200 ms (kill -9), PostgreSQL is stopped, messages are deleted from the queue,
    the emulator is killed and comes back without its queue, clients lose their sockets.

    Each fault happens with 100 orders in flight, on a deployment that is started for it on free ports and
    removed afterwards. The exit code is 0 if every order was confirmed and paid exactly once, and all its
    events were delivered.
    """
    with stoppable(), tempfile.TemporaryDirectory(prefix="dexec-chaos-") as directory:
        results = _run(Path(directory).resolve(), long=long)
    if as_json:
        output.say_json([result.document() for result in results])
    else:
        _print(results)
    if not all(result.held for result in results):
        raise typer.Exit(1)


def _run(directory: Path, *, long: bool) -> list[Result]:
    from infra.lab.chaos import experiments
    from infra.local import deployment
    from infra.local.home import Home

    home = Home(directory)
    parameters = experiments.LONG_PARAMETERS if long else experiments.SHORT_PARAMETERS
    options = deployment.Options(port=0, parameters=parameters, durable=False)
    try:
        state = deployment.up(home, options, report=output.note).state
        stand = experiments.Stand(home, state, options)
        results = []
        for experiment in experiments.LONG if long else experiments.SHORT:
            output.note(experiment.name)
            results.append(asyncio.run(experiments.run(experiment, stand)))
        return results
    finally:
        deployment.down(home)


def _print(results: list[Result]) -> None:
    counts = ("orders", "confirmed", "failed", "debits per order", "events lost", "seconds to recover")
    table = output.table("fault", *counts, right=counts, whole={"fault"})
    for result in results:
        table.add_row(
            result.fault,
            str(result.orders),
            str(result.confirmed),
            result.failures(),
            result.debits_per_order(),
            str(result.events_lost),
            f"{result.recovered_s:.1f}",
            style="" if result.held else "bold red",
        )
    output.console().print(table)
