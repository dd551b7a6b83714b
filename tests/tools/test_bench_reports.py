from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dexec_client.raw.json_types import Document
from infra.lab.bench import standard
from infra.lab.bench.collector import Collector
from infra.lab.bench.figures import Figures
from infra.lab.bench.load import Placed, Run
from infra.lab.bench.performance import page as performance_page
from infra.lab.bench.plan import Plan
from infra.lab.bench.report_text import rows, title
from infra.lab.bench.standard import end_to_end_ms, of_runs

STATES = ("pending", "routing", "building", "submitted", "confirmed")
USED: Document = {"Executor": 0.5, "postgres": 0.25, "emulator": 0.25}


def figures() -> Figures:
    collector = Collector()
    placed = [Placed(number, 0.0, 0.01, f"order-{number}") for number in range(4)]
    for order in placed:
        for seq, status in enumerate(STATES, start=1):
            moment = f"2026-01-01T00:00:0{seq}Z"
            frame: Document = {"orderId": order.order_id, "seq": seq, "status": status, "at": moment}
            collector.receive(0, frame, seq * 0.1)
    return Figures(Run(Plan(4), placed, collector, 1, 0.0, 1767225600.0, 0), None)


def report() -> Document:
    machine: Document = {"cores": 2, "processor": "<any>", "memoryGb": 8, "system": "Linux", "python": "3"}
    return {
        **figures().document(),
        "cpuSeconds": USED,
        "memoryMb": USED,
        "deploymentMb": 300.4,
        "processes": 12,
        "yardstickCpuMs": 0.77,
        "plan": {
            "orders": 4,
            "rate": None,
            "over": "http",
            "watchers": 1,
            "sockets": "stream",
            "latency": None,
            "connections": 8,
            "cold": False,
        },
        "machine": {**machine, "loadAverage": 1.0},
        "commit": None,
        "at": "2026-01-01",
    }


def test_the_figures_in_words_say_what_was_run_and_lost() -> None:
    assert title(report()) == "4 orders in a burst over http, 1 watching, 8 connections"
    said = dict(rows(report()))
    assert said["orders"] == "4 confirmed"
    assert said["events"] == "20: 0 missing, 0 twice, 0 out of order"
    assert said["end to end"].startswith("p50 500 ")


def test_the_page_about_performance_is_filled_in() -> None:
    run = report()
    cold: Document = {"importCpuMs": 1, "firstCpuMs": 2, "cpuMs": 3, "ms": 4, "memoryMb": 5}
    own: Document = {"acceptCpuMs": 1, "executeCpuMs": 2, "cpuMs": 3, "frames": 4, "databaseCpuMs": 5}
    own["yardstickCpuMs"] = 1.5
    run["ordersPerSecondOfRuns"] = [1, 2, 3, 4, 5]
    warm = ("burst", "burstSocketPerOrder", "manyClients", "idle", "defaultIdle", "defaultBurst")
    runs = (*warm, "coldBurst", "coldSocketPerOrder")
    lossy: Document = {**run, "socketsRefused": 3, "ordersRefused": 7, "ordersBehindError": 2}
    lossy["deploymentMb"] = 1234.5
    cpu: Document = {"ownCpuMs": 6, "databaseCpuMs": 3}
    tick: Document = {"waiting": 10, "yardstickCpuMs": 1.5, "none": cpu, "fill": cpu, "too large": cpu}
    parts: dict[str, Document] = {
        "warm": {
            **dict.fromkeys(runs, run),
            "coldSocketPerOrder": lossy,
            "budget": {
                "orderCpuMs": own,
                "watchedOrderCpuMs": own,
                "frameCpuMs": 0.3,
                "coldStart": {"http_api": cold},
            },
            "growthOrders": [run],
            "growthWatchers": [run],
            "growthHistory": [{"rows": 1000, "newestMs": run["acceptMs"], "ofStatusMs": run["acceptMs"]}],
            "bareOrdersPerSecond": 300,
            "held": {"sockets": 1000, "held_s": 600.0, "grown_mb": 4.2, "cpu_percent": 1.3, "dropped": 0},
            "upSeconds": 4.0,
            "firstOrderSeconds": 0.5,
        },
        "waiting": {
            "ticks": [tick],
            "placing": {"market": {"ownCpuMs": 2, "databaseCpuMs": 1}, "limit": cpu},
            "signed": [{"tickMs": 250, "orders": 50, "fromTickMs": run["acceptMs"]}],
            "storm": {
                "orders": 500,
                "statuses": {"confirmed": 499},
                "triggeringSeconds": 1,
                "ordersPerSecond": 90,
            },
        },
    }
    text = performance_page(
        {
            name: {"commit": commit, "at": "2026-01-01", "machine": run["machine"], "figures": figures}
            for (name, figures), commit in zip(parts.items(), ("01234", "56789"), strict=True)
        }
    )
    assert "{" not in text
    assert "| start to first confirmed order, s | ≤ 8 | 4.5 |" in text
    assert "full at 8 orders a second" in text, "2 cores, 4 orders, 1 s of CPU"
    assert "| 1,000 | 10 / 10 | 10 / 10 |" in text
    assert re.search(r"first burst after `up` \|.*\| 0 \| 0 \| 0 \| 0 \| 0 \| 300 in 12 \| 0.77 \|", text)
    assert re.search(r"a socket for each order \|.*\| 3 \| 7 \| 2 \| 0 \| 0 \| 1,?234 in 12 \| 0.77 \|", text)
    assert "| ≤ 1,024 | 1,234 |" in text, "the most that any burst took"
    assert "| 1,000 idle sockets for 600 s: memory grows by, MB | ≤ 50 | 4.2 |" in text
    assert "cost 2.00 times that" in text, "accept and execute, beside the yardstick"
    assert "- commit 01234: warm 2026-01-01\n- commit 56789: waiting 2026-01-01\n" in text
    assert "| limit | 6.00 | 3.00 | 3.00 |" in text, "of a market order's cost"
    assert "triggers 500 stops: 499 confirmed" in text


def test_the_median_run_is_shown_and_the_worst_of_what_is_lost() -> None:
    reports: list[Document] = [
        {**report(), "ordersPerSecond": rate, "ordersRefused": refused, "endToEndMs": {"p50": ms}}
        for rate, refused, ms in ((90, 0, 21), (70, 2, 19), (80, 1, 23))
    ]
    shown = of_runs(reports)
    assert (shown["ordersPerSecond"], shown["ordersRefused"]) == (80, 2)
    assert shown["ordersPerSecondOfRuns"] == [90, 70, 80]
    assert of_runs(reports, by=end_to_end_ms)["endToEndMs"] == {"p50": 21}


def test_a_part_that_fails_leaves_what_was_measured_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: standard.Sizes) -> Document:
        raise RuntimeError("the emulator ended")

    monkeypatch.setattr(standard, "PARTS", {"own": lambda _: {"budget": 5}, "bare": fails})
    kept = tmp_path / "build" / "performance.json"
    with pytest.raises(RuntimeError):
        standard.measure(("own", "bare"), standard.QUICK, kept)
    found = json.loads(kept.read_text())
    assert {name: part["figures"] for name, part in found.items()} == {"own": {"budget": 5}}

    monkeypatch.setitem(standard.PARTS, "bare", lambda _: {"bareOrdersPerSecond": 9})
    standard.measure(("bare",), standard.QUICK, kept)
    assert set(json.loads(kept.read_text())) == {"own", "bare"}
