"""Cancel and amend over HTTP and the WebSocket, in process: answers, events, and what is stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from tests.system.edge.inprocess import SWAP, Deployment
from tests.system.integration.conftest import KEY
from tests.system.integration.swaps import LIMIT, amend, cancel, sign

# --- cancelling --------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [SWAP, LIMIT], ids=["market", "limit"])
def test_an_order_is_cancelled_once_and_its_streams_hear_of_it(
    deployment: Deployment, body: Mapping[str, object]
) -> None:
    stream, _ = deployment.connect(KEY, {"stream": "all"})
    order_id = deployment.place(KEY, body)
    answer = cancel(deployment, order_id)
    assert (answer.status, answer.json["status"]) == (200, "cancelled")
    last = cast("list[dict[str, object]]", answer.json["events"])[-1]
    error = {"code": "cancelled", "message": "cancelled by its client before it was filled"}
    assert (last["status"], last["by"], last["error"]) == ("cancelled", "client", error)
    told = [one for one in deployment.received(stream) if one["status"] == "cancelled"]
    assert [(one["orderId"], one["by"]) for one in told] == [(order_id, "client")]
    assert cancel(deployment, order_id).json == answer.json
    deployment.execute_all()
    assert deployment.read(order_id, KEY)["status"] == "cancelled"


def test_a_cancel_is_three_round_trips_at_most(deployment: Deployment, trips: Counter[int]) -> None:
    order_id = deployment.place(KEY, LIMIT)
    trips.clear()
    cancel(deployment, order_id)
    assert sum(trips.values()) <= 3


def test_a_signed_order_is_cancelled_if_it_does_not_fill(deployment: Deployment) -> None:
    order_id = deployment.place(KEY)
    sign(deployment, order_id)
    answer = cancel(deployment, order_id)
    assert (answer.status, answer.json["code"]) == (409, "too_late_to_cancel")
    assert "the order is cancelled instead of tried again" in str(answer.json["detail"])
    (order,) = deployment.parts.control.orders([order_id])
    assert order.cancelled_by == "client"


def test_an_order_that_is_over_and_one_of_another_client_are_refused(deployment: Deployment) -> None:
    deployment.add_key("bobs", "bob")
    order_id = deployment.place(KEY)
    assert cancel(deployment, order_id, "bobs").status == 404
    assert cancel(deployment, "ord_none").status == 404
    deployment.execute_all()
    answer = cancel(deployment, order_id)
    assert (answer.status, answer.json["code"]) == (409, "too_late_to_cancel")
    assert "confirmed already" in str(answer.json["detail"])


def test_all_orders_are_cancelled_or_those_of_one_direction(deployment: Deployment) -> None:
    deployment.add_key("bobs", "bob")
    bobs = deployment.place("bobs", LIMIT)
    signed = deployment.place(KEY)
    sign(deployment, signed)
    here, there = deployment.place(KEY, LIMIT), deployment.place(KEY, LIMIT | {"tokenOut": "USDT"})
    path, pair = "/api/orders/cancel", '{"tokenIn": "SOL", "tokenOut": "USDT"}'
    answer = deployment.http("POST", path, key=KEY, body=pair)
    assert (answer.status, answer.json) == (200, {"cancelled": [there], "tooLate": []})
    answer = deployment.http("POST", path, key=KEY, body="{}")
    assert answer.json == {"cancelled": [here], "tooLate": [signed]}
    assert deployment.http("POST", path, key=KEY, body='{"tokenIn": "SOL"}').status == 422
    assert deployment.read(bobs, "bobs")["status"] == "open"


# --- amending ----------------------------------------------------------------------------------------


def test_an_amended_order_shows_what_it_waits_for_now(deployment: Deployment) -> None:
    stream, _ = deployment.connect(KEY, {"stream": "all"})
    order_id = deployment.place(KEY, LIMIT)
    answer = amend(deployment, order_id, seq=1, limitPrice="90000", amount="2")
    assert answer.status == 200, answer.text
    assert (answer.json["status"], answer.json["seq"], answer.json["amount"]) == ("open", 2, "2")
    assert answer.json["limitPrice"] == "90000"
    (told,) = [one for one in deployment.received(stream) if one.get("step") == "amended"]
    assert (told["orderId"], told["seq"], told["limitPrice"]) == (order_id, 2, "90000")
    stale = amend(deployment, order_id, seq=1, limitPrice="80000")
    assert (stale.status, stale.json["code"]) == (409, "stale_seq")


def test_what_does_not_wait_is_not_amended(deployment: Deployment) -> None:
    order_id = deployment.place(KEY)
    answer = amend(deployment, order_id, seq=1, amount="2")
    assert (answer.status, answer.json["code"]) == (409, "not_waiting")
    waiting = deployment.place(KEY, LIMIT)
    deployment.add_key("bobs", "bob")
    assert amend(deployment, waiting, "bobs", seq=1, amount="2").status == 404
    cancel(deployment, waiting)
    answer = amend(deployment, waiting, seq=2, amount="2")
    assert (answer.status, answer.json["code"]) == (409, "not_waiting")


def test_a_stop_that_the_market_is_through_is_not_amended_so(deployment: Deployment) -> None:
    order_id = deployment.place(KEY, SWAP | {"orderType": "stop", "triggerPrice": "1"})
    answer = amend(deployment, order_id, seq=1, triggerPrice="100000")
    assert (answer.status, answer.json["code"]) == (422, "would_trigger")
    assert cast("list[dict[str, str]]", answer.json["errors"])[0]["field"] == "triggerPrice"
    assert deployment.read(order_id, KEY)["seq"] == 1
    assert amend(deployment, order_id, seq=1, triggerPrice="2").status == 200


def test_an_amount_above_that_of_the_key_is_refused(deployment: Deployment) -> None:
    key = deployment.add_key("small", "small")
    deployment.parts.api_keys.add(replace(key, max_amounts={"SOL": 2 * 10**9}))
    order_id = deployment.place("small", LIMIT)
    deployment.clock.advance(timedelta(minutes=5).total_seconds())
    answer = amend(deployment, order_id, "small", seq=1, amount="3")
    assert (answer.status, answer.json["code"]) == (422, "invalid")
    assert amend(deployment, order_id, "small", seq=1, amount="2").status == 200


# --- frames ------------------------------------------------------------------------------------------


def test_frames_cancel_and_amend_as_http_does(deployment: Deployment) -> None:
    own, _ = deployment.connect(KEY)
    order_id = deployment.place(KEY, LIMIT)
    sent = {"action": "amend", "orderId": order_id, "seq": 1, "limitPrice": "90000", "id": 1}
    assert deployment.send(own, json.dumps(sent)) == [{"type": "ack", "id": 1, "orderId": order_id}]
    (refused,) = deployment.send(own, json.dumps(sent))
    assert (refused["code"], refused["status"], refused["id"]) == ("stale_seq", 409, 1)
    ending = {"action": "cancel", "orderId": order_id, "id": "c"}
    for _ in range(2):
        assert deployment.send(own, json.dumps(ending)) == [{"type": "ack", "id": "c", "orderId": order_id}]
    (order,) = deployment.parts.control.orders([order_id])
    assert (order.status, order.seq) == ("cancelled", 3)
