"""A stranger tries to read, watch and repeat another client's order in every way the API offers."""

from __future__ import annotations

import json

import pytest

from tests.system.edge.conftest import OWNER, STRANGER
from tests.system.edge.inprocess import SWAP, Deployment

ORDER = SWAP | {"clientId": "the owner's label"}
KEY = "the-owners-idempotency-key"


def place(functions: Deployment, key: str = OWNER) -> str:
    return functions.place(key, ORDER, KEY)


@pytest.fixture
def order_id(functions: Deployment) -> str:
    """Return the owner's order, which was executed."""
    order_id = place(functions)
    functions.execute_all()
    return order_id


def test_the_owner_sees_the_order_in_all_these_ways(functions: Deployment, order_id: str) -> None:
    for query in ({}, {"unknown": "1"}):
        shown = functions.http("GET", f"/api/orders/{order_id}", key=OWNER, query=query)
        assert shown.json["status"] == "confirmed"
    assert order_id in functions.http("GET", "/api/orders", key=OWNER).text
    connection, _ = functions.connect(OWNER, {"orderId": order_id})
    assert functions.push.seqs(connection, order_id) == [1, 2, 3, 4, 5, 6]
    assert place(functions) == order_id


def test_it_cannot_be_read(functions: Deployment, order_id: str) -> None:
    assert functions.http("GET", f"/api/orders/{order_id}", key=STRANGER).status == 404
    missing = functions.http("GET", f"/api/orders/{order_id[:-1]}0", key=STRANGER)
    assert functions.http("GET", f"/api/orders/{order_id}", key=STRANGER).text == missing.text
    assert functions.http("GET", f"/api/orders/{order_id}").status == 401


@pytest.mark.parametrize("query", [{}, {"status": "confirmed"}, {"limit": "100"}])
def test_it_is_in_no_history_but_the_owners(
    functions: Deployment, order_id: str, query: dict[str, str]
) -> None:
    assert functions.http("GET", "/api/orders", key=STRANGER, query=query).json["orders"] == []


def test_its_id_is_no_way_into_the_history(functions: Deployment, order_id: str) -> None:
    own = place(functions, STRANGER)
    page = functions.http("GET", "/api/orders", key=STRANGER, query={"cursor": f"{order_id[:-1]}f"}).json
    assert order_id not in json.dumps(page)
    assert order_id not in functions.http("GET", "/api/orders", key=STRANGER).text
    assert own in functions.http("GET", "/api/orders", key=STRANGER).text


def test_it_cannot_be_watched_by_connecting(functions: Deployment, order_id: str) -> None:
    connection, _ = functions.connect(STRANGER, {"orderId": order_id})
    (refusal,) = functions.received(connection)
    assert (refusal["type"], refusal["status"], refusal["code"]) == ("error", 404, "not_found")
    for other in (f"ord_{'0' * 32}", "ord_1", "", "\x00", "x" * 5_000):
        missing, status = functions.connect(STRANGER, {"orderId": other})
        assert status == 200
        assert functions.received(missing) == functions.received(connection)


@pytest.mark.parametrize("after_seq", [0, 3])
def test_it_cannot_be_watched_by_subscribing(functions: Deployment, order_id: str, after_seq: int) -> None:
    connection, _ = functions.connect(STRANGER)
    frame = {"action": "subscribe", "orderId": order_id, "afterSeq": after_seq}
    (refusal,) = functions.send(connection, json.dumps(frame))
    assert (refusal["type"], refusal["status"], refusal["code"]) == ("error", 404, "not_found")


def test_no_stream_or_failed_subscription_hears_of_it(functions: Deployment) -> None:
    order_id = place(functions)
    stream, _ = functions.connect(STRANGER, {"stream": "all"})
    subscriber, _ = functions.connect(STRANGER)
    functions.send(subscriber, json.dumps({"action": "subscribe", "orderId": order_id}))
    functions.execute_all()
    assert functions.read(order_id, OWNER)["status"] == "confirmed"
    assert functions.received(stream) == []
    assert [frame["type"] for frame in functions.received(subscriber)] == ["error"]


def test_a_connection_stops_watching_for_itself_alone(functions: Deployment) -> None:
    order_id = place(functions)
    owner, _ = functions.connect(OWNER, {"orderId": order_id})
    second, _ = functions.connect(OWNER, {"orderId": order_id})
    stranger, _ = functions.connect(STRANGER)
    for connection in (second, stranger):
        functions.send(connection, json.dumps({"action": "unsubscribe", "orderId": order_id}))
    functions.execute_all()
    assert functions.push.seqs(owner, order_id)[-1] == 6
    assert functions.push.seqs(second, order_id) == [1]


def test_its_idempotency_key_is_the_owners_alone(functions: Deployment, order_id: str) -> None:
    assert place(functions, STRANGER) != order_id
    connection, _ = functions.connect(STRANGER)
    frame = {"action": "execute", "order": ORDER, "idempotencyKey": KEY}
    (*_, ack) = functions.send(connection, json.dumps(frame))
    assert ack["orderId"] != order_id


def test_balances_are_the_callers_own(functions: Deployment, order_id: str) -> None:
    before = functions.http("GET", "/api/balances", key=STRANGER).json
    place(functions)
    functions.execute_all()
    assert functions.http("GET", "/api/balances", key=STRANGER).json == before
    assert functions.http("GET", "/api/balances", key=OWNER).json != before


def test_a_connection_speaks_for_the_client_that_opened_it(functions: Deployment, order_id: str) -> None:
    owner, _ = functions.connect(OWNER)
    stranger, _ = functions.connect(STRANGER)
    subscribe = json.dumps({"action": "subscribe", "orderId": order_id})
    functions.send(stranger, subscribe)
    assert functions.received(owner) == []
    functions.disconnect(stranger)
    (refusal,) = functions.send(stranger, subscribe)
    assert refusal["code"] == "connection_unknown"
