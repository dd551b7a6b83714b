"""``dexec logs``: prints the log lines of a deployment's functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli import output
from infra.cli.interrupts import stoppable
from infra.cli.log_lines import print_line
from infra.cli.operators import StackOption
from infra.cli.target import HOME, HomeOption, JsonOption

if TYPE_CHECKING:
    from pathlib import Path

    from infra.local.logs import LogReader


def logs(
    *,
    order: Annotated[
        str | None, typer.Option("--order", metavar="ID", help="Only lines of this order.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    home: HomeOption = HOME,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what the functions logged: since the local start; on AWS, in the last hour or of one order."""
    reader = _reader(home, stack, order)
    found = False
    with stoppable(quietly=True):
        for line in reader.follow() if follow else reader.read():
            if order is None or order in line.text:
                print_line(line, as_json=as_json)
                found = True
    if order is not None and not found:
        output.note(f"no line names {order}; the orders you have: dexec history")


def _reader(home: Path, stack: str | None, order: str | None) -> LogReader:
    """Return what reads the lines of the deployment that is meant. Raises ``LocalError``."""
    from infra.local import deployment
    from infra.local import stack as local_stack
    from infra.local.aws import Aws
    from infra.local.home import Home
    from infra.local.logs import LogReader
    from infra.operators import logs as operators

    if stack is not None:
        return operators.on_aws(stack, order)
    aws = Aws(deployment.running(Home(home.resolve())).endpoint_url)
    return LogReader(aws.logs, local_stack.outputs(aws)["LogGroup"], since=0)
