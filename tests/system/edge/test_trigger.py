"""An order that waits, from its placing to its fill: every function, over a database and the paper market."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from dexec.domain.lifecycle import Status
from dexec.domain.order import Order, Triggered
from dexec.domain.quote import Mode, Pair, RouteRequest
from dexec.domain.waiting.conditions import Kind, Stop, Trail
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms
from dexec.ports import ApiKey
from dexec.usecases.place_order import Submission
from tests.system.edge.inprocess import Deployment, deployed

PAIR = Pair("SOL", "USDC")
SWAP = RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 10**9)
FAR = Terms(stop=Stop(Price("1", PAIR)))


@pytest.fixture
def functions(clean_url: str) -> Iterator[Deployment]:
    with deployed(clean_url, log_level="INFO", trigger_shards=2) as deployment:
        yield deployment


@pytest.fixture
def alice(functions: Deployment) -> ApiKey:
    return functions.add_key("key of alice", "alice")


def place(functions: Deployment, caller: ApiKey, terms: Terms) -> Order:
    return functions.parts.place_order(Submission(SWAP, terms=terms), caller).order


def test_a_trailing_stop_is_watched_triggered_and_filled(
    functions: Deployment, alice: ApiKey, capsys: pytest.CaptureFixture[str]
) -> None:
    stream, _ = functions.connect("key of alice", {"stream": "all"})
    order = place(functions, alice, Terms(stop=Trail(1)))
    (shard,) = functions.starter.started
    assert functions.watch(60, {"shard": 1 - shard}) == {}, "nothing waits there"
    assert functions.watch(60, {"shard": shard})["triggered"] == 1
    assert functions.watch(60, {"shard": shard}) == {}
    functions.execute_all()
    found = functions.parts.orders.find(order.id, "alice")
    assert found is not None
    assert found[0].status is Status.CONFIRMED
    why = found[1][1].detail
    assert isinstance(why, Triggered)
    assert why.by is Kind.TRAIL
    assert why.price is not None
    assert why.threshold is not None
    assert why.price <= why.threshold
    told = [frame["status"] for frame in functions.received(stream) if frame.get("orderId") == order.id]
    assert "triggered" in told
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    counted = [line for line in lines if "OrdersTriggered" in line]
    assert [(line["service"], line["OrdersTriggered"]) for line in counted] == [("trigger", [1.0])]


def test_the_schedules_function_starts_one_for_each_further_shard(functions: Deployment) -> None:
    functions.watch(60)
    assert functions.starter.started == [1]
    functions.watch(60, {"shard": 1, "scheduled": True})
    assert functions.starter.started == [1]


def test_a_shard_that_is_ticked_is_not_started_again(functions: Deployment, alice: ApiKey) -> None:
    place(functions, alice, FAR)
    (shard,) = functions.starter.started
    now = functions.clock.now()
    assert functions.parts.waiting.take_shard(shard, "one", now, now.replace(year=2030))
    place(functions, alice, FAR)
    assert functions.starter.started == [shard]
    functions.watch(60, {"shard": shard})
    assert functions.clock.now() == now
    functions.watch(60, {"shard": shard, "scheduled": True})
    assert functions.clock.now() == now + timedelta(seconds=10), "the schedule's knocks"


def test_the_sweeper_measures_how_old_the_newest_tick_is_where_something_waits(
    functions: Deployment, alice: ApiKey, capsys: pytest.CaptureFixture[str]
) -> None:
    place(functions, alice, FAR)
    (shard,) = functions.starter.started
    functions.watch(4, {"shard": shard})
    functions.wait(90)
    capsys.readouterr()
    functions.sweep()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (measured,) = [line for line in lines if "TickAge" in line]
    assert 90 <= measured["TickAge"][0] <= 92
    assert measured["OrdersWaiting"] == [1.0]
