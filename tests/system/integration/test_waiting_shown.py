"""Orders that wait, over HTTP and the WebSocket, in process: what is answered, shown, refused, and read."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, cast

import jsonschema_rs
import pytest

from infra.json_types import Node
from infra.release.documents import asyncapi, openapi
from infra.release.documents.components import strict
from tests.system.edge.inprocess import SWAP, Deployment
from tests.system.integration.conftest import KEY

SELL: dict[str, Any] = {"side": "sell", "baseAsset": "SOL", "quoteAsset": "USDC", "amount": "1"}
BUY = SELL | {"side": "buy"}
LIMIT = SWAP | {"orderType": "limit", "limitPrice": "100000"}
OCO = SELL | {"orderType": "oco", "takeProfit": {"limitPrice": 100_000}, "stopLoss": {"triggerPrice": "0.01"}}
TRAIL = {"orderType": "trailingStop", "trailingBps": 200}


def tick(deployment: Deployment, pair: str, slot: int, reference: str, mid: str) -> None:
    """Store what a tick saw."""
    with deployment.parts.connect() as connection:
        values = [pair, slot, deployment.clock.now(), reference, mid]
        connection.execute("INSERT INTO ticks VALUES (%s, %s, %s, %s, %s)", values)
        connection.commit()


def as_documented(component: str, answer: Any) -> None:
    """Hold an answer against the document, in which every field has to stand."""
    components = {"schemas": strict(cast(Node, openapi.document()["components"])["schemas"])}
    schema = {"$ref": f"#/components/schemas/{component}", "components": components}
    jsonschema_rs.Draft202012Validator(schema).validate(answer)


@pytest.mark.parametrize(
    "body",
    [
        LIMIT,
        SELL | {"orderType": "stop", "triggerPrice": "0.01", "limitPrice": "0.005", "timeInForce": "ioc"},
        BUY | TRAIL | {"activationPrice": "1", "expiresAt": "2099-01-01T00:00:00Z"},
        OCO,
    ],
    ids=["limit", "stop", "trailingStop", "oco"],
)
def test_an_order_that_waits_is_answered_and_shown_as_documented(
    deployment: Deployment, body: dict[str, Any]
) -> None:
    placed = deployment.order(KEY, body)
    assert placed.status == 202, placed.text
    as_documented("OrderAccepted", placed.json)
    assert (placed.json["status"], placed.json["startsAt"]) == ("open", None)
    order = deployment.read(str(placed.json["orderId"]), KEY)
    as_documented("OrderWithEvents", order)
    assert (order["orderType"], order["status"], order["priceUnit"]) == (
        body["orderType"],
        "open",
        "USDC per SOL",
    )
    (event,) = order["events"]
    assert (event["status"], event["orderType"]) == ("open", body["orderType"])
    assert order["market"] is None
    page = deployment.http("GET", "/api/orders", key=KEY, query={"status": "open"}).json
    assert [one["orderId"] for one in cast("list[Node]", page["orders"])] == [placed.json["orderId"]]
    assert deployment.order(KEY, body, "k").json["orderId"] != placed.json["orderId"]


def test_a_bracket_names_its_exit_which_is_held(deployment: Deployment) -> None:
    exits = {"takeProfit": {"limitPrice": 100_000}, "stopLoss": {"trailingBps": 500}}
    placed = deployment.order(KEY, BUY | exits)
    assert placed.status == 202, placed.text
    as_documented("OrderAccepted", placed.json)
    held = deployment.read(str(placed.json["exitId"]), KEY)
    as_documented("OrderWithEvents", held)
    assert (held["status"], held["orderType"], held["entryId"]) == ("held", "oco", placed.json["orderId"])
    assert (held["tokenIn"], held["priceUnit"]) == ("SOL", "USDC per SOL")
    assert deployment.read(str(placed.json["orderId"]), KEY)["exitId"] == placed.json["exitId"]


def test_the_market_of_open_orders_is_one_more_read(deployment: Deployment, trips: Counter[int]) -> None:
    def pages() -> int:
        trips.clear()
        deployment.http("GET", "/api/orders", key=KEY)
        return sum(trips.values())

    deployment.order(KEY, SWAP)
    without = pages()
    placed = [deployment.place(KEY, body) for body in (LIMIT, OCO, SELL | TRAIL, BUY | TRAIL)]
    with_open = pages()
    assert with_open == without + 1
    tick(deployment, "SOL>USDC", 1_000, "1/5", "1/4")
    tick(deployment, "SOL>USDC", 1_001, "4/25", "1/5")
    tick(deployment, "USDC>SOL", 1_001, "5", "4")
    assert pages() == with_open
    limit, oco, sells, buys = (deployment.read(one, KEY)["market"] for one in placed)
    assert (limit["slot"], limit["price"], limit["mid"]) == (1_001, "160", "200")
    assert limit["distanceBps"] == (100_000 - 160) * 10_000 // 160
    assert oco["distanceBps"] == 9_999
    assert (sells["stopPrice"], sells["distanceBps"]) == ("196", -2250)
    assert (buys["price"], buys["stopPrice"]) == ("200", "204.081632653")


def test_the_last_minutes_of_a_pair_are_a_chart(deployment: Deployment) -> None:
    query = {"tokenIn": "sol", "tokenOut": "USDC"}
    empty = deployment.http("GET", "/api/prices", key=KEY, query=query).json
    assert empty == {"tokenIn": "SOL", "tokenOut": "USDC", "priceUnit": "USDC per SOL", "points": []}
    tick(deployment, "SOL>USDC", 1_000, "1/5", "1/4")
    shown = deployment.http("GET", "/api/prices", key=KEY, query=query).json
    as_documented("Prices", shown)
    (point,) = cast("list[Node]", shown["points"])
    assert (point["slot"], point["price"], point["mid"]) == (1_000, "200", "250")
    same = deployment.http("GET", "/api/prices", key=KEY, query={"tokenIn": "SOL", "tokenOut": "SOL"})
    assert (same.status, same.json["code"]) == (422, "invalid")


def test_what_does_not_fit_is_refused_by_name_on_both_ways_in(deployment: Deployment) -> None:
    wrong = SWAP | {"orderType": "oco", "takeProfit": {"limitPrice": 1}, "stopLoss": {"confirmTicks": 11}}
    refused = deployment.order(KEY, wrong)
    assert refused.status == 422
    (error,) = cast("list[Node]", refused.json["errors"])
    assert error == {"field": "stopLoss.confirmTicks", "message": "must be at most 10"}
    broken = deployment.order(KEY, SWAP | {"takeProfit": 7})
    assert (broken.status, broken.json["detail"]) == (422, "takeProfit: must be a JSON object")
    connection, _ = deployment.connect(KEY)
    deployment.send(connection, json.dumps({"action": "execute", "order": wrong}))
    (frame,) = deployment.received(connection)
    assert cast("list[Node]", frame["errors"]) == [error]


def test_an_order_that_waits_is_placed_and_watched_by_a_frame(deployment: Deployment) -> None:
    connection, _ = deployment.connect(KEY)
    deployment.send(connection, json.dumps({"action": "execute", "id": 1, "order": OCO}))
    frames = deployment.received(connection)
    components = {"schemas": cast(Node, asyncapi.document()["components"])["schemas"]}
    for frame in frames:
        name = {"ack": "AckFrame", "status": "OpenFrame"}[str(frame["type"])]
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        jsonschema_rs.Draft202012Validator(schema).validate(frame)
    told = {str(frame["type"]): frame for frame in frames}
    assert (told["ack"]["status"], told["ack"]["startsAt"]) == ("open", None)
    assert (told["status"]["status"], told["status"]["takeProfit"]) == ("open", {"limitPrice": "100000"})
