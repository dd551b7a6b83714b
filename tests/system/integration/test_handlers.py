"""The functions behind queue and schedule, in process: what they answer, and what that costs."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import cast

import pytest

from dexec.api.times import iso
from dexec.domain.errors import CommitUnknown, QueueUnavailable, StoreUnavailable
from functions.dead_letters import app as dead_letters
from functions.executor import app as executor
from functions.sweeper import app as sweeper
from tests.system.edge.inprocess import SWAP, Context, Deployment, queue_event
from tests.system.integration.conftest import KEY

ORDER = json.dumps(SWAP)
SLOW_KEY = "slow"


def stored(deployment: Deployment) -> int:
    return len(deployment.parts.orders.history("alice", None, None, 100))


def settle(order_id: str) -> list[str]:
    answer = dead_letters.handler(queue_event(order_id), Context())
    return [str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


# --- what it costs -----------------------------------------------------------------------------------


def test_accepting_is_one_round_trip_and_one_message(deployment: Deployment, trips: Counter[int]) -> None:
    deployment.place(KEY, idempotency_key="first")
    trips.clear()
    deployment.place(KEY, idempotency_key="second")
    assert trips == {id(deployment.parts.database): 1}
    assert len(deployment.queue.messages) == 2


def place_late(deployment: Deployment) -> str:
    """Place orders until one has to wait, and return its id."""
    while True:
        answer = deployment.order(SLOW_KEY)
        assert answer.status == 202, answer.text
        if str(answer.json["startsAt"]) > iso(deployment.clock.now()):
            return str(answer.json["orderId"])


def test_an_order_that_waits_for_its_price_costs_the_read_of_that_price_more(
    deployment: Deployment, trips: Counter[int]
) -> None:
    stream, _ = deployment.connect(KEY, {"stream": "all"})
    now = deployment.clock.now()
    assert deployment.parts.waiting.take_shard(0, "ticks", now, now + timedelta(minutes=1)) is not None
    deployment.place(KEY)
    trips.clear()
    for terms, most in (
        ({"orderType": "limit", "limitPrice": "100000"}, 2),
        ({"orderType": "trailingStop", "trailingBps": 5_000}, 1),
        ({"stopLoss": {"triggerPrice": "0.000001"}}, 2),
    ):
        deployment.place(KEY, SWAP | terms)
        assert trips.pop(id(deployment.parts.database)) == most
    told = [(frame["status"], frame.get("orderType")) for frame in deployment.received(stream)]
    assert told == [("open", "limit"), ("open", "trailingStop"), ("held", "stop")]


def test_an_order_that_starts_later_costs_one_round_trip_more_and_is_announced(
    deployment: Deployment, trips: Counter[int]
) -> None:
    deployment.add_key(SLOW_KEY, "slow", orders_per_minute=30)
    stream, _ = deployment.connect(SLOW_KEY, {"stream": "all"})
    place_late(deployment)
    trips.clear()
    order_id = place_late(deployment)
    assert trips == {id(deployment.parts.database): 2}
    frame = deployment.received(stream)[-1]
    assert (frame["orderId"], frame["status"], frame["seq"]) == (order_id, "pending", 1)
    shown = deployment.read(order_id, SLOW_KEY)
    assert frame["startsAt"] == shown["startsAt"]


def test_a_waiting_order_over_the_websocket_is_announced_to_the_other_streams(
    deployment: Deployment,
) -> None:
    deployment.add_key(SLOW_KEY, "slow", orders_per_minute=30)
    own, _ = deployment.connect(SLOW_KEY, {"stream": "all"})
    other, _ = deployment.connect(SLOW_KEY, {"stream": "all"})
    place_late(deployment)
    told = len(deployment.received(other))
    frames = deployment.send(own, f'{{"action": "execute", "id": 1, "order": {ORDER}}}')
    assert [(frame["type"], frame["status"]) for frame in frames] == [
        ("status", "pending"),
        ("ack", "pending"),
    ]
    (frame,) = deployment.received(other)[told:]
    assert (frame["orderId"], frame["startsAt"]) == (frames[-1]["orderId"], frames[-1]["startsAt"])


def test_active_orders_are_those_that_are_not_over(deployment: Deployment) -> None:
    over = deployment.place(KEY)
    deployment.execute_all()
    waiting = []
    for _ in range(3):
        deployment.wait(0.01)
        waiting.append(deployment.place(KEY))
    answer = deployment.http("GET", "/api/orders", key=KEY, query={"status": "active", "limit": "2"}).json
    orders = cast("list[dict[str, object]]", answer["orders"])
    assert [order["orderId"] for order in orders] == waiting[:0:-1]
    query = {"status": "active", "cursor": str(answer["nextCursor"])}
    rest = deployment.http("GET", "/api/orders", key=KEY, query=query).json
    assert [order["orderId"] for order in cast("list[dict[str, object]]", rest["orders"])] == waiting[:1]
    assert over not in str(answer)
    assert deployment.http("GET", "/api/orders", key=KEY, query={"status": "closed"}).status == 422


@pytest.mark.parametrize("watchers", [0, 3])
def test_executing_is_five_round_trips_at_most(
    deployment: Deployment, trips: Counter[int], watchers: int
) -> None:
    for _ in range(watchers):
        deployment.connect(KEY, {"stream": "all"})
    deployment.execute(deployment.place(KEY))  # Funds the wallet.
    order_id = deployment.place(KEY)
    trips.clear()
    assert deployment.execute(order_id) == []
    assert trips.pop(id(deployment.parts.database)) == (5 if watchers else 4)
    assert [*trips.values()] == [1], "the ledger settles, and knows then how it ended"


def test_what_writes_an_order_is_not_planned_anew_for_every_order(deployment: Deployment) -> None:
    """PostgreSQL keeps a plan from the sixth time on, unless the values of each time make a better one."""
    deployment.connect(KEY, {"stream": "all"})
    for number in range(12):
        assert deployment.execute(deployment.place(KEY, idempotency_key=str(number))) == []
        deployment.place(KEY, SWAP | {"orderType": "limit", "limitPrice": "100000"})
    pipeline = deployment.parts.database._pipeline
    assert pipeline is not None
    found = pipeline.connection.execute(
        "SELECT name, generic_plans FROM pg_prepared_statements WHERE custom_plans + generic_plans >= 12"
        " AND name ~ '^(place|claim|sign|save)_order|add_waiting|tick'"
    ).fetchall()
    names = {str(name).rpartition("_")[0] for name, _ in found}
    writes = {"place_order", "claim_order", "sign_order", "save_order", "add_waiting"}
    assert names == writes | {"newest_tick", "shard_is_ticked"}
    assert [name for name, generic_plans in found if generic_plans == 0] == []


@pytest.mark.parametrize(("is_over", "most"), [(False, 3), (True, 2)])
def test_watching_an_order_that_is_over_is_one_round_trip_less(
    deployment: Deployment, trips: Counter[int], is_over: bool, most: int
) -> None:
    order_id = deployment.place(KEY)
    if is_over:
        deployment.execute(order_id)
    trips.clear()
    connection_id, _ = deployment.connect(KEY, {"orderId": order_id})
    assert trips == {id(deployment.parts.database): most}, "connect, read, and watch where there is more"
    assert deployment.received(connection_id)


def test_the_balance_comes_with_the_claim(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    assert deployment.execute(deployment.place(KEY)) == [], "funds the wallet"

    def not_asked(*_: object) -> dict[str, int]:
        raise AssertionError("the wallet is asked again")

    monkeypatch.setattr(type(deployment.parts.wallets), "balances", not_asked)
    order_id = deployment.place(KEY)
    parts = deployment.parts
    now = parts.clock.now()
    claim = parts.orders.claim(order_id, "token", now, now + timedelta(seconds=25))
    assert claim.order is not None
    assert claim.held["SOL"] == 9_998_500_000_000, "10000 SOL, less the 1.5 of the first order"
    parts.orders.release(claim.order, now)
    assert deployment.execute(order_id) == []
    shown = deployment.read(order_id, KEY)
    assert shown["status"] == "confirmed"


# --- the executor ------------------------------------------------------------------------------------


def test_what_is_done_leaves_the_queue(deployment: Deployment) -> None:
    order_id = deployment.place(KEY)
    assert deployment.execute(order_id) == []
    assert deployment.execute(order_id, receives=2) == [], "a second delivery is done with at once"
    shown = deployment.read(order_id, KEY)
    assert (shown["status"], shown["seq"]) == ("confirmed", 6)


def test_what_is_not_done_is_reported_and_postponed(deployment: Deployment) -> None:
    order_id = deployment.place(KEY)
    parts = deployment.parts
    message = deployment.queue.receive()
    assert message is not None
    now = parts.clock.now()
    parts.orders.claim(order_id, "another executor", now, now + timedelta(seconds=25))
    answer = executor.handler(queue_event(order_id, message.receipt), Context())
    assert len(answer["batchItemFailures"]) == 1
    assert message.visible_at == now + timedelta(seconds=25)


def test_a_message_without_an_order_is_dropped(deployment: Deployment) -> None:
    assert deployment.execute("ord_" + "0" * 32) == []


def test_a_message_that_makes_no_sense_is_reported_not_raised(deployment: Deployment) -> None:
    event = queue_event("x")
    (record,) = cast("list[dict[str, object]]", event["Records"])
    record["body"] = "no JSON"
    answer = executor.handler(event, Context())
    assert len(answer["batchItemFailures"]) == 1


def test_a_queue_that_is_away_does_not_make_it_worse(deployment: Deployment) -> None:
    order_id = deployment.place(KEY)
    parts = deployment.parts
    now = parts.clock.now()
    parts.orders.claim(order_id, "another executor", now, now + timedelta(seconds=25))
    deployment.queue.is_away = True
    assert len(deployment.execute(order_id)) == 1


# --- dead letters and the sweeper --------------------------------------------------------------------


def test_a_letter_is_put_back_on_the_queue(deployment: Deployment) -> None:
    order_id = deployment.place(KEY)
    deployment.queue.messages.clear()
    assert settle(order_id) == []
    deployment.execute_all()
    assert deployment.read(order_id, KEY)["status"] == "confirmed"
    assert settle(order_id) == []
    assert settle("ord_" + "0" * 32) == []


def test_a_letter_that_cannot_be_settled_stays(deployment: Deployment) -> None:
    order_id = deployment.place(KEY)
    deployment.queue.is_away = True
    assert len(settle(order_id)) == 1
    now = deployment.clock.now()
    deployment.parts.orders.claim(order_id, "another executor", now, now + timedelta(seconds=25))
    assert len(settle(order_id)) == 1


def test_the_sweeper_says_what_it_did(deployment: Deployment) -> None:
    deployment.place(KEY)
    deployment.queue.messages.clear()
    deployment.wait(16)
    assert deployment.sweep()["requeued"] == 1
    assert deployment.sweep()["requeued"] == 0


def test_a_sweep_without_a_back_end_is_counted_by_lambda_and_left_to_the_next(
    deployment: Deployment,
) -> None:
    deployment.queue.is_away = True
    # Lambda counts what is raised in its metric Errors, and the template has it not invoked again for that.
    with pytest.raises(QueueUnavailable):
        sweeper.handler({}, Context())
    deployment.queue.is_away = False
    assert deployment.sweep()["requeued"] == 0


# --- accepting with a back end away ------------------------------------------------------------------


def test_without_a_queue_the_order_is_withdrawn_and_the_answer_says_so(deployment: Deployment) -> None:
    deployment.queue.is_away = True
    answer = deployment.order(KEY, idempotency_key="k")
    assert answer.status == 503
    assert answer.json["type"] == "/errors/unavailable"
    (withdrawn,) = deployment.parts.orders.history("alice", None, None, 100)
    assert (answer.json["orderId"], withdrawn.status) == (withdrawn.id, "failed")
    detail = str(answer.json["detail"])
    assert "your history has it as failed" in detail
    assert "nothing was stored" not in detail
    deployment.queue.is_away = False
    order_id = deployment.place(KEY, idempotency_key="k")
    deployment.execute_all()
    assert deployment.read(order_id, KEY)["status"] == "confirmed"


@pytest.mark.parametrize(("error", "status"), [(StoreUnavailable("gone"), 503), (CommitUnknown("gone"), 504)])
def test_a_store_that_fails(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    deployment.place(KEY, idempotency_key="first")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(deployment.parts.orders, "place", fail)
    answer = deployment.order(KEY)
    assert answer.status == status
    waits = 1 if status == 503 else None
    assert answer.json.get("retryAfter") == waits
    assert answer.headers.get("retry-after") == (waits and str(waits))
    assert ("orderId" in answer.json) == (status == 504)
    assert stored(deployment) == 1


def test_the_same_key_with_another_body_is_a_conflict(deployment: Deployment) -> None:
    order_id = deployment.place(KEY, idempotency_key="k")
    assert deployment.place(KEY, idempotency_key="k") == order_id
    answer = deployment.order(KEY, SWAP | {"amount": "2"}, "k")
    assert answer.status == 409
    assert stored(deployment) == 1


def test_an_order_stored_but_not_sent_is_sent_by_its_repeat(deployment: Deployment) -> None:
    order_id = deployment.place(KEY, idempotency_key="k")
    deployment.queue.messages.clear()
    deployment.wait(1)
    assert deployment.place(KEY, idempotency_key="k") == order_id
    deployment.execute_all()
    assert deployment.read(order_id, KEY)["status"] == "confirmed"
