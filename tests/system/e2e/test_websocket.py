"""Watching: whenever a client comes, it can show every event of its order once, in order of seq."""

from __future__ import annotations

import asyncio
import json

from websockets.asyncio.client import ClientConnection

from dexec_client.raw.events import Event, from_frame
from dexec_client.raw.feed import Feed
from dexec_client.raw.json_types import Document
from tests.support.awaited import awaited
from tests.system.e2e.deployed import ORDER, Deployed
from tests.system.e2e.evidence import CLEAN_RUN, ended_async
from tests.system.e2e.watched import ALL, seqs, socket_of, to_the_end


async def answer(socket: ClientConnection, frame: Document) -> Document:
    """Send a frame and return its answer; events that come before it are dropped."""
    await socket.send(json.dumps({**frame, "id": "mine"}))
    while True:
        received: Document = json.loads(await socket.recv())
        if received.get("id") == "mine":
            return received


async def feed_to_the_end(feed: Feed, *order_ids: str) -> list[Event]:
    return [event async for event in feed.until_terminal(order_ids)]


@awaited
async def test_early_late_in_the_middle_and_after_the_end(deployment: Deployed) -> None:
    key = deployment.new_key()

    async def late(order_id: str, pause_s: float) -> list[Event]:
        await asyncio.sleep(pause_s)
        async with socket_of(deployment, key, orderId=order_id) as socket:
            return await to_the_end(socket)

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
    for events in (*shown, *after):
        assert [event.status for event in events] == CLEAN_RUN
        assert seqs(events) == ALL


@awaited
async def test_only_what_comes_after_a_seq(deployment: Deployed) -> None:
    key = deployment.new_key()
    async with deployment.api(key) as api, socket_of(deployment, key) as socket:
        order_id = str((await api.place(ORDER))["orderId"])
        await ended_async(deployment, [order_id])
        await socket.send(json.dumps({"action": "subscribe", "orderId": order_id, "afterSeq": 4}))
        received: Document = json.loads(await socket.recv())
        while received["type"] != "status":
            received = json.loads(await socket.recv())
    assert seqs(from_frame(received)) == [5, 6]


@awaited
async def test_a_stream_receives_all_orders_of_its_client_and_of_no_other(deployment: Deployed) -> None:
    mine, other = deployment.new_key(), deployment.new_key()
    async with (
        deployment.api(mine) as api,
        deployment.api(other) as stranger,
        deployment.feed(mine, stream=True) as feed,
        deployment.feed(mine, stream=True) as second,
    ):
        placed = await asyncio.gather(api.place(ORDER), stranger.place(ORDER), api.place(ORDER))
        ids = [str(placed[0]["orderId"]), str(placed[2]["orderId"])]
        await ended_async(deployment, [str(order["orderId"]) for order in placed])
        heard = [await feed_to_the_end(one, *ids) for one in (feed, second)]
    for events in heard:
        assert {event.order_id for event in events} == set(ids)
        assert [seqs([e for e in events if e.order_id == order_id]) for order_id in ids] == [ALL, ALL]


@awaited
async def test_a_stream_hears_at_once_of_orders_that_wait(deployment: Deployed) -> None:
    key, waiting = deployment.new_key(orders_per_minute=30), 40
    announced: dict[str, str] = {}
    async with socket_of(deployment, key, stream="all") as stream, deployment.api(key) as api:
        accepted = [await api.place(ORDER) for n in range(waiting)]
        late = {str(one["orderId"]): str(one["startsAt"]) for one in accepted[-20:]}
        while not late.keys() <= announced.keys():
            frame = json.loads(await stream.recv())
            if frame.get("startsAt"):
                assert (frame["type"], frame["status"], frame["seq"]) == ("status", "pending", 1)
                announced[frame["orderId"]] = frame["startsAt"]
    assert {order_id: announced[order_id] for order_id in late} == late
    with deployment.client(key) as client:
        active = client.get("api/orders", params={"status": "active", "limit": 100}).json()["orders"]
    assert set(late) <= {order["orderId"] for order in active}, "none of them has begun"


@awaited
async def test_a_dropped_socket_comes_back_without_a_gap(deployment: Deployed) -> None:
    events: list[Event] = []
    async with deployment.feed(deployment.new_key()) as feed:
        order_id = str((await feed.execute(ORDER))["orderId"])
        async for event in feed.until_terminal([order_id]):
            events.append(event)
            await feed.drop()
    assert seqs(events) == ALL


@awaited
async def test_ping_subscribe_and_unsubscribe_are_answered(deployment: Deployed) -> None:
    key = deployment.new_key()
    async with deployment.api(key) as api, socket_of(deployment, key) as socket:
        assert await answer(socket, {"action": "ping"}) == {"type": "pong", "id": "mine"}
        order_id = str((await api.place(ORDER))["orderId"])
        # The last is for what is not watched: nothing to do, no error.
        actions = ("subscribe", "unsubscribe", "unsubscribe")
        acks = [await answer(socket, {"action": action, "orderId": order_id}) for action in actions]
    assert [ack["type"] for ack in acks] == ["ack", "ack", "ack"]
    assert {ack["orderId"] for ack in acks} == {order_id}


@awaited
async def test_who_unsubscribed_hears_nothing_more(deployment: Deployed) -> None:
    key = deployment.new_key(orders_per_minute=60)
    async with deployment.api(key) as api, socket_of(deployment, key) as socket:
        # The eleventh starts a second later: there is time to turn away from it.
        placed = [await api.place(ORDER) for _ in range(11)]
        last = str(placed[-1]["orderId"])
        await answer(socket, {"action": "subscribe", "orderId": last})
        await answer(socket, {"action": "unsubscribe", "orderId": last})
        await ended_async(deployment, [str(order["orderId"]) for order in placed])
        await socket.send('{"action":"ping"}')
        assert json.loads(await socket.recv())["type"] == "pong"
