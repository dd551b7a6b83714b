"""Orders in every spelling that is documented, from the request to the last event."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

from websockets.asyncio.client import connect

from dexec_client.raw.events import Event, Sequencer, from_frame
from dexec_client.raw.json_types import Document
from infra.lab.chaos import evidence
from tests.support.awaited import awaited
from tests.system.e2e.deployed import Deployed
from tests.system.e2e.evidence import CLEAN_RUN, ended, ended_async


async def heard(url: str, *frames: str) -> tuple[list[Document], list[Event]]:
    """Send frames over one plain socket; return what is no event, and the events up to the last, in order."""
    answers: list[Document] = []
    events: list[Event] = []
    sequencer = Sequencer()
    async with connect(url, proxy=None) as socket, asyncio.timeout(20):
        for frame in frames:
            await socket.send(frame)
        while not (events and events[-1].terminal and len(answers) == len(frames)):
            received: Document = json.loads(await socket.recv())
            if received["type"] == "status":
                events += sequencer.take(from_frame(received))
            else:
                answers.append(received)
    return answers, events


def assert_clean(events: list[Event]) -> None:
    assert [event.status for event in events] == CLEAN_RUN
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    assert [event.step for event in events] == [None, None, "quotes", None, None, None]
    assert {event.attempt for event in events} == {1}


def test_http_then_websocket(deployment: Deployed) -> None:
    with deployment.client() as client:
        body = '{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"slippage":0.5}'
        accepted = client.post("api/orders/execute", content=body)
        assert accepted.status_code == 202
        placed = accepted.json()
        url = f"{deployment.websocket_url}?orderId={placed['orderId']}"
        assert placed["websocketUrl"] == url
        _, events = asyncio.run(heard(f"{url}&apiKey={deployment.api_key}"))
        assert_clean(events)
        order = client.get(f"api/orders/{placed['orderId']}").json()
    assert order["status"] == "confirmed"
    assert [(e["seq"], e["status"]) for e in order["events"]] == [(e.seq, e.status) for e in events]
    assert order["amountIn"] == "1.5"
    assert order["slippageBps"] == 50
    assert {quote["venue"] for quote in order["route"]["quotes"]} == {"raydium", "meteora"}
    assert Decimal(order["amountOut"]) >= Decimal(order["route"]["minAmountOut"])
    assert order["signature"] == events[-1].detail["signature"]


def test_a_bare_order_over_a_websocket_buys_exactly(deployment: Deployed) -> None:
    frame = '{"clientOrderId":"userA","side":"buy","baseAsset":"SOL","quoteAsset":"USDC","amount":1}'
    url = f"{deployment.websocket_url}?apiKey={deployment.api_key}"
    (ack,), events = asyncio.run(heard(url, frame))
    assert_clean(events)
    assert ack["type"] == "ack"
    with deployment.client() as client:
        order = client.get(f"api/orders/{ack['orderId']}").json()
    assert (order["clientOrderId"], order["label"], order["mode"]) == ("userA", "userA", "exactOut")
    assert (order["tokenIn"], order["tokenOut"], order["amountOut"]) == ("USDC", "SOL", "1")
    assert Decimal(order["amountIn"]) <= Decimal(order["route"]["maxAmountIn"])


def test_one_connection_for_the_order_and_its_updates(deployment: Deployed) -> None:
    frame = '{"action":"execute","order":{"tokenIn":"SOL","tokenOut":"USDC","amount":"2"}}'
    url = f"{deployment.websocket_url}?apiKey={deployment.api_key}"
    (ack,), events = asyncio.run(heard(url, frame))
    assert_clean(events)
    assert {event.order_id for event in events} == {ack["orderId"]}
    outcome = ended(deployment, [str(ack["orderId"])])[str(ack["orderId"])]
    assert outcome.complete
    assert outcome.paid_once


@awaited
async def test_balances_move_by_the_fill_and_nothing_is_made_from_nothing(deployment: Deployed) -> None:
    async with deployment.api(deployment.new_key()) as api:
        before = held(await api.balances())
        placed = await api.place({"tokenIn": "USDC", "tokenOut": "BONK", "amount": "12.5"})
        await ended_async(deployment, [str(placed["orderId"])])
        after, order = held(await api.balances()), await api.order(str(placed["orderId"]))
    changes = {symbol: after[symbol] - amount for symbol, amount in before.items()}
    assert changes.pop("USDC") == -Decimal(str(order["amountIn"])) == Decimal("-12.5")
    assert changes.pop("BONK") == Decimal(str(order["amountOut"]))
    assert set(changes.values()) == {0}
    assert evidence.unbalanced(deployment.database_url) == {}


def held(balances: Document) -> dict[str, Decimal]:
    rows = balances["balances"]
    assert isinstance(rows, list)
    return {str(row["symbol"]): Decimal(str(row["amount"])) for row in rows if isinstance(row, dict)}
