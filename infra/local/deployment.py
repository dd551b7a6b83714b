"""Starts, stops and repairs a local deployment as a whole."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from infra.local import emulator, postgres, processes, sam_env
from infra.local.errors import AlreadyRunning, NotRunning
from infra.local.home import PROJECT, Home, State
from infra.local.processes import ProcessRef

# ``rollout`` needs SDKs that take a second to load: what is started first starts meanwhile.

SUPERVISOR = "supervisor"

_LOADED_FIRST = ("HttpApiFunction", "WebSocketFunction", "ExecutorFunction")
"""The functions that an order passes; they are loaded while the rest is deployed."""


@dataclass(frozen=True)
class Options:
    """What one local deployment may do differently from another.

    ``port`` is the emulator's preferred port (0: any port, for PostgreSQL too); where it ``is_port_fixed``,
    it has to be that one. ``parameters`` are template parameters, ``durable`` False trades the history's
    safety from a crash of the machine for speed. ``supervised`` starts a process that restarts what dies; who
    breaks a deployment on purpose has none.
    ``enforce_iam`` lets functions do only what their roles allow. ``workers`` is how many processes each
    function has at most, 0 for as many as suit the machine.
    """

    port: int = emulator.PORT
    is_port_fixed: bool = False
    parameters: dict[str, str] = field(default_factory=dict)
    durable: bool = True
    supervised: bool = False
    enforce_iam: bool = False
    workers: int = 0
    project: Path = PROJECT


class Up(NamedTuple):
    """What runs, and whether this call started any of it."""

    state: State
    started: bool


def up(home: Home, options: Options | None = None, report: Callable[[str], None] = lambda _: None) -> Up:
    """Start what does not run yet and deploy; requests are served when this returns.

    Without ``options`` what runs already is right as it is. ``report`` is called with each stage.
    Raises ``LocalError``; what was started is stopped again then.
    """
    with home.locked():
        previous = home.read()
        if previous is not None and previous.serving():
            if options is not None and (others := _differences(previous, options)):
                raise AlreadyRunning(
                    f"the deployment under {home.root} runs with {', '.join(others)}; stop it first: "
                    f"{home.command('down')}"
                )
            return Up(_supervised(home, previous, options), started=False)
        try:
            state = _up(home, options or Options(), previous, report)
            return Up(_supervised(home, state, options), started=True)
        except BaseException:
            _down(home)
            raise


def down(home: Home) -> bool:
    """Stop the deployment; False if nothing of it ran. The history stays."""
    # First, because it may be restarting something, and would again.
    _stop_supervisor(home)
    with home.locked():
        return _down(home)


def running(home: Home) -> State:
    """Return what runs. Raises ``NotRunning``, saying whether it was stopped or crashed."""
    state = home.read()
    if state is None:
        raise NotRunning(f"no deployment runs under {home.root}; start one: {home.command('up --detach')}")
    if not state.serving():
        dead = ", ".join(state.dead()) or "the deployment"
        is_watched = state.supervisor is not None and processes.alive(state.supervisor)
        advice = f"it is being restarted, see {home.log(SUPERVISOR)}" if is_watched else _bring_back(home)
        raise NotRunning(f"{dead} under {home.root} ended unexpectedly; {advice}")
    return state


def _bring_back(home: Home) -> str:
    return f"bring it back: {home.command('up --detach')}"


def heal(home: Home, report: Callable[[str], None] = lambda _: None) -> tuple[str, ...]:
    """Restart what died, and return its names; none when all runs or was stopped on purpose.

    ``report`` is called with what died before it is restarted. Raises ``LocalError``, ``Busy`` while another
    command works on the deployment; running processes continue.
    """
    with home.locked():
        state = home.read()
        if state is None or state.serving():
            return ()
        dead = state.dead() or ("the deployment",)
        report(f"{', '.join(dead)} ended unexpectedly; restarting")
        _up(home, Options(parameters=state.parameters, workers=state.workers), state, lambda _: None)
        return dead


def restart_emulator(home: Home, options: Options) -> State:
    """Kill the emulator as a crash would, and bring it back with an empty queue; the history stays."""
    kill(home, emulator.NAME)
    return up(home, options).state


def kill(home: Home, name: str) -> None:
    """Stop one process of the deployment, as an experiment."""
    state = home.read()
    ref = state.process(name) if state else None
    if ref is None:
        raise NotRunning(f"no process {name} runs under {home.root}")
    _stop(home, ref)


def _up(home: Home, options: Options, previous: State | None, report: Callable[[str], None]) -> State:
    report("starting PostgreSQL and the emulator")
    had_orders = postgres.has_data(home)
    emulated_before = previous.process(emulator.NAME) if previous else None
    prepared = None
    with ThreadPoolExecutor(2) as pool:
        starting = (
            pool.submit(_ensure_postgres, home, options, previous),
            pool.submit(_ensure_emulator, home, options, previous, report),
        )
        from infra.local import connections, rollout

        if emulated_before is None:
            prepared = rollout.prepare(options.project)
        database, emulated = (process.result() for process in starting)
    endpoint, database_url = emulator.url(emulated.port), postgres.url(home, database.port)
    state = rollout.state_of(endpoint, database_url, options.parameters).model_copy(
        update={
            "processes": (database, emulated),
            "workers": options.workers,
            "supervisor": previous.supervisor if previous else None,
        }
    )
    if previous is not None and _is_deployed(previous, state):
        state = state.model_copy(update={"ready": True})
        home.write(state)
        return state
    home.write(state)
    report("deploying template.yaml")
    if emulated != emulated_before:
        # Clients connect again while it is being deployed: afterwards, these would be forgotten as well.
        connections.forget_all(state.database_url)
    state, deployed = rollout.roll_out(state, options.project, prepared)
    sam_env.write(home, state, deployed.outputs["OrderQueueUrl"])
    home.write(state)
    if had_orders:
        # The queue is new: no message is left of any order, however young it is.
        rollout.sweep(state, lost_after_s=0)
        rollout.watch(state)
    return state


def _differences(state: State, options: Options) -> list[str]:
    """Return in words what a deployment runs with that is not as it is asked for now."""
    emulated = state.process(emulator.NAME)
    is_there = not options.is_port_fixed or (emulated is not None and emulated.port == options.port)
    found = [] if is_there else [f"another port than {options.port}"]
    for name in sorted({*state.parameters, *options.parameters}):
        runs, asked = (given.get(name) for given in (state.parameters, options.parameters))
        if runs != asked:
            words = " at its default" if runs is None else f"={runs}"
            found.append(f"{name}{words} instead of {'its default' if asked is None else asked}")
    if state.workers != options.workers:
        found.append(f"--workers {state.workers} instead of {options.workers}")
    return found


def _is_deployed(previous: State, state: State) -> bool:
    """Return whether the emulator that runs has the stack already, with all it has to know."""
    emulated = state.process(emulator.NAME)
    same = emulated == previous.process(emulator.NAME) and state.database_url == previous.database_url
    return previous.ready and same and state.parameters == previous.parameters


def _down(home: Home) -> bool:
    state = home.read()
    for ref in state.processes if state else ():
        _stop(home, ref)
    emulator.stop_unknown(home)
    postgres.stop_unknown(home)
    sam_env.remove(home)
    home.forget()
    return state is not None


def _supervised(home: Home, state: State, options: Options | None) -> State:
    """Start the supervisor where one is wanted and none runs."""
    runs = state.supervisor is not None and processes.alive(state.supervisor)
    if options is None or not options.supervised or runs:
        return state
    log = home.log(SUPERVISOR)
    log.unlink(missing_ok=True)
    environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.environ.get("HOME", "/")}
    argv = [sys.executable, *_supervisor_arguments(home)]
    state = state.model_copy(
        update={"supervisor": processes.spawn(SUPERVISOR, argv, port=0, log=log, env=environ)}
    )
    home.write(state)
    return state


def _stop_supervisor(home: Home) -> None:
    """End it, and not what it started: that is stopped in its own way."""
    arguments = _supervisor_arguments(home)
    for process in processes.with_arguments(lambda argv: argv[1:] == arguments):
        processes.finish([process], signal.SIGKILL, grace_s=5)


def _supervisor_arguments(home: Home) -> list[str]:
    return ["-m", "infra.local.supervisor", str(home.root)]


def _stop(home: Home, ref: ProcessRef) -> None:
    if ref.name == emulator.NAME:
        emulator.stop(home, ref)
    else:
        postgres.stop(ref)


def _ensure_postgres(home: Home, options: Options, previous: State | None) -> ProcessRef:
    """Return the server that still runs, or start one, on the old port if there was one."""
    running = previous.process(postgres.NAME) if previous else None
    port = _old_port(previous, postgres.NAME, default=postgres.PORT if options.port else 0)
    return running or postgres.start(home, port=port, durable=options.durable)


def _ensure_emulator(
    home: Home, options: Options, previous: State | None, report: Callable[[str], None]
) -> ProcessRef:
    running = previous.process(emulator.NAME) if previous else None
    old = _old_port(previous, emulator.NAME, default=options.port)
    port = options.port if options.is_port_fixed else old
    settings = emulator.Settings(
        origin=options.parameters.get("CorsOrigin", ""),
        enforce_iam=options.enforce_iam,
        workers=options.workers,
        warm=_LOADED_FIRST,
    )
    started = running or emulator.start(home, port, settings, is_port_fixed=options.is_port_fixed)
    if port not in (0, started.port):
        report(f"port {port} is taken: the emulator uses {started.port}")
    return started


def _old_port(previous: State | None, name: str, default: int) -> int:
    """Return the port that a process served before it crashed: its address should stay the same."""
    return next((p.port for p in previous.processes if p.name == name), default) if previous else default
