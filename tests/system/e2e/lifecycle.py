"""What the tests of deployments that come and go do to them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from infra.local.home import Home, State
from tests.support.homes import new_home
from tests.system.e2e import command, inprocess

SERVED = "wscat"
"""What a deployment in the foreground prints once it serves."""

QUICK = ("--port", "0", "--latency", "none")


@contextmanager
def given_home() -> Iterator[Path]:
    """Give a home directory of which nothing is left in the end, nor of what was started there."""
    with new_home() as new:
        yield new.root
        stop(new.root)


def up(home: Path, *options: str) -> State:
    """Have a deployment in the background."""
    started = command.run("up", "--detach", "--json", "--home", str(home), *QUICK, *options)
    assert started.returncode == 0, started.stderr
    return State.model_validate_json(started.stdout)


def stop(home: Path) -> None:
    """Have none, and no process of it."""
    assert inprocess.run("down", "--home", str(home)).returncode == 0
    assert command.processes_of(home) == []


def running(home: Path) -> State:
    """Return what runs."""
    state = Home(home).read()
    assert state is not None
    return state


def healthy(state: State) -> bool:
    """Whether it answers."""
    return httpx.get(f"{state.http_url}/health", trust_env=False).is_success


def place(home: Path) -> str:
    """Place an order; return its id."""
    placed = inprocess.run("order", "SOL", "USDC", "1", "--json", "--home", str(home))
    assert placed.returncode == 0, placed.stderr
    return str(json.loads(placed.stdout)["orderId"])


def watch(home: Path, order_id: str) -> None:
    """Watch an order until it is confirmed."""
    watched = inprocess.run("watch", order_id, "--json", "--home", str(home))
    assert watched.returncode == 0, watched.stderr
    assert "confirmed" in watched.stdout


def kill(state: State, name: str) -> None:
    """Kill a process as ``kill -9`` does."""
    process = state.process(name)
    assert process is not None
    psutil.Process(process.pid).kill()


def wait_until_ready(home: Path, restarted: str) -> dict[str, Any]:
    """Wait until a restart is told of and orders are taken; return what ``dexec status`` says then."""
    deadline = time.monotonic() + command.PATIENCE_S
    while time.monotonic() < deadline:
        status = inprocess.run("status", "--json", "--home", str(home))
        if status.returncode == 0 and restarted in status.stdout:
            told: dict[str, Any] = json.loads(status.stdout)
            return told
        time.sleep(0.5)
    raise AssertionError(f"{restarted} was not restarted: {status.stdout}{status.stderr}")
