"""``dexec up``, ``down``, ``status``, ``deploy``: the deployment on this machine."""

from __future__ import annotations

import difflib
import time
import uuid
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from infra.cli import output
from infra.cli.interrupts import Stopped, stoppable
from infra.cli.log_lines import print_line
from infra.cli.target import HOME, HomeOption, JsonOption

if TYPE_CHECKING:
    from dexec.domain.halts import Switch
    from dexec_client.raw.json_types import Document
    from infra.json_types import Json
    from infra.local.deployment import Options
    from infra.local.errors import LocalError
    from infra.local.home import Home, State

_PAUSE_S = 0.5
"""Between two looks at the logs and the processes."""


class Latency(StrEnum):
    """How long the paper venues and the paper cluster take."""

    none = "none"
    default = "default"
    congested = "congested"


PortOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65_535,
        help="Port of the emulator; it has to be free. 0 takes any.",
        show_default="4566, or another one if that is taken",
    ),
]
LatencyOption = Annotated[Latency, typer.Option(help="How long the paper venues and cluster take.")]
FailureOption = Annotated[
    float, typer.Option(min=0, max=1, help="Fraction of orders whose swaps slip past their limit.")
]
RestartOption = Annotated[
    bool, typer.Option("--restart/--no-restart", help="Restart PostgreSQL or the emulator when it dies.")
]
WorkersOption = Annotated[
    int,
    typer.Option(
        min=0,
        show_default="as many as suit the machine",
        help="Processes that each function has at most; further requests wait for their turn. The executor "
        "has as many as orders execute at a time.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter of template.yaml; may be repeated."),
]


def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Return once requests are served.")] = False,
    home: HomeOption = HOME,
    port: PortOption = None,
    latency: LatencyOption = Latency.default,
    failure_rate: FailureOption = 0,
    parameter: SetOption = None,
    workers: WorkersOption = 0,
    restart: RestartOption = True,
    as_json: JsonOption = False,
) -> None:
    """Start PostgreSQL and the emulator, deploy to them, and follow the functions' logs until Ctrl-C.

    Processes that die are restarted, at most five times in ten minutes. With --detach, a background process
    does so, until `dexec down`.
    """
    from infra.local import deployment
    from infra.local.home import Home

    where = Home(home.resolve())
    options = local_options(
        port, latency, failure_rate, parameter or [], workers=workers, supervised=detach and restart
    )
    with stoppable():
        state, started = deployment.up(where, options, report=output.note)
        print_status(state, as_json=as_json)
        if detach or not started:
            return
        try:
            _follow_until_stopped(where, restart=restart, as_json=as_json)
        except Stopped:
            output.note("stopping")
        finally:
            deployment.down(where)


def down(home: HomeOption = HOME, as_json: JsonOption = False) -> None:
    """Stop what `dexec up` started. The history stays."""
    from infra.local import deployment
    from infra.local.home import Home

    stopped = deployment.down(Home(home.resolve()))
    if as_json:
        output.say_json({"stopped": stopped})
    else:
        output.say("stopped" if stopped else f"no deployment ran under {home.resolve()}")


def status(home: HomeOption = HOME, as_json: JsonOption = False) -> None:
    """Show where the local deployment is, whether it takes orders, what is halted, and what was restarted.

    The exit code is 1 if it does not run or does not take orders.
    """
    from infra.cli.halt import lifting
    from infra.cli.operators import access
    from infra.local import deployment, readiness
    from infra.local.home import Home

    where = Home(home.resolve())
    state = deployment.running(where)
    problem = readiness.what_is_down(state)
    switches: tuple[Switch, ...] = ()
    if not problem:
        with access(home, None) as way:
            switches = way.parts.control.switches()
    restarts = readiness.restarts(where)
    if as_json:
        halts: list[Json] = [switch.name for switch in switches]
        found = {"ready": not problem, "problem": problem, "halts": halts, "restarts": restarts}
        output.say_json({**document(state), **found})
    else:
        print_status(state, as_json=False)
        output.say(f"[dim]{'ready':<10}[/] {escape(problem) or 'yes'}")
        for switch in switches:
            output.say(f"[dim]{'halts':<10}[/] {escape(str(switch))}; lift it with: dexec {lifting(switch)}")
        for line in restarts:
            output.say(f"[dim]{'restarts':<10}[/] {escape(line)}")
    if problem:
        raise typer.Exit(1)


def deploy(
    *,
    database_url: Annotated[
        str,
        typer.Option(
            envvar="DATABASE_URL",
            help="PostgreSQL that the functions can reach; in its password, @ is written %40 and / is %2F.",
        ),
    ],
    endpoint: Annotated[
        str | None,
        typer.Option(
            help="A LocalStack or MiniStack that runs already.", show_default="where LOCALSTACK_HOST says"
        ),
    ] = None,
    built: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="What `sam build` made.", show_default="sources"),
    ] = None,
    parameter: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deploy template.yaml to an emulator that runs already, and create the key `local` there."""
    from infra.local import rollout
    from infra.local.aws import Aws
    from infra.local.home import PROJECT

    where = endpoint or Aws().endpoint_url
    output.note(f"deploying template.yaml to {where}")
    state = rollout.deploy(where, database_url, parameters(parameter or []), built or PROJECT)
    print_status(state, as_json=as_json)


def local_options(
    port: int | None,
    latency: Latency,
    failure_rate: float,
    given: list[str],
    *,
    workers: int = 0,
    supervised: bool = False,
) -> Options:
    """Return a local deployment's options; without a port, the usual one, or another if that is taken."""
    from infra.local.deployment import Options
    from infra.local.emulator import PORT

    chosen = {"PaperLatency": latency.value, "PaperFailureRate": str(failure_rate)}
    return Options(
        port=PORT if port is None else port,
        is_port_fixed=bool(port),
        parameters=chosen | parameters(given),
        workers=workers,
        supervised=supervised,
    )


def parameters(given: list[str]) -> dict[str, str]:
    """Take NAME=VALUE apart."""
    pairs = [text.partition("=") for text in given]
    wrong = next((name for name, equals, _ in pairs if not equals), None)
    if wrong is not None:
        raise typer.BadParameter(f"--set takes NAME=VALUE, as in --set OrdersPerMinute=600, not {wrong!r}")
    if pairs:
        _check_names([name for name, _, _ in pairs])
    found = {name: value for name, _, value in pairs}
    _check_tape(found.get("PaperTape", ""))
    return found


def _check_tape(tape: str) -> None:
    """Refuse a tape that the functions would not start with. Raises ``Invalid``."""
    if tape not in ("", "live"):
        from dexec.adapters.paper.simulator import configured_tape

        configured_tape(tape)


def _check_names(given: list[str]) -> None:
    """Refuse unknown parameters: an emulator would ignore them silently."""
    from infra.local import template
    from infra.local.home import PROJECT

    known = template.parameter_names(template.load(PROJECT / "template.yaml"))
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            advice = f"did you mean {close[0]}?" if close else "docs/configuration.md lists them"
            raise typer.BadParameter(f"template.yaml has no parameter {name!r}; {advice}")


def document(state: State) -> Document:
    """Return a deployment as JSON has it."""
    dumped: Document = state.model_dump(by_alias=True, mode="json", exclude={"ready"})
    return {"consoleUrl": state.console_url, **dumped}


def print_status(state: State, *, as_json: bool) -> None:
    """Print where a deployment is and how to use it."""
    if as_json:
        output.say_json(document(state))
        return
    processes = ", ".join(f"{p.name} (pid {p.pid}, port {p.port})" for p in state.processes)
    if state.supervisor is not None:
        processes += f", {state.supervisor.name} (pid {state.supervisor.pid})"
    order = '{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"slippage":0.5}'
    for name, value in (
        ("console", state.console_url),
        ("HTTP", state.http_url),
        ("WebSocket", state.websocket_url),
        ("API key", state.api_key),
        ("processes", processes or "none was started by dexec"),
    ):
        output.say(f"[dim]{name:<10}[/] {value}")
    output.say("\nPlace an order, and watch all of yours:\n")
    output.say(
        f"  curl -s -X POST {state.http_url}/api/orders/execute \\\n"
        f"    -H 'x-api-key: {state.api_key}' -H 'content-type: application/json' \\\n"
        f"    -H 'idempotency-key: {uuid.uuid4()}' \\\n    -d '{order}'\n"
    )
    output.say("[dim]Under the same idempotency key it is placed once; a new key places another one.[/]\n")
    output.say(f"  npx wscat -c '{state.websocket_url}?apiKey={state.api_key}&stream=all'\n")


def _follow_until_stopped(home: Home, *, restart: bool, as_json: bool) -> None:
    """Print log lines until a signal comes or a process ends for good. Raises ``NotRunning`` then."""
    from dexec.adapters.clock import SystemClock
    from infra.local import deployment
    from infra.local.errors import LocalError
    from infra.local.supervisor import Supervisor

    output.note("following the functions' logs; Ctrl-C stops everything")
    if not restart:
        try:
            _follow(home, lambda: not deployment.running(home), as_json=as_json)
        except LocalError:
            # That a process ended says more than that the logs cannot be read.
            deployment.running(home)
            raise
    supervisor = Supervisor(home, output.note, SystemClock())
    while True:
        try:
            _follow(home, supervisor.look, as_json=as_json)
        except LocalError as exc:
            _wait_for_restart(home, supervisor.look, exc)


def _follow(home: Home, look: Callable[[], bool], *, as_json: bool) -> None:
    """Print log lines, calling ``look`` twice a second, until it has restarted something."""
    from infra.local import deployment, stack
    from infra.local.aws import Aws
    from infra.local.logs import LogReader

    aws = Aws(deployment.running(home).endpoint_url)
    reader = LogReader(aws.logs, stack.outputs(aws)["LogGroup"], since=time.time())
    while not look():
        for line in reader.read():
            print_line(line, as_json=as_json)
        time.sleep(_PAUSE_S)


def _wait_for_restart(home: Home, look: Callable[[], bool], cause: LocalError) -> None:
    """Wait until something was restarted; raise ``cause`` if everything runs, and it has another reason."""
    while not look():
        state = home.read()
        if state is not None and state.serving():
            raise cause
        time.sleep(_PAUSE_S)
