"""The command ``dexec``: its subcommands, error messages and exit codes."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from dexec import __version__
from dexec.domain.errors import DexecError, FieldRejected
from dexec_client.errors import DexecError as SdkError
from infra.cli import advice, amendments, halt, local, market, operators, orders, output
from infra.cli.bench import bench
from infra.cli.chaos import chaos
from infra.cli.demo import demo
from infra.cli.doctor import doctor
from infra.cli.hooks import hooks
from infra.cli.interrupts import Stopped
from infra.cli.keys import keys
from infra.cli.logs import logs
from infra.cli.model import model
from infra.cli.open_orders import open_orders
from infra.cli.paper_market import market as paper_market
from infra.cli.replay import replay
from infra.cli.risk import risk
from infra.cli.smoke import smoke
from infra.cli.trace import trace
from infra.local.errors import LocalError

INTERRUPTED = 130
"""Exit code after a signal, as shells have it."""

app = typer.Typer(
    name="dexec",
    help="Execution engine for crypto swap orders: a whole deployment on this machine, and a client for any.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Deployment": (demo, local.up, local.down, local.status, logs, local.deploy, doctor),
    "Orders": (
        orders.order,
        orders.watch,
        orders.history,
        orders.show,
        amendments.amend,
        amendments.cancel,
    ),
    "Operators": (operators.redrive, operators.resubmit, halt.pause, halt.halt, halt.resume, smoke),
    "Measurements": (bench, trace, model, chaos),
    "Market": (market.quote, market.explain, market.check_vectors, replay),
}
for panel, commands in _COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.command("open", rich_help_panel="Orders")(open_orders)
app.command("again", hidden=True)(operators.resubmit)  # its former name
app.add_typer(hooks, rich_help_panel="Orders")
app.add_typer(operators.orders, rich_help_panel="Operators")
app.add_typer(keys, rich_help_panel="Operators")
app.add_typer(risk, rich_help_panel="Operators")
app.add_typer(paper_market, rich_help_panel="Market")


def _unwrapped(typed: typer.Typer) -> None:
    """Let the help of commands flow: Typer keeps the line breaks of a docstring's later paragraphs."""
    for command in typed.registered_commands:
        paragraphs = inspect.getdoc(command.callback) or ""
        command.help = "\n\n".join(text.replace("\n", " ") for text in paragraphs.split("\n\n"))
    for group in typed.registered_groups:
        if group.typer_instance is not None:
            _unwrapped(group.typer_instance)


_unwrapped(app)


def _say_version(asked: bool) -> None:
    if asked:
        output.say(__version__)
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_say_version, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run a command; an expected error is one line on standard error, and exit code 1."""
    try:
        app(prog_name="dexec")
    except SdkError as exc:
        output.complain(advice.in_words(exc))
        sys.exit(1)
    except FieldRejected as exc:
        output.complain(f"{exc.field}: {exc}" if exc.field else str(exc))
        sys.exit(1)
    except (LocalError, DexecError) as exc:
        output.complain(str(exc))
        sys.exit(1)
    except (Stopped, KeyboardInterrupt):
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
