"""A connection whose row is gone while its socket is open: every frame says so, and it is closed."""

from __future__ import annotations

import json

import psycopg
import pytest

from dexec.domain.errors import CommitUnknown, ConnectionUnknown, StoreUnavailable
from dexec.usecases.watch_orders import WatchOrders
from tests.system.edge.conftest import OWNER
from tests.system.edge.inprocess import SWAP, Deployment

EXECUTE = {"action": "execute", "order": SWAP, "id": 7}


@pytest.fixture
def forgotten(functions: Deployment, clean_url: str) -> str:
    """Return an open connection that this process remembers and the store does not."""
    connection_id, _ = functions.connect(OWNER)
    assert functions.send(connection_id, '{"action":"ping"}') == [{"type": "pong"}]
    with psycopg.connect(clean_url) as database:
        database.execute("DELETE FROM connections")
    return connection_id


def placed(functions: Deployment) -> list[str]:
    return [order.id for order in functions.parts.orders.history("owner", None, None, 100)]


@pytest.mark.parametrize("frame", [{"action": "ping", "id": 7}, EXECUTE, {**EXECUTE, "idempotencyKey": "k"}])
def test_it_gets_an_error_and_is_closed(
    functions: Deployment, forgotten: str, frame: dict[str, object]
) -> None:
    (refusal,) = functions.send(forgotten, json.dumps(frame))
    assert (refusal["type"], refusal["code"], refusal["status"]) == ("error", "connection_unknown", 410)
    assert refusal["id"] == 7
    assert "reconnect" in str(refusal["message"])
    assert forgotten in functions.push.gone
    assert placed(functions) == [], "nothing is stored that it would not hear of"


def test_it_cannot_subscribe(functions: Deployment, forgotten: str) -> None:
    order_id = functions.place(OWNER)
    (refusal,) = functions.send(forgotten, json.dumps({"action": "subscribe", "orderId": order_id}))
    assert refusal["code"] == "connection_unknown"
    assert forgotten in functions.push.gone


def test_an_order_that_was_placed_is_found_by_its_key_after_coming_back(
    functions: Deployment, clean_url: str
) -> None:
    connection_id, _ = functions.connect(OWNER)
    frame = json.dumps({**EXECUTE, "idempotencyKey": "k"})
    (ack,) = functions.send(connection_id, frame)
    with psycopg.connect(clean_url) as database:
        database.execute("DELETE FROM connections")
    *_, refusal = functions.send(connection_id, frame)
    assert refusal["code"] == "connection_unknown"
    again, _ = functions.connect(OWNER)
    functions.send(again, frame)
    functions.execute_all()
    frames = functions.received(again)
    assert {frame["orderId"] for frame in frames} == {ack["orderId"]}
    assert frames[-1]["status"] == "confirmed"
    assert placed(functions) == [ack["orderId"]]


def test_an_order_under_a_key_is_reported_once(functions: Deployment) -> None:
    connection_id, _ = functions.connect(OWNER)
    frames = functions.send(connection_id, json.dumps({**EXECUTE, "idempotencyKey": "k"}))
    assert [frame["type"] for frame in frames] == ["ack"], "a new order that starts at once is not repeated"
    functions.execute_all()
    assert functions.push.seqs(connection_id, str(frames[0]["orderId"])) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("error", [StoreUnavailable("away"), CommitUnknown("lost"), ConnectionUnknown()])
def test_an_order_that_is_stored_is_never_answered_as_if_it_were_not(
    functions: Deployment, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Without a key, a client that is told so sends it again: two orders would wait."""
    connection_id, _ = functions.connect(OWNER)

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(WatchOrders, "subscribe", fails)
    order = {**SWAP, "orderType": "limit", "limitPrice": "100000"}
    first, *_ = functions.send(connection_id, json.dumps({"action": "execute", "order": order, "id": 7}))
    assert (first["type"], first["id"], [first.get("orderId")]) == ("ack", 7, placed(functions))
    known = json.dumps({"action": "execute", "order": order, "idempotencyKey": "k"})
    functions.send(connection_id, known)
    repeat, *_ = functions.send(connection_id, known)
    assert repeat["type"] == "error", "it would not hear of an order that another connection placed"
