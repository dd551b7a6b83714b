"""Watching: whenever a client comes, it can show every event of its order once, in order of seq."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from dexec_client.raw.events import Event, from_frame
from dexec_client.raw.feed import Feed
from dexec_client.raw.json_types import Document
from tests.system.e2e.deployed import Deployed
from tests.system.e2e.evidence import CLEAN_RUN, ended_async
from tests.system.e2e.watched import ALL, ORDER, seqs, socket_of, to_the_end


async def answer(socket: ClientConnection, frame: Document) -> Document:
    """Send a frame and return its answer; events that come before it are dropped."""
    await socket.send(json.dumps({**frame, "id": "mine"}))
    while True:
        received: Document = json.loads(await socket.recv())
        if received.get("id") == "mine":
            return received


async def feed_to_the_end(feed: Feed, order_id: str) -> list[Event]:
    async with asyncio.timeout(20):
        return [event async for event in feed.until_terminal([order_id])]


def test_early_late_in_the_middle_and_after_the_end(deployment: Deployed) -> None:
    key = deployment.new_key()

    async def late(order_id: str, pause_s: float) -> list[Event]:
        await asyncio.sleep(pause_s)
        async with socket_of(deployment, key, orderId=order_id) as socket:
            return await to_the_end(socket)

    async def watch() -> list[list[Event]]:
        async with (
            deployment.api(key) as api,
            socket_of(deployment, key, stream="all") as before,
            deployment.feed(key) as feed,
        ):
            order_id = str((await api.place(ORDER))["orderId"])
            # None of them knows how far the order is; pauses spread them over its life of a few 10 ms.
            middle = [late(order_id, pause_s) for pause_s in (0, 0.01, 0.02, 0.04, 0.08)]
            shown = await asyncio.gather(to_the_end(before), *middle)
            await ended_async(deployment, [order_id])
            await feed.subscribe(order_id)
            after = [await feed_to_the_end(feed, order_id), await late(order_id, 0)]
            return [*shown, *after]

    for events in asyncio.run(watch()):
        assert [event.status for event in events] == CLEAN_RUN
        assert seqs(events) == ALL


def test_only_what_comes_after_a_seq(deployment: Deployed) -> None:
    key = deployment.new_key()

    async def watch() -> list[Event]:
        async with deployment.api(key) as api, socket_of(deployment, key) as socket:
            order_id = str((await api.place(ORDER))["orderId"])
            await ended_async(deployment, [order_id])
            await socket.send(json.dumps({"action": "subscribe", "orderId": order_id, "afterSeq": 4}))
            while True:
                received: Document = json.loads(await socket.recv())
                if received["type"] == "status":
                    return from_frame(received)

    assert seqs(asyncio.run(watch())) == [5, 6]


def test_a_stream_receives_all_orders_of_its_client_and_of_no_other(deployment: Deployed) -> None:
    mine, other = deployment.new_key(), deployment.new_key()

    async def watch() -> tuple[list[str], list[Event], list[Event]]:
        async with (
            deployment.api(mine) as api,
            deployment.api(other) as stranger,
            deployment.feed(mine, stream=True) as feed,
            deployment.feed(mine, stream=True) as second,
            asyncio.timeout(20),
        ):
            placed = await asyncio.gather(api.place(ORDER), stranger.place(ORDER), api.place(ORDER))
            ids = [str(placed[0]["orderId"]), str(placed[2]["orderId"])]
            await ended_async(deployment, [str(order["orderId"]) for order in placed])
            first = [event async for event in feed.until_terminal(ids)]
            return ids, first, [event async for event in second.until_terminal(ids)]

    ids, first, second = asyncio.run(watch())
    for events in (first, second):
        assert {event.order_id for event in events} == set(ids)
        assert [seqs([e for e in events if e.order_id == order_id]) for order_id in ids] == [ALL, ALL]


def test_a_stream_hears_at_once_of_orders_that_wait(deployment: Deployed) -> None:
    key, waiting = deployment.new_key(orders_per_minute=30), 40

    async def run() -> tuple[dict[str, str], dict[str, str]]:
        announced: dict[str, str] = {}
        async with socket_of(deployment, key, stream="all") as stream, deployment.api(key) as api:
            accepted = [await api.place(ORDER) for n in range(waiting)]
            late = {str(one["orderId"]): str(one["startsAt"]) for one in accepted[-20:]}
            while not late.keys() <= announced.keys():
                frame = json.loads(await stream.recv())
                if frame.get("startsAt"):
                    assert (frame["type"], frame["status"], frame["seq"]) == ("status", "pending", 1)
                    announced[frame["orderId"]] = frame["startsAt"]
        return late, announced

    late, announced = asyncio.run(run())
    assert {order_id: announced[order_id] for order_id in late} == late
    with deployment.client(key) as client:
        active = client.get("api/orders", params={"status": "active", "limit": 100}).json()["orders"]
    assert set(late) <= {order["orderId"] for order in active}, "none of them has begun"


def test_two_clients_on_one_order_both_see_all_of_it(deployment: Deployed) -> None:
    key = deployment.new_key()

    async def watch() -> list[list[Event]]:
        async with deployment.feed(key) as first, deployment.feed(key) as second:
            order_id = str((await first.execute(ORDER))["orderId"])
            await second.subscribe(order_id)
            return list(await asyncio.gather(*(feed_to_the_end(feed, order_id) for feed in (first, second))))

    assert [seqs(events) for events in asyncio.run(watch())] == [ALL, ALL]


def test_a_dropped_socket_comes_back_without_a_gap(deployment: Deployed) -> None:
    key = deployment.new_key()

    async def watch() -> list[Event]:
        async with deployment.feed(key) as feed:
            order_id = str((await feed.execute(ORDER))["orderId"])
            events = []
            async with asyncio.timeout(20):
                async for event in feed.until_terminal([order_id]):
                    events.append(event)
                    await feed.drop()
            return events

    assert seqs(asyncio.run(watch())) == ALL


def test_ping_subscribe_and_unsubscribe_are_answered(deployment: Deployed) -> None:
    key = deployment.new_key()

    async def talk() -> list[Document]:
        async with deployment.api(key) as api, socket_of(deployment, key) as socket:
            order_id = str((await api.place(ORDER))["orderId"])
            named: Document = {"orderId": order_id}
            return [
                await answer(socket, {"action": "ping"}),
                await answer(socket, {"action": "subscribe", **named}),
                await answer(socket, {"action": "unsubscribe", **named}),
                # Once more, for what is not watched: nothing to do, no error.
                await answer(socket, {"action": "unsubscribe", **named}),
            ]

    pong, *acks = asyncio.run(talk())
    assert pong == {"type": "pong", "id": "mine"}
    assert [ack["type"] for ack in acks] == ["ack", "ack", "ack"]
    assert len({str(ack["orderId"]) for ack in acks}) == 1


def test_who_unsubscribed_hears_nothing_more(deployment: Deployed) -> None:
    key = deployment.new_key(orders_per_minute=60)

    async def talk() -> list[Document]:
        async with deployment.api(key) as api, socket_of(deployment, key) as socket:
            # The eleventh starts a second later: there is time to turn away from it.
            placed = [await api.place(ORDER) for _ in range(11)]
            last = str(placed[-1]["orderId"])
            await answer(socket, {"action": "subscribe", "orderId": last})
            await answer(socket, {"action": "unsubscribe", "orderId": last})
            await ended_async(deployment, [str(order["orderId"]) for order in placed])
            received: list[Document] = []
            await socket.send('{"action":"ping"}')
            while not received or received[-1]["type"] != "pong":
                received.append(json.loads(await socket.recv()))
            return received

    assert [frame["type"] for frame in asyncio.run(talk())] == ["pong"]


@pytest.mark.parametrize("query", [{}, {"apiKey": "nobody's"}, {"apiKey": "", "orderId": "ord_1"}])
def test_a_connection_without_a_valid_key_is_told_so(deployment: Deployed, query: dict[str, str]) -> None:
    async def attempt() -> int:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{deployment.websocket_url}?{urlencode(query)}", proxy=None)
        return refused.value.response.status_code

    assert asyncio.run(attempt()) == 401


def test_another_clients_order_cannot_be_watched(deployment: Deployed) -> None:
    mine, other = deployment.new_key(), deployment.new_key()

    async def attempt() -> list[Document]:
        async with deployment.api(mine) as api:
            order_id = str((await api.place(ORDER))["orderId"])
        async with (
            socket_of(deployment, other, orderId=order_id) as opened,
            socket_of(deployment, other, orderId="ord_1") as wrong,
            socket_of(deployment, other) as idle,
        ):
            on_connect: Document = json.loads(await opened.recv())
            assert json.loads(await wrong.recv()) == on_connect
            asked = await answer(idle, {"action": "subscribe", "orderId": order_id})
            await ended_async(deployment, [order_id])
            return [on_connect, asked]

    for refusal in asyncio.run(attempt()):
        assert (refusal["type"], refusal["status"], refusal["code"]) == ("error", 404, "not_found")
