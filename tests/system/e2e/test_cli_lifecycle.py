"""Deployments that come and go, politely and otherwise; each test has homes of its own."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from websockets.sync.client import connect

from infra.local import stack
from infra.local.aws import Aws
from infra.local.home import Home, State
from tests.support.homes import new_home
from tests.system.e2e import command

SERVED = "wscat"
SCHEDULE_S = 60
QUICK = ("--port", "0", "--latency", "none")


@pytest.fixture
def home() -> Iterator[Path]:
    with new_home() as new:
        yield new.root
        command.run("down", "--home", str(new.root))
        assert command.processes_of(new.root) == []


def up(home: Path, *options: str) -> State:
    started = command.run("up", "--detach", "--json", "--home", str(home), *QUICK, *options)
    assert started.returncode == 0, started.stderr
    return State.model_validate_json(started.stdout)


def healthy(state: State) -> bool:
    return httpx.get(f"{state.http_url}/health", trust_env=False).is_success


def place(home: Path) -> str:
    placed = command.run("order", "SOL", "USDC", "1", "--json", "--home", str(home))
    assert placed.returncode == 0, placed.stderr
    return str(json.loads(placed.stdout)["orderId"])


def test_up_serves_status_says_where_and_down_leaves_nothing(home: Path) -> None:
    state = up(home)
    assert healthy(state)
    told = json.loads(command.run("status", "--json", "--home", str(home)).stdout)
    assert {"httpUrl", "websocketUrl", "apiKey", "databaseUrl", "endpointUrl", "processes"} <= told.keys()
    assert told["httpUrl"] == state.http_url
    assert {p["name"] for p in told["processes"]} == {"postgres", "emulator"}
    assert (told["ready"], told["problem"], told["restarts"]) == (True, "", [])
    assert told["supervisor"]["pid"] in {process.pid for process in command.processes_of(home)}
    assert command.run("down", "--home", str(home)).returncode == 0
    assert command.processes_of(home) == []
    assert not (home / "tmp").exists()
    after = command.run("status", "--home", str(home))
    assert after.returncode == 1
    assert "dexec up --detach" in after.stderr


def test_history_survives_down_and_up(home: Path) -> None:
    up(home)
    order_id = place(home)
    assert command.run("watch", order_id, "--home", str(home)).returncode == 0
    command.run("down", "--home", str(home))
    up(home)
    orders = json.loads(command.run("history", "--json", "--home", str(home)).stdout)
    assert [order["orderId"] for order in orders] == [order_id]


def test_the_logs_of_one_order_come_from_every_function_that_had_it(home: Path) -> None:
    up(home)
    order_id = place(home)
    command.run("watch", order_id, "--home", str(home))
    printed = command.run("logs", "--order", order_id, "--json", "--home", str(home)).stdout
    lines = [json.loads(line) for line in printed.splitlines()]
    assert {"http_api", "executor"} <= {line["service"] for line in lines}
    assert all(order_id in json.dumps(line) for line in lines)
    assert order_id in command.run("logs", "--home", str(home)).stdout


def test_two_deployments_run_side_by_side(home: Path) -> None:
    other = home / "other"
    try:
        first, second = up(home), up(other)
        assert first.http_url != second.http_url
        order_id = place(home)
        found = command.run("show", order_id, "--home", str(other))
        assert found.returncode == 1
        assert "no such order" in found.stderr
        command.run("down", "--home", str(other))
        assert healthy(first)
    finally:
        command.run("down", "--home", str(other))
    assert command.processes_of(other) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_also_with_a_websocket_open(home: Path, number: signal.Signals) -> None:
    with command.running("up", "--home", str(home), *QUICK, until=SERVED) as process:
        state = Home(home).read()
        assert state is not None
        with connect(f"{state.websocket_url}?apiKey={state.api_key}", proxy=None):
            process.send_signal(number)
            assert process.wait(command.PATIENCE_S) == 0
    assert command.processes_of(home) == []


def kill(state: State, name: str) -> None:
    """Kill a process as ``kill -9`` does."""
    process = state.process(name)
    assert process is not None
    psutil.Process(process.pid).kill()


def wait_until_ready(home: Path, restarted: str) -> dict[str, Any]:
    """Wait until a restart is told of and orders are taken; return what ``dexec status`` says then."""
    deadline = time.monotonic() + command.PATIENCE_S
    while time.monotonic() < deadline:
        status = command.run("status", "--json", "--home", str(home))
        if status.returncode == 0 and restarted in status.stdout:
            told: dict[str, Any] = json.loads(status.stdout)
            return told
        time.sleep(0.2)
    raise AssertionError(f"{restarted} was not restarted: {status.stdout}{status.stderr}")


def test_what_is_killed_comes_back_without_a_command_and_orders_go_on(home: Path) -> None:
    before = up(home)
    waiting = place(home)
    kill(before, "postgres")
    told = wait_until_ready(home, "postgres restarted")
    assert "postgres ended unexpectedly; restarting" in " ".join(told["restarts"])
    assert told["databaseUrl"] == before.database_url
    assert [p["pid"] for p in told["processes"] if p["name"] == "emulator"] == [before.processes[1].pid]
    for order_id in (waiting, place(home)):
        watched = command.run("watch", order_id, "--json", "--home", str(home))
        assert "confirmed" in watched.stdout, watched.stderr
    aws = Aws(before.endpoint_url)
    mapping = stack.outputs(aws)["ExecutorMapping"]
    aws.functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    waiting = place(home)
    kill(before, "emulator")
    wait_until_ready(home, "emulator restarted")
    began = time.monotonic()
    assert command.run("watch", waiting, "--home", str(home)).returncode == 0
    # Its message is gone with the emulator; the sweeper's schedule would find it after a minute.
    assert time.monotonic() - began < SCHEDULE_S - 20
    assert command.run("down", "--home", str(home)).returncode == 0
    assert command.processes_of(home) == []


def test_in_the_foreground_a_restart_is_reported_among_the_logs(home: Path) -> None:
    with command.running("up", "--home", str(home), *QUICK, until=SERVED) as process:
        for name in ("postgres", "emulator"):
            state = Home(home).read()
            assert state is not None
            kill(state, name)
            assert process.stdout is not None
            line = ""
            while f"{name} restarted" not in line:
                line = process.stdout.readline()
                assert line
        order_id = place(home)
        assert command.run("watch", order_id, "--home", str(home)).returncode == 0
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=command.PATIENCE_S)[0]
        assert process.returncode == 0
    assert order_id in rest, "the logs go on, too"
    assert command.processes_of(home) == []


def test_without_restarts_a_crash_of_the_emulator_is_reported_and_stops_the_rest(home: Path) -> None:
    with command.running("up", "--no-restart", "--home", str(home), *QUICK, until=SERVED) as process:
        state = Home(home).read()
        assert state is not None
        place(home)
        kill(state, "emulator")
        rest = process.communicate(timeout=command.PATIENCE_S)[0]
        assert process.returncode == 1
    assert "emulator" in rest
    assert "ended unexpectedly" in rest
    assert command.processes_of(home) == []


def test_what_crashed_is_brought_back_where_it_was(home: Path) -> None:
    before = up(home, "--no-restart")
    assert before.supervisor is None
    order_id = place(home)
    command.run("watch", order_id, "--home", str(home))
    for process in before.processes:
        psutil.Process(process.pid).kill()
    crashed = command.run("status", "--home", str(home))
    assert crashed.returncode == 1
    assert "ended unexpectedly" in crashed.stderr
    after = up(home)
    assert after.http_url == before.http_url
    assert command.run("show", order_id, "--home", str(home)).returncode == 0


def test_a_lost_state_file_loses_no_process(home: Path) -> None:
    up(home)
    (home / "state.json").unlink()
    assert healthy(up(home))
    command.run("down", "--home", str(home))
    assert command.processes_of(home) == []


def test_a_second_up_finds_the_first_and_other_parameters_are_refused(home: Path) -> None:
    first = up(home)
    assert up(home).processes == first.processes
    refused = command.run("up", "--detach", "--home", str(home), "--set", "OrdersPerMinute=7")
    assert refused.returncode == 1
    assert "dexec down" in refused.stderr
