"""An answer that is lost after the order was accepted: each client ends with one order."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from dexec_client.raw.feed import Feed
from infra.lab.bench import load
from infra.lab.bench.figures import Figures
from infra.lab.bench.plan import Plan, Target
from tests.support.awaited import awaited
from tests.system.e2e import inprocess
from tests.system.e2e.deployed import ORDER, Deployed
from tests.system.e2e.lossy import lossy


def history(deployment: Deployed, key: str) -> list[str]:
    with deployment.client(key) as client:
        return [order["orderId"] for order in client.get("api/orders").json()["orders"]]


@pytest.mark.parametrize("losses", [(502, 503), (504,), (0, 0)])
def test_the_command(deployment: Deployed, losses: tuple[int, ...]) -> None:
    key = deployment.new_key()
    with lossy(deployment.http_url, *losses) as gateway:
        target = {"DEXEC_URL": gateway.url, "DEXEC_API_KEY": key}
        ran = inprocess.run("order", "SOL", "USDC", "1", "--json", **target)
    assert ran.returncode == 0, ran.stderr
    assert history(deployment, key) == [json.loads(ran.stdout)["orderId"]]
    assert len(gateway.keys) == len(losses) + 1
    assert len(set(gateway.keys)) == 1
    assert ran.stderr.count("asking again, under the same key") == len(losses), "it says so"


def test_the_command_that_gives_up_says_how_to_go_on(deployment: Deployed) -> None:
    key = deployment.new_key()
    with lossy(deployment.http_url, *([502] * 5)) as gateway:
        target = {"DEXEC_URL": gateway.url, "DEXEC_API_KEY": key}
        ran = inprocess.run("order", "SOL", "USDC", "1", **target)
        assert ran.returncode == 1
        assert "whether the order was placed is not known" in ran.stderr
        used = str(gateway.keys[0])
        advised = re.search(r"--idempotency-key \S+ --min-out [\d.]+", ran.stderr)
        assert advised is not None, ran.stderr
        assert used in advised[0]
        again = inprocess.run("order", "SOL", "USDC", "1", *advised[0].split(), "--json", **target)
    assert history(deployment, key) == [json.loads(again.stdout)["orderId"]]


def test_a_full_backlog_says_when_there_is_room(deployment: Deployed) -> None:
    key = deployment.new_key(orders_per_minute=1)
    # As after the orders of an hour, which would wait in the queue of the tests that follow.
    with psycopg.connect(deployment.database_url) as connection:
        connection.execute("INSERT INTO rate_limits VALUES (%s, now() + interval '1 hour')", [key])
    with lossy(deployment.http_url) as gateway:
        target = {"DEXEC_URL": gateway.url, "DEXEC_API_KEY": key}
        ran = inprocess.run("order", "SOL", "USDC", "0.01", **target)
    assert ran.returncode == 1
    assert "try again in " in ran.stderr
    assert len(gateway.keys) == 1, "what is refused is not sent again"
    assert history(deployment, key) == []


def test_the_bench(deployment: Deployed, tmp_path: Path) -> None:
    key, figures = deployment.new_key(), tmp_path / "figures.json"
    with lossy(deployment.http_url, 502, 0, 503) as gateway:
        options = ("--orders", "6", "--burst", "--warm-up", "0", "--json", str(figures))
        ran = inprocess.run("bench", "--endpoint", gateway.url, *options, DEXEC_API_KEY=key)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(figures.read_text())
    assert (report["ordersConfirmed"], report["ordersRefused"]) == (6, 0)
    assert 1 <= report["ordersRepeated"] <= 3
    assert "sent again after a lost answer" in ran.stdout
    assert len(history(deployment, key)) == len(set(gateway.keys)) == 6


def test_a_cold_bench_sends_once_and_finds_what_was_executed_behind_an_error(deployment: Deployed) -> None:
    key = deployment.new_key()
    with lossy(deployment.http_url, 502, 503) as gateway:
        target = Target(gateway.url, deployment.websocket_url, key)
        run = asyncio.run(load.run(Plan(6, warm_up=0, cold=True), target))
    found = Figures(run, None).document()
    assert (found["ordersConfirmed"], found["ordersRefused"], found["ordersBehindError"]) == (4, 2, 2)
    assert found["ordersRepeated"] == 0
    assert len(gateway.keys) == 6


@asynccontextmanager
async def losing_acks(websocket_url: str, losses: int) -> AsyncIterator[str]:
    """Serve a deployment's WebSocket; instead of the first acks the connection is closed."""
    left = losses

    async def serve_one(client: ServerConnection) -> None:
        nonlocal left
        query = client.request.path.partition("?")[2] if client.request else ""
        async with connect(f"{websocket_url}?{query}", proxy=None) as server:

            async def upwards() -> None:
                async for message in client:
                    await server.send(message)
                await server.close()

            task = asyncio.create_task(upwards())
            async for message in server:
                if json.loads(message)["type"] == "ack" and left:
                    left -= 1
                    break
                await client.send(message)
            task.cancel()

    async with serve(serve_one, "127.0.0.1", 0) as listener:
        yield f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}/live"


@awaited
async def test_the_feed(deployment: Deployed) -> None:
    key = deployment.new_key()
    async with losing_acks(deployment.websocket_url, 2) as url, Feed(url, key) as feed:
        order_id = str((await feed.execute(ORDER))["orderId"])
        seqs = [event.seq async for event in feed.until_terminal([order_id])]
    assert seqs == list(range(1, len(seqs) + 1))
    assert history(deployment, key) == [order_id]
