"""What operators see of an order: its metrics, and log lines that carry its id."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import pytest

from dexec.domain.errors import AttemptFailed, Ending, OrderFailed, StoreUnavailable
from dexec.telemetry import FAILURES, NAMESPACE
from dexec.usecases.measure_waiting import Measured
from dexec.usecases.settle_dead_letter import MAX_ROUNDS
from dexec.usecases.sweep import Swept
from dexec.usecases.sweep_webhooks import SweptWebhooks
from dexec.usecases.watch_market import Watched
from functions.dead_letters import app as dead_letters
from functions.executor import app as executor
from tests.system.edge.conftest import OWNER
from tests.system.edge.inprocess import LOGGERS, SWAP, Context, Deployment, deployed, queue_event

TOO_MUCH = {**SWAP, "amount": "90000"}
Line = dict[str, object]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return what all functions log to."""
    stream = io.StringIO()
    for logger in LOGGERS:
        monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


@pytest.fixture
def functions(clean_url: str, log: io.StringIO) -> Iterator[Deployment]:
    """Return functions that log as they do by default."""
    with deployed(clean_url, log_level="INFO") as deployment:
        deployment.add_key(OWNER, "owner")
        yield deployment


def metrics(printed: str) -> list[Line]:
    lines = [json.loads(line) for line in printed.splitlines()]
    return [line for line in lines if "_aws" in line]


def lines(log: io.StringIO) -> list[Line]:
    return [cast(Line, json.loads(line)) for line in log.getvalue().splitlines()]


def named(found: list[Line], name: str) -> list[Line]:
    return [line for line in found if name in line]


def test_a_confirmed_order_is_counted(functions: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    connection, _ = functions.connect(OWNER, {"stream": "all"})
    functions.push.failing.add(connection)
    functions.place(OWNER)
    functions.wait(7)
    functions.execute_all()
    accepted, run = metrics(capsys.readouterr().out)
    assert (accepted["OrdersAccepted"], accepted["service"]) == ([1.0], "http_api")
    assert run["service"] == "executor"
    assert (run["OrdersConfirmed"], run["PushFailures"]) == ([1.0], [1.0])
    assert run["QueueWait"] == [7000.0]
    stages = [cast("list[float]", run[name])[0] for name in ("RouteTime", "BuildTime", "LandTime")]
    assert cast("list[float]", run["ExecutionTime"])[0] == pytest.approx(sum(stages))
    (directive,) = cast("list[Line]", cast(Line, run["_aws"])["CloudWatchMetrics"])
    assert (directive["Namespace"], directive["Dimensions"]) == (NAMESPACE, [["service"]])


def test_a_deployment_without_orders_counts_nothing(
    functions: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sweeper runs all the time, and every metric that it touched would cost all the time."""
    functions.sweep()
    functions.watch(60)
    functions.http("GET", "/health")
    assert metrics(capsys.readouterr().out) == []


def test_a_failed_order_is_counted_by_its_reason(
    functions: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    order_id = functions.place(OWNER, TOO_MUCH)
    functions.execute_all()
    order = functions.read(order_id, OWNER)
    assert order["status"] == "failed"
    total, by_reason = sorted(named(metrics(capsys.readouterr().out), "OrdersFailed"), key=len, reverse=True)
    assert "reason" not in total
    assert by_reason["reason"] == order["error"]["code"]


def fail(*_: object, **__: object) -> None:
    raise RuntimeError("a bug")


def break_everything(functions: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, method in (
        (functions.parts.orders, "find"),
        (functions.parts.orders, "claim"),
        (functions.parts.orders, "lost"),
        (functions.parts.watching, "watch"),
        (functions.parts.waiting, "groups"),
    ):
        monkeypatch.setattr(owner, method, fail)


def test_what_no_code_expects_is_counted_by_every_function(
    functions: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, _ = functions.connect(OWNER)
    order_id = functions.place(OWNER)
    capsys.readouterr()
    break_everything(functions, monkeypatch)
    assert functions.http("GET", f"/api/orders/{order_id}", key=OWNER).status == 500
    functions.send(connection, json.dumps({"action": "subscribe", "orderId": order_id}))
    for module in (executor, dead_letters):
        assert module.handler(queue_event(order_id), Context())["batchItemFailures"]
    for run in (functions.sweep, lambda: functions.watch(5)):
        with pytest.raises(RuntimeError):
            run()
    found = named(metrics(capsys.readouterr().out), "UnexpectedErrors")
    counted = [line for line in found if "service" in line]
    in_all = [line for line in found if "service" not in line]
    assert len(in_all) == len(counted)
    (directive,) = cast("list[Line]", cast(Line, in_all[0]["_aws"])["CloudWatchMetrics"])
    assert directive["Dimensions"] == [[]], "what the alarm sums up"
    services = ["http_api", "websocket", "executor", "dead_letters", "sweeper", "trigger"]
    assert [line["service"] for line in counted] == services
    assert all(line["UnexpectedErrors"] == [1.0] for line in counted)


def test_a_back_end_that_is_away_is_no_unexpected_error(
    functions: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreUnavailable("away")

    order_id = functions.place(OWNER)
    now = functions.clock.now()
    functions.parts.orders.claim(order_id, "another executor", now, now + timedelta(seconds=25))
    functions.queue.is_away = True
    assert executor.handler(queue_event(order_id), Context())["batchItemFailures"]
    for method in ("find", "claim", "lost"):
        monkeypatch.setattr(functions.parts.orders, method, away)
    assert functions.http("GET", f"/api/orders/{order_id}", key=OWNER).status == 503
    for module in (executor, dead_letters):
        assert module.handler(queue_event(order_id), Context())["batchItemFailures"]
    functions.queue.is_away = False
    with pytest.raises(StoreUnavailable):
        functions.sweep()
    counted = metrics(capsys.readouterr().out)
    assert named(counted, "UnexpectedErrors") == []
    assert [line["Redelivered"] for line in named(counted, "Redelivered")] == [[1.0], [1.0]]


def test_what_a_sweep_and_a_watch_found_is_counted_for_the_alarms(
    functions: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Counter(ticks=9, triggered=10, expired=11, resent=12)
    vars(functions.parts).update(
        sweep=lambda *_: Swept(("a", "b"), ("c", "d", "e"), 4, 5),
        sweep_webhooks=lambda *_: SweptWebhooks(queued=6, disabled=7),
        forget=lambda *_: 8,
        measure_waiting=lambda: Measured(13, timedelta(seconds=14.26)),
        watch_market=lambda *_: Watched(0, found, timedelta(seconds=0.01526)),
    )
    answer = {"requeued": 2, "deliveredLate": 3, "droppedConnections": 4, "forgotten": 8}
    assert functions.sweep() == {**answer, "parked": 5, "webhooksRequeued": 6}
    assert functions.watch(60) == found
    numbers = {
        name: one
        for line in metrics(capsys.readouterr().out)
        for name, one in line.items()
        if name not in ("_aws", "service")
    }
    assert numbers == {
        "OrdersRequeued": [2.0],
        "OrdersNotifiedLate": [3.0],
        "ParkedOrders": [5.0],
        "DisabledWebhooks": [7.0],
        "OrdersWaiting": [13.0],
        "TickAge": [14.3],
        "Ticks": [9.0],
        "OrdersTriggered": [10.0],
        "OrdersExpired": [11.0],
        "OrdersSentAgain": [12.0],
        "TickTime": [15.3],
    }


def test_a_poison_order_is_parked_by_the_functions_and_counted_by_every_sweep(
    functions: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = functions.place(OWNER)
    with monkeypatch.context() as bug:
        bug.setattr(functions.parts.execute_order.signer, "sign", fail)
        for _ in range(MAX_ROUNDS):
            assert executor.handler(queue_event(order_id), Context())["batchItemFailures"]
            functions.wait(30)
            assert dead_letters.handler(queue_event(order_id), Context()) == {"batchItemFailures": []}
    functions.queue.messages.clear()
    functions.wait(3_600)
    for _ in range(2):
        swept = functions.sweep()
        assert (swept["parked"], swept["requeued"]) == (1, 0)
    counted = metrics(capsys.readouterr().out)
    assert [line["ParkedOrders"] for line in named(counted, "ParkedOrders")] == [[1.0], [1.0]]
    unexpected = [line for line in named(counted, "UnexpectedErrors") if "service" in line]
    assert len(unexpected) == MAX_ROUNDS


def test_reasons_are_all_an_order_can_end_with() -> None:
    kinds = [kind for base in (Ending, AttemptFailed, OrderFailed) for kind in base.__subclasses__()]
    concrete = {kind.code for kind in kinds if kind is not AttemptFailed}
    assert concrete == FAILURES


def test_every_line_about_an_order_has_its_id(functions: Deployment, log: io.StringIO) -> None:
    connection, _ = functions.connect(OWNER)
    log.truncate(0)
    log.seek(0)
    (order_id,) = {str(frame["orderId"]) for frame in functions.send(connection, json.dumps(SWAP))}
    functions.execute_all()
    functions.send(connection, json.dumps({"action": "subscribe", "orderId": order_id}))
    functions.send(connection, json.dumps({"action": "unsubscribe", "orderId": order_id}))
    functions.connect(OWNER, {"orderId": order_id})
    functions.http("GET", f"/api/orders/{order_id}", key=OWNER)
    found = lines(log)
    assert {line["service"] for line in found} == {"websocket", "executor", "http_api"}
    assert {line.get("order_id") for line in found} == {order_id}


def test_an_execution_is_one_line_with_its_decision(functions: Deployment, log: io.StringIO) -> None:
    order_id = functions.place(OWNER)
    functions.execute_all()
    (line,) = [line for line in lines(log) if line["service"] == "executor"]
    assert (line["order_id"], line["message"]) == (order_id, "done")
    (route,) = cast("list[Line]", line["routes"])
    venues = {quote["venue"] for quote in cast("list[Line]", route["quotes"])}
    assert venues == {"raydium", "meteora"}
    assert (route["attempt"], bool(route["reason"])) == (1, True)


def test_no_key_is_ever_logged(functions: Deployment, log: io.StringIO) -> None:
    functions.http("GET", "/api/orders", key=OWNER)
    functions.http("GET", "/api/orders", key="a-wrong-key")
    functions.connect(OWNER)
    functions.connect("a-wrong-key")
    assert len(lines(log)) == 4
    assert OWNER not in log.getvalue()
    assert "a-wrong-key" not in log.getvalue()
