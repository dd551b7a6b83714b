from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta

import pytest

from dexec_client.raw.json_types import Document
from infra.lab.bench import load
from infra.lab.bench.collector import Collector
from infra.lab.bench.figures import Figures
from infra.lab.bench.load import Placed, Run
from infra.lab.bench.plan import Plan
from infra.lab.percentiles import percentile, spread

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
STOOD = (None, "failed", "confirmed", "submitted")
STATES = (
    ("pending", None),
    ("routing", None),
    ("routing", "quotes"),
    ("submitted", None),
    ("confirmed", None),
)


def at(seconds: float) -> str:
    return (EPOCH + timedelta(seconds=seconds)).isoformat()


def event(order_id: str, seq: int, seconds: float, detail: Document | None = None) -> Document:
    status, step = STATES[seq - 1]
    own: Document = {"type": "status", "orderId": order_id, "seq": seq, "status": status, "attempt": 1}
    own |= {"at": at(seconds)} | ({"step": step} if step else {})
    return own | (detail or {})


def placed(number: int, intended: float = 0.0) -> Placed:
    order = Placed(number, intended, answered=intended + 0.010, order_id=f"order-{number}")
    order.starts_at = at(0)
    return order


def run(collector: Collector, orders: list[Placed], watchers: int = 1) -> Run:
    return Run(Plan(len(orders)), orders, collector, watchers, 0.0, EPOCH.timestamp(), 0)


def p50(document: Document, name: str, state: str | None = None) -> float:
    found = document[name]
    assert isinstance(found, dict)
    times = found[state] if state else found
    assert isinstance(times, dict)
    return float(str(times["p50"]))


def told(collector: Collector, order_id: str, starts: float) -> None:
    """Tell a clean run: pending at ``starts``, a step each 0.1 s, arriving 5 ms after it was written."""
    for seq in range(1, len(STATES) + 1):
        written = starts + (seq - 1) * 0.1
        collector.receive(0, event(order_id, seq, written), written + 0.005)


def test_percentiles_are_values_that_occurred() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, share) for share in (50, 90, 99, 100)] == [50, 90, 99, 100]
    assert percentile([7.0], 99) == 7.0
    assert spread([]) == {"p50": None, "p90": None, "p99": None, "max": None}


def test_latencies_count_from_the_intended_start() -> None:
    collector = Collector()
    told(collector, "order-0", starts=0.2)
    document = Figures(run(collector, [placed(0, intended=0.1)]), None).document()
    assert p50(document, "acceptMs") == pytest.approx(10)
    assert p50(document, "endToEndMs") == pytest.approx(505)
    assert p50(document, "stateMs", "quotes") == pytest.approx(305)
    assert document["ordersPerSecond"] == pytest.approx(1 / 0.605, abs=0.01)


def test_a_timer_that_is_late_does_not_count_as_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    async def late(seconds: float) -> None:
        """Sleep as asyncio does: to the next whole millisecond; a sleep of nothing takes a microsecond."""
        now[0] = math.floor((now[0] + seconds) * 1000 + 1) / 1000 if seconds else now[0] + 1e-6

    monkeypatch.setattr(asyncio, "sleep", late)
    monkeypatch.setattr(load, "perf_counter", lambda: now[0])
    for moment in (0.25, 0.5004, 0.5005, 0.5):
        before = now[0]
        asyncio.run(load._until(moment))
        assert max(before, moment) <= now[0] < max(before, moment) + 1e-5


def test_what_is_missing_repeated_or_late_is_counted_for_each_watcher() -> None:
    collector = Collector()
    told(collector, "order-0", starts=0)
    for seq in (2, 1, 1, 5):
        collector.receive(1, event("order-0", seq, 1), 1.0)
    document = Figures(run(collector, [placed(0)], watchers=2), None).document()
    assert document["eventsExpected"] == 10
    assert document["eventsMissing"] == 2
    assert document["eventsDuplicated"] == 1
    assert document["eventsOutOfOrder"] == 1
    assert document["ordersNotTerminal"] == 0


def test_a_watcher_that_heard_nothing_misses_everything() -> None:
    collector = Collector()
    told(collector, "order-0", starts=0)
    document = Figures(run(collector, [placed(0), placed(1)]), None).document()
    assert document["eventsMissing"] == 1, "of an order without a received event, at least one is missing"
    assert document["ordersNotTerminal"] == 1


def test_events_that_came_in_one_frame_all_count() -> None:
    collector = Collector()
    late = event("order-0", 5, 0.4)
    late["earlier"] = [event("order-0", seq, 0.1 * seq) for seq in range(1, 5)]
    collector.receive(0, late, 0.5)
    document = Figures(run(collector, [placed(0)]), None).document()
    assert (document["eventsMissing"], document["framesReceived"]) == (0, 1)
    assert document["ordersConfirmed"] == 1


def test_orders_execute_from_routing_to_their_end() -> None:
    collector = Collector()
    for number, starts in enumerate((0.0, 0.2, 0.9)):
        told(collector, f"order-{number}", starts)
    figures = Figures(run(collector, [placed(number) for number in range(3)]), None)
    assert figures.document()["highestExecuting"] == 2
    assert figures.moments()[-1].executing == 0
    # While the second waits (0.2 to 0.3) the first executes; the other two wait with nobody else.
    assert figures.document()["executingWhileQueued"] == pytest.approx(1 / 3, abs=0.01)


def test_overhead_leaves_out_the_simulated_times() -> None:
    collector = Collector()
    for seq in range(1, 6):
        detail: Document = {}
        if seq == 3:
            detail = {"quotes": [{"latencyMs": 180}, {"latencyMs": 210}]}
        if seq == 4:
            detail = {"signature": "any"}
        collector.receive(0, event("order-0", seq, seq * 0.2, detail), seq * 0.2)
    figures = Figures(run(collector, [placed(0)]), "default")
    assert 1000 - 210 - 300 <= p50(figures.document(), "overheadMs") <= 1000 - 210 - 250


def test_refused_orders_are_no_orders() -> None:
    collector = Collector()
    refused = Placed(0, 0.0, answered=0.1, refusal="429 slow down")
    figures = Figures(run(collector, [refused]), None)
    document = figures.document()
    assert (document["ordersRefused"], document["ordersNotTerminal"]) == (1, 0)
    assert figures.refusals() == ["429 slow down"]
    assert document["ordersPerSecond"] == 0


def test_orders_that_the_rate_limit_held_back_are_distinguished() -> None:
    collector = Collector()
    told(collector, "order-0", starts=0)
    order = placed(0)
    order.starts_at = at(12)
    assert Figures(run(collector, [order]), None).document()["ordersDelayed"] == 1


def test_a_schedule_has_its_times_and_a_burst_has_none() -> None:
    assert [Plan(3, rate=4).intended_s(number) for number in range(3)] == [0, 0.25, 0.5]
    assert Plan(3).intended_s(2) == 0


def test_an_order_that_stands_behind_an_error_is_counted_unless_it_was_withdrawn() -> None:
    refused = [Placed(number, 0.0, refusal="503", behind_error=status) for number, status in enumerate(STOOD)]
    document = Figures(run(Collector(), refused), None).document()
    assert document["ordersRefused"] == 4
    assert document["ordersBehindError"] == 2


def test_a_socket_that_was_refused_is_not_an_order_that_was() -> None:
    collector, order = Collector(), placed(0)
    told(collector, "order-0", starts=0)
    order.socket_refusal = "no WebSocket"
    figures = Figures(run(collector, [order]), None)
    assert (figures.document()["socketsRefused"], figures.document()["ordersRefused"]) == (1, 0)
    assert figures.refusals() == ["no WebSocket"]


@pytest.mark.parametrize("end", ["failed", "cancelled", "expired"])
def test_every_end_without_a_fill_counts_as_failed(end: str) -> None:
    collector = Collector()
    collector.receive(0, event("order-0", 1, 0.0), 0.0)
    collector.receive(0, event("order-0", 2, 0.1) | {"status": end}, 0.1)
    found = Figures(run(collector, [placed(0)]), None).document()
    assert (found["ordersConfirmed"], found["ordersFailed"], found["ordersNotTerminal"]) == (0, 1, 0)
