"""A deployment that comes and goes, and what is restarted, redeployed or refused meanwhile."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from infra.local import stack, versions
from infra.local.aws import Aws
from infra.local.versions import Platform
from tests.system.e2e import command, inprocess
from tests.system.e2e.lifecycle import (
    given_home,
    healthy,
    kill,
    place,
    running,
    stop,
    up,
    wait_until_ready,
    watch,
)

SCHEDULE_S = 60


@pytest.fixture(scope="module")
def kept() -> Iterator[Path]:
    """Give the home of a deployment that the tests share: each leaves it running."""
    with given_home() as root:
        up(root)
        yield root


def test_status_tells_where_it_is_served(kept: Path) -> None:
    state = running(kept)
    assert healthy(state)
    told = json.loads(inprocess.run("status", "--json", "--home", str(kept)).stdout)
    assert {"httpUrl", "websocketUrl", "apiKey", "databaseUrl", "endpointUrl", "processes"} <= told.keys()
    assert told["httpUrl"] == state.http_url
    assert {p["name"] for p in told["processes"]} == {"postgres", "emulator"}
    assert (told["ready"], told["problem"], told["restarts"]) == (True, "", [])
    assert told["supervisor"]["pid"] in {process.pid for process in command.processes_of(kept)}


def test_a_second_up_finds_the_first_and_other_parameters_are_refused(kept: Path) -> None:
    first = running(kept)
    assert up(kept).processes == first.processes
    refused = inprocess.run("up", "--detach", "--home", str(kept), "--set", "OrdersPerMinute=7")
    assert refused.returncode == 1
    assert "dexec down" in refused.stderr


def test_what_is_killed_comes_back_without_a_command_and_orders_go_on(kept: Path) -> None:
    before = running(kept)
    waiting = place(kept)
    kill(before, "postgres")
    told = wait_until_ready(kept, "postgres restarted")
    assert "postgres ended unexpectedly; restarting" in " ".join(told["restarts"])
    assert told["databaseUrl"] == before.database_url
    assert [p["pid"] for p in told["processes"] if p["name"] == "emulator"] == [before.processes[1].pid]
    for order_id in (waiting, place(kept)):
        watch(kept, order_id)
    aws = Aws(before.endpoint_url)
    mapping = stack.outputs(aws)["ExecutorMapping"]
    aws.functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    waiting = place(kept)
    kill(before, "emulator")
    wait_until_ready(kept, "emulator restarted")
    began = time.monotonic()
    watch(kept, waiting)
    # Its message is gone with the emulator; the sweeper's schedule would find it after a minute.
    assert time.monotonic() - began < SCHEDULE_S - 20


def test_history_survives_down_and_up_and_down_leaves_nothing(kept: Path) -> None:
    order_id = place(kept)
    watch(kept, order_id)
    printed = inprocess.run("logs", "--order", order_id, "--json", "--home", str(kept)).stdout
    lines = [json.loads(line) for line in printed.splitlines()]
    assert {"http_api", "executor"} <= {line["service"] for line in lines}
    assert all(order_id in json.dumps(line) for line in lines)
    assert order_id in inprocess.run("logs", "--home", str(kept)).stdout

    stop(kept)
    assert not (kept / "tmp").exists()
    after = inprocess.run("status", "--home", str(kept))
    assert after.returncode == 1
    assert "dexec up --detach" in after.stderr

    up(kept)
    orders = json.loads(inprocess.run("history", "--json", "--home", str(kept)).stdout)
    assert order_id in [order["orderId"] for order in orders]


def test_a_lost_state_file_loses_no_process(kept: Path) -> None:
    (kept / "state.json").unlink()
    assert healthy(up(kept))


def test_a_build_for_another_python_is_refused_before_anything_changes(kept: Path, tmp_path: Path) -> None:
    first = running(kept)
    mine = Platform(sys.version_info.minor, platform.machine())
    assert versions.of_emulator(Aws(first.endpoint_url), mine.machine) == mine
    (tmp_path / f"_x.cpython-399-{mine.machine}-linux-gnu.so").touch()
    to = {"LOCALSTACK_HOST": first.endpoint_url.removeprefix("http://"), "DATABASE_URL": first.database_url}
    refused = inprocess.run("deploy", "--built", str(tmp_path), **to)
    assert refused.returncode == 1
    assert f"was built for Python 3.99 on {mine.machine}" in refused.stderr
    assert str(mine) in refused.stderr
    assert healthy(first)


def test_the_address_without_its_slash_leads_to_the_console(kept: Path) -> None:
    answer = httpx.get(running(kept).http_url, trust_env=False, follow_redirects=True)
    assert answer.is_success
    assert str(answer.url) == running(kept).console_url
    assert "<title>" in answer.text


def test_a_deploy_with_other_parameters_and_another_database_updates_the_stack(kept: Path) -> None:
    first = running(kept)
    second_url = urlsplit(first.database_url)._replace(path="/second").geturl()
    with psycopg.connect(first.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE second")
    to = {"LOCALSTACK_HOST": first.endpoint_url.removeprefix("http://"), "DATABASE_URL": second_url}
    refused = inprocess.run("deploy", "--set", "MaxConcurrency=1", **to)
    assert refused.returncode == 1
    assert "MaxConcurrency" in refused.stderr, "CloudFormation's reason"
    changed = ("--set", "PaperLatency=none", "--set", "OrdersPerMinute=600", "--set", "MaxConcurrency=3")
    ran = inprocess.run("deploy", *changed, "--json", **to)
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
