"""The bench and the waterfall on a deployment, and the budget on its stand."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from infra.lab.bench import budget, history, hold
from infra.lab.bench.plan import Target
from tests.system.e2e import inprocess
from tests.system.e2e.deployed import Deployed

LOST = ("eventsMissing", "eventsOutOfOrder", "ordersRefused", "ordersFailed", "ordersNotTerminal")


def bench(deployment: Deployed, directory: Path, *options: str) -> dict[str, Any]:
    """Run the command with a client of its own; return the figures it wrote."""
    figures, key = directory / "figures.json", deployment.new_key()
    files = ("--json", str(figures), "--html", str(directory / "page.html"))
    given = ("--endpoint", deployment.http_url, "--warm-up", "0", *options, *files)
    ran = inprocess.run("bench", *given, DEXEC_API_KEY=key)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert not ran.stderr, "without a terminal there is no progress bar"
    report: dict[str, Any] = json.loads(figures.read_text())
    assert f"{report['plan']['orders']} orders" in ran.stdout
    return report


@pytest.mark.parametrize(
    "options",
    [
        ("--burst", "--watchers", "3"),
        ("--rate", "12"),
        ("--over", "websocket"),
        ("--sockets", "one-per-order"),
    ],
    ids=lambda options: options[0],
)
def test_every_order_is_confirmed_and_every_event_delivered(
    deployment: Deployed, tmp_path: Path, options: tuple[str, ...]
) -> None:
    report = bench(deployment, tmp_path, "--orders", "12", *options)
    assert {name: report[name] for name in LOST} == dict.fromkeys(LOST, 0)
    assert report["ordersConfirmed"] == 12
    assert report["eventsExpected"] == 12 * 6 * report["plan"]["watchers"]
    assert 0 < report["acceptMs"]["p50"] <= report["acceptMs"]["p99"] <= report["acceptMs"]["max"]
    assert report["endToEndMs"]["p50"] >= report["stateMs"]["routing"]["p50"]
    assert report["ordersPerSecond"] == pytest.approx(12 / report["seconds"], rel=0.01)
    assert report["highestExecuting"] >= 1
    assert (report["socketsRefused"], report["ordersBehindError"]) == (0, 0)
    assert "load client" in report["cpuSeconds"]
    page = (tmp_path / "page.html").read_text()
    assert "12 orders" in page
    assert "src=" not in page, "it loads nothing"
    if "--rate" in options:
        assert report["seconds"] >= 0.9, "the twelfth order is not sent before that"


def test_a_wrong_key_is_reported_in_a_line(deployment: Deployed) -> None:
    ran = inprocess.run("bench", "--orders", "1", "--endpoint", deployment.http_url, DEXEC_API_KEY="wrong")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "401" in ran.stderr or "WebSocket" in ran.stderr


def test_rate_and_burst_exclude_each_other() -> None:
    assert inprocess.run("bench", "--rate", "1", "--burst").returncode == 2


@pytest.mark.parametrize("other", [("--endpoint", "http://127.0.0.1:1"), ("--warm-up", "5")])
def test_cold_is_a_deployment_of_its_own_with_nothing_before(other: tuple[str, str]) -> None:
    ran = inprocess.run("bench", "--cold", *other, DEXEC_API_KEY="any")
    assert ran.returncode == 2
    assert "--cold cannot be combined with" in ran.stderr


def test_the_waterfall_covers_the_order_from_first_to_last_event(deployment: Deployed) -> None:
    key = deployment.new_key()
    target = {"DEXEC_URL": deployment.http_url, "DEXEC_API_KEY": key}
    placed = inprocess.run("order", "SOL", "USDC", "1", "--json", **target)
    order_id = json.loads(placed.stdout)["orderId"]
    assert inprocess.run("watch", order_id, **target).returncode == 0
    trace = json.loads(inprocess.run("trace", order_id, "--json", **target).stdout)
    spans = trace["spans"]
    assert trace["status"] == "confirmed"
    assert len(spans) == 5
    assert sum(span["ms"] for span in spans) == pytest.approx(trace["totalMs"])
    assert all(before["endsMs"] == after["startsMs"] for before, after in pairwise(spans))
    assert "waits in the queue" in inprocess.run("trace", order_id, **target).stdout


def test_a_history_can_be_grown_and_read(deployment: Deployed) -> None:
    key = deployment.new_key()
    history.grow(deployment.database_url, key, 1, 50)
    found = history.measure(Target(deployment.http_url, deployment.websocket_url, key))
    assert set(found) == {"newestMs", "ofStatusMs"}
    with deployment.client(key) as client:
        page = client.get("api/orders?limit=30").json()
        assert len(page["orders"]) == 30
        assert page["orders"][0]["orderId"] == f"ord_{50:032x}"
        rest = client.get(f"api/orders?limit=30&cursor={page['nextCursor']}").json()
        assert len(rest["orders"]) == 20


def test_the_budget_counts_frames_and_measures_every_function() -> None:
    found = budget.measure(runs=1, orders=25)
    assert found.unwatched["frames"] == 0
    assert 1 <= found.watched["frames"] / budget.WATCHERS <= 6
    assert found.unwatched["cpuMs"] == pytest.approx(
        found.unwatched["acceptCpuMs"] + found.unwatched["executeCpuMs"]
    )
    assert {name.partition(":")[0] for name in found.cold} == {"http_api", "executor", "websocket"}
    assert all(start["cpuMs"] > 0 and start["memoryMb"] > 10 for start in found.cold.values())


def test_sockets_that_are_held_open(deployment: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "SETTLE_S", 0)
    target = Target(deployment.http_url, deployment.websocket_url, deployment.new_key())
    found = asyncio.run(hold.hold(target, deployment.state, 5, 0.2))
    assert (found.sockets, found.dropped) == (5, 0)
    assert set(found.cpu_percent_of) >= {"emulator", "postgres"}
    assert found.memory_mb > 0
