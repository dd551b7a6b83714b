"""Deployments that come and go, politely and otherwise; each test has homes of its own."""

from __future__ import annotations

import json
import platform
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg
import pytest
from websockets.sync.client import connect

from infra.local import stack, versions
from infra.local.aws import Aws
from infra.local.home import Home, State
from infra.local.versions import Platform
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


@pytest.fixture(scope="module")
def kept() -> Iterator[Path]:
    """Give the home of a deployment that the tests share which leave it running."""
    with new_home() as new:
        up(new.root)
        yield new.root
        command.run("down", "--home", str(new.root))
        assert command.processes_of(new.root) == []


def running(home: Path) -> State:
    state = Home(home).read()
    assert state is not None
    return state


def test_status_tells_where_it_is_served(kept: Path) -> None:
    state = running(kept)
    assert healthy(state)
    told = json.loads(command.run("status", "--json", "--home", str(kept)).stdout)
    assert {"httpUrl", "websocketUrl", "apiKey", "databaseUrl", "endpointUrl", "processes"} <= told.keys()
    assert told["httpUrl"] == state.http_url
    assert {p["name"] for p in told["processes"]} == {"postgres", "emulator"}
    assert (told["ready"], told["problem"], told["restarts"]) == (True, "", [])
    assert told["supervisor"]["pid"] in {process.pid for process in command.processes_of(kept)}


def test_a_second_up_finds_the_first_and_other_parameters_are_refused(kept: Path) -> None:
    first = running(kept)
    assert up(kept).processes == first.processes
    refused = command.run("up", "--detach", "--home", str(kept), "--set", "OrdersPerMinute=7")
    assert refused.returncode == 1
    assert "dexec down" in refused.stderr


def test_two_deployments_run_side_by_side(kept: Path, home: Path) -> None:
    first, second = running(kept), up(home)
    assert first.http_url != second.http_url
    order_id = place(kept)
    found = command.run("show", order_id, "--home", str(home))
    assert found.returncode == 1
    assert "no such order" in found.stderr
    command.run("down", "--home", str(home))
    assert healthy(first)


def test_history_survives_down_and_up_and_down_leaves_nothing(kept: Path) -> None:
    order_id = place(kept)
    assert command.run("watch", order_id, "--home", str(kept)).returncode == 0
    printed = command.run("logs", "--order", order_id, "--json", "--home", str(kept)).stdout
    lines = [json.loads(line) for line in printed.splitlines()]
    assert {"http_api", "executor"} <= {line["service"] for line in lines}
    assert all(order_id in json.dumps(line) for line in lines)
    assert order_id in command.run("logs", "--home", str(kept)).stdout

    assert command.run("down", "--home", str(kept)).returncode == 0
    assert command.processes_of(kept) == []
    assert not (kept / "tmp").exists()
    after = command.run("status", "--home", str(kept))
    assert after.returncode == 1
    assert "dexec up --detach" in after.stderr

    up(kept)
    orders = json.loads(command.run("history", "--json", "--home", str(kept)).stdout)
    assert order_id in [order["orderId"] for order in orders]


def test_a_lost_state_file_loses_no_process(kept: Path) -> None:
    (kept / "state.json").unlink()
    assert healthy(up(kept))


def test_a_signal_stops_everything_also_with_a_websocket_open(home: Path) -> None:
    with command.running("up", "--home", str(home), *QUICK, until=SERVED) as process:
        state = running(home)
        with connect(f"{state.websocket_url}?apiKey={state.api_key}", proxy=None):
            process.send_signal(signal.SIGTERM)
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
            kill(running(home), name)
            assert process.stdout is not None
            line = ""
            while f"{name} restarted" not in line:
                line = process.stdout.readline()
                assert line
        order_id = place(home)
        assert command.run("watch", order_id, "--home", str(home)).returncode == 0
        state = running(home)
        with connect(f"{state.websocket_url}?apiKey={state.api_key}", proxy=None):
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=command.PATIENCE_S)[0]
        assert process.returncode == 0
    assert order_id in rest, "the logs go on, too"
    assert command.processes_of(home) == []


def test_without_restarts_a_crash_of_the_emulator_is_reported_and_stops_the_rest(home: Path) -> None:
    with command.running("up", "--no-restart", "--home", str(home), *QUICK, until=SERVED) as process:
        place(home)
        kill(running(home), "emulator")
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


def test_a_build_for_another_python_is_refused_before_anything_changes(kept: Path, tmp_path: Path) -> None:
    first = running(kept)
    mine = Platform(sys.version_info.minor, platform.machine())
    assert versions.of_emulator(Aws(first.endpoint_url), mine.machine) == mine
    (tmp_path / f"_x.cpython-399-{mine.machine}-linux-gnu.so").touch()
    to = {"LOCALSTACK_HOST": first.endpoint_url.removeprefix("http://"), "DATABASE_URL": first.database_url}
    refused = command.run("deploy", "--built", str(tmp_path), **to)
    assert refused.returncode == 1
    assert f"was built for Python 3.99 on {mine.machine}" in refused.stderr
    assert str(mine) in refused.stderr
    assert healthy(first)


def test_the_address_without_its_slash_leads_to_the_console(kept: Path) -> None:
    answer = httpx.get(running(kept).http_url, trust_env=False, follow_redirects=True)
    assert answer.is_success
    assert str(answer.url) == running(kept).console_url
    assert "<title>" in answer.text


def test_a_port_that_is_taken_is_refused_with_what_holds_it(kept: Path, home: Path) -> None:
    port = urlsplit(running(kept).http_url).port
    refused = command.run("up", "--detach", "--home", str(home), "--port", str(port))
    assert refused.returncode == 1
    assert f"port {port} is taken by the deployment under {kept}" in refused.stderr


def test_a_deploy_with_other_parameters_and_another_database_updates_the_stack(kept: Path) -> None:
    first = running(kept)
    second_url = urlsplit(first.database_url)._replace(path="/second").geturl()
    with psycopg.connect(first.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE second")
    to = {"LOCALSTACK_HOST": first.endpoint_url.removeprefix("http://"), "DATABASE_URL": second_url}
    refused = command.run("deploy", "--set", "MaxConcurrency=1", **to)
    assert refused.returncode == 1
    assert "MaxConcurrency" in refused.stderr, "CloudFormation's reason"
    changed = ("--set", "PaperLatency=none", "--set", "OrdersPerMinute=600", "--set", "MaxConcurrency=3")
    ran = command.run("deploy", *changed, "--json", **to)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["httpUrl"] == first.http_url
    functions = Aws(first.endpoint_url).functions
    name = stack.outputs(Aws(first.endpoint_url))["ExecutorFunction"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    assert variables["ORDERS_PER_MINUTE"] == "600"
    assert functions.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 3
    with psycopg.connect(second_url) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM migrations").fetchone() == (True,)
    # The key is one of the second database, and so is what the functions read.
    headers = {"x-api-key": first.api_key}
    answer = httpx.get(f"{first.http_url}/api/orders", headers=headers, trust_env=False)
    assert answer.json()["orders"] == []
