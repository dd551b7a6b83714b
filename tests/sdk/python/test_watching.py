"""Handles and streams: each event once and in order, whatever becomes of the connection."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from websockets.asyncio.client import ClientConnection

from dexec_client import AsyncClient, AsyncEventStream, errors
from dexec_client.raw import opening
from dexec_client.raw.retry import Say
from tests.sdk.python.fake_deployment import STATUSES, Deployment
from tests.support.awaited import awaited
from tests.support.eventually import eventually

ALL = [1, 2, 3, 4, 5, 6]


async def seqs(client: AsyncClient, order_id: str, after_seq: int = 0) -> list[int]:
    order = await client.handle(order_id)
    return [event.seq async for event in order.events(after_seq)]


@awaited
async def test_events_come_as_models_and_the_handle_follows(deployment: Deployment) -> None:
    order_id = deployment.add(reached=6)
    async with AsyncClient(deployment.url, api_key="k") as client:
        order = await client.handle(order_id)
        order.status = ""
        found = [event async for event in order.events()]
        assert [event.status for event in found] == list(STATUSES)
        assert {event.order_id for event in found} == {order_id}
        assert found[-1].fill is not None
        assert found[-1].fill.legs[0].fee.base == Decimal("0.000000001")
        assert [event.terminal for event in found] == [False] * 5 + [True]
        assert order.status == "confirmed"


@pytest.mark.usefixtures("no_pauses")
@awaited
async def test_a_drop_goes_unnoticed(deployment: Deployment) -> None:
    order_id = deployment.add(reached=6)
    deployment.drops_after = [2, 1]
    async with AsyncClient(deployment.url, api_key="k") as client:
        assert await seqs(client, order_id) == ALL
    assert deployment.connections == 3
    subscriptions = [frame["afterSeq"] for frame in deployment.frames if frame["action"] == "subscribe"]
    assert subscriptions[0] == 0
    assert subscriptions[-1] == 3


@awaited
async def test_events_after_a_seq(deployment: Deployment) -> None:
    order_id = deployment.add(reached=6)
    async with AsyncClient(deployment.url, api_key="k") as client:
        assert await seqs(client, order_id, 4) == [5, 6]


@pytest.mark.parametrize("after_seq", [6, 7])
@awaited
async def test_there_is_nothing_after_the_last_event(deployment: Deployment, after_seq: int) -> None:
    order_id = deployment.add(reached=6)
    async with AsyncClient(deployment.url, api_key="k") as client:
        assert await seqs(client, order_id, after_seq) == []


@awaited
async def test_iterators_over_one_order_share_a_connection_and_see_what_they_asked_for(
    deployment: Deployment,
) -> None:
    order_id, other = deployment.add(reached=3), deployment.add(reached=6)
    async with AsyncClient(deployment.url, api_key="k") as client:
        order = await client.handle(order_id)
        late = order.events(2)
        first = (await anext(late)).seq
        whole = order.events()
        begun = [(await anext(whole)).seq for _ in range(3)]
        beside = await seqs(client, other)
        await asyncio.to_thread(deployment.advance, order_id)
        rest = [[event.seq async for event in events] for events in (late, whole)]
        assert [[first, *rest[0]], [*begun, *rest[1]], beside] == [[3, 4, 5, 6], ALL, ALL]
    assert deployment.connections == 1


@awaited
async def test_an_iterator_that_is_left_unsubscribes_and_another_begins_anew(deployment: Deployment) -> None:
    order_id = deployment.add(reached=3)
    async with AsyncClient(deployment.url, api_key="k") as client:
        order = await client.handle(order_id)
        events = order.events()
        await anext(events)
        await events.aclose()
        await asyncio.to_thread(deployment.advance, order_id, 5)
        await asyncio.to_thread(eventually, lambda: deployment.frames[-1]["action"] == "unsubscribe")
        found = asyncio.create_task(seqs(client, order_id))
        await asyncio.to_thread(deployment.advance, order_id)
        assert await found == ALL
    assert deployment.connections == 1


@awaited
async def test_what_comes_for_an_order_that_was_left_is_not_asked_about(deployment: Deployment) -> None:
    order_id, other = deployment.add(reached=2), deployment.add(reached=6)
    deployment.forgets_to_unsubscribe = True
    async with AsyncClient(deployment.url, api_key="k") as client:
        order = await client.handle(order_id)
        events = order.events()
        await anext(events)
        await events.aclose()
        await asyncio.to_thread(deployment.advance, order_id)
        assert await seqs(client, other) == ALL
    asked = [frame["orderId"] for frame in deployment.frames if frame["action"] == "subscribe"]
    assert asked == [order_id, other]


@awaited
async def test_a_refusal_for_good_ends_the_iterators_and_the_next_one_tries_again(
    deployment: Deployment,
) -> None:
    order_id = deployment.add(reached=2)
    async with AsyncClient(deployment.url, api_key="k") as client:
        order = await client.handle(order_id)
        events = order.events()
        await anext(events)
        deployment.refuses_sockets = 403
        await asyncio.to_thread(deployment.drop_all)
        with pytest.raises(errors.Unauthorized, match="is the API key right"):
            _ = [event async for event in events]
        deployment.orders[order_id].reached = 6
        deployment.refuses_sockets = None
        assert await seqs(client, order_id) == ALL


@awaited
async def test_done_returns_the_order_or_says_that_it_is_not(deployment: Deployment) -> None:
    order_id = deployment.add(reached=3)
    async with AsyncClient(deployment.url, api_key="k") as client:
        order = await client.handle(order_id)
        with pytest.raises(errors.NotDone, match=r"is still routing after 0\.2 s") as raised:
            await order.done(timeout=0.2)
        assert isinstance(raised.value, TimeoutError)
        waiting = asyncio.create_task(order.done(timeout=9))
        await asyncio.to_thread(deployment.advance, order_id)
        done = await waiting
        assert done.raise_for_failure() is done
        assert (done.status, done.terminal, len(done.events)) == ("confirmed", True, 6)


@awaited
async def test_a_failed_order_is_returned_and_raises_when_asked_to(deployment: Deployment) -> None:
    order_id = deployment.add(reached=6, last="failed")
    async with AsyncClient(deployment.url, api_key="k") as client:
        order = await (await client.handle(order_id)).done()
        with pytest.raises(errors.OrderFailed, match="failed: the price moved") as raised:
            order.raise_for_failure()
        assert (raised.value.code, raised.value.order) == ("slippage_exceeded", order)


@pytest.mark.parametrize("refusal", [403, 426])
@pytest.mark.usefixtures("no_pauses")
@awaited
async def test_where_no_websocket_can_be_opened_the_end_is_read(deployment: Deployment, refusal: int) -> None:
    deployment.refuses_sockets = refusal
    order_id = deployment.add(reached=3)
    async with AsyncClient(deployment.url, api_key="k") as client:
        order = await client.handle(order_id)
        waiting = asyncio.create_task(order.done(timeout=9))
        before = len(deployment.requests)
        await asyncio.to_thread(eventually, lambda: len(deployment.requests) > before + 3)
        await asyncio.to_thread(deployment.advance, order_id)
        assert (await waiting).status == "confirmed"


@pytest.mark.usefixtures("no_pauses")
@awaited
async def test_an_end_during_an_outage_is_waited_for(deployment: Deployment) -> None:
    order_id = deployment.add(reached=6)
    async with AsyncClient(deployment.url, api_key="k") as client:
        order = await client.handle(order_id)
        deployment.refusals = [(503, {})] * 23
        assert (await order.done(timeout=9)).status == "confirmed"
        assert deployment.refusals == []
        deployment.refusals = [(503, {})] * 10_000
        with pytest.raises(errors.NotDone):
            await order.done(timeout=0.2)
        # More than one for each: a request that was under way at the time-out takes one as well.
        deployment.refusals = [(401, {})] * 10
        with pytest.raises(errors.Unauthorized):
            await order.done(timeout=9)


@awaited
async def test_an_order_that_is_not_there_is_not_found(deployment: Deployment) -> None:
    async with AsyncClient(deployment.url, api_key="k") as client:
        with pytest.raises(errors.NotFound, match="no such order"):
            await client.handle("ord_none")


@pytest.mark.usefixtures("no_pauses")
@awaited
async def test_the_stream_gives_every_order_that_moves_and_misses_nothing_over_a_drop(
    deployment: Deployment,
) -> None:
    order_id, other = deployment.add(reached=2), deployment.add(reached=5)
    async with AsyncClient(deployment.url, api_key="k") as client, client.stream() as events:
        await asyncio.to_thread(deployment.advance, order_id, 3)
        found = [await anext(events) for _ in range(3)]
        deployment.orders[order_id].reached = 5  # and nobody is told
        await asyncio.to_thread(deployment.drop_all)
        await asyncio.to_thread(eventually, lambda: deployment.connections == 2)
        found += [await anext(events) for _ in range(2)]
        await asyncio.to_thread(deployment.advance, other)
        found += [await anext(events) for _ in range(6)]
    steps = [(event.order_id, event.seq) for event in found]
    assert steps == [(order_id, seq) for seq in ALL[:5]] + [(other, seq) for seq in ALL]


@awaited
async def test_a_stream_that_was_not_waited_for_to_the_end_goes_on(deployment: Deployment) -> None:
    order_id = deployment.add(reached=1)
    async with AsyncClient(deployment.url, api_key="k") as client, client.stream() as events:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 0.05)
        await asyncio.to_thread(deployment.advance, order_id, 2)
        assert [(await anext(events)).seq for _ in range(2)] == [1, 2]


@awaited
async def test_a_client_that_is_closed_ends_what_waits(deployment: Deployment) -> None:
    order_id = deployment.add(reached=2)
    client = AsyncClient(deployment.url, api_key="k")
    order = await client.handle(order_id)
    stream = client.stream()
    await stream.open()
    waiting = [asyncio.ensure_future(order.done()), asyncio.ensure_future(seqs(client, order_id))]
    streaming = asyncio.ensure_future(_count(stream))
    await asyncio.to_thread(eventually, lambda: len(deployment.frames) >= 2)
    await client.aclose()
    async with asyncio.timeout(5):
        for one in waiting:
            with pytest.raises(RuntimeError, match="is closed"):
                await one
        assert await streaming == 0
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


@awaited
async def test_a_client_that_is_closed_while_it_connects_leaves_no_connection(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, open_first = asyncio.Semaphore(0), asyncio.Event(), opening.open_first

    async def slow(url: str, say: Say) -> ClientConnection:
        begun.release()
        await go_on.wait()
        return await open_first(url, say)

    monkeypatch.setattr("dexec_client.raw.feed.open_first", slow)
    client = AsyncClient(deployment.url, api_key="k")
    order, stream = await client.handle(deployment.add(reached=2)), client.stream()
    waiting = [asyncio.ensure_future(stream.open()), asyncio.ensure_future(anext(order.events()))]
    for _ in waiting:
        await begun.acquire()
    await client.aclose()
    go_on.set()
    for one in waiting:
        with pytest.raises(RuntimeError, match="is closed"):
            await one
    assert deployment.connections == 2
    await asyncio.to_thread(eventually, lambda: not deployment.open_sockets)


async def _count(stream: AsyncEventStream) -> int:
    return len([event async for event in stream])


@pytest.mark.usefixtures("no_pauses")
@awaited
async def test_the_end_is_read_as_often_as_the_deployment_lets_it(deployment: Deployment) -> None:
    deployment.refuses_sockets = 403
    order_id = deployment.add(reached=3)
    async with AsyncClient(deployment.url, api_key="k") as client:
        order = await client.handle(order_id)
        await client.config()
        waiting = asyncio.create_task(order.done(timeout=9))
        before = len(deployment.requests)
        await asyncio.to_thread(eventually, lambda: len(deployment.requests) > before + 1)
        deployment.refusals = [(429, {"type": "/errors/too_many_reads", "detail": "slow down"})] * 2
        await asyncio.to_thread(eventually, lambda: not deployment.refusals)
        await asyncio.to_thread(deployment.advance, order_id)
        assert (await waiting).status == "confirmed"
