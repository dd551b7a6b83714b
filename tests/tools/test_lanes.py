"""The queue in front of an API: a bound, an order, and a refusal before anything is executed."""

from __future__ import annotations

import asyncio
import json

import pytest

from infra.local.guard import Message, Receive, Scope, Send
from infra.local.lanes import ALWAYS, MOST, PATIENCE_S, Lane, Lanes, Overloaded
from tests.support.awaited import awaited

API = "/_aws/execute-api/de0ec001/api/orders/execute"
WIDTH = 2
HTTP_S = PATIENCE_S["http"]


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def lane_of(mean_s: float) -> Lane:
    """Return a lane whose requests took so long until now."""
    clock = Clock()
    lane = Lane(WIDTH, HTTP_S, clock)
    for _ in range(500):
        entered = await lane.enter()
        clock.now += mean_s
        lane.leave(entered)
    return lane


async def crowd(lane: Lane, count: int) -> list[asyncio.Task[float]]:
    tasks = [asyncio.create_task(lane.enter()) for _ in range(count)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


@awaited
async def test_no_more_than_the_bound_run_and_the_first_come_first() -> None:
    lane = Lane(WIDTH, HTTP_S)
    tasks = await crowd(lane, 5)
    assert [task.done() for task in tasks] == [True, True, False, False, False]
    for ended in range(3):
        lane.leave(await tasks[ended])
        await asyncio.sleep(0)
        assert [task.done() for task in tasks] == [True] * (3 + ended) + [False] * (2 - ended)
    assert lane.running == WIDTH
    lane.leave(await tasks[3])
    lane.leave(await tasks[4])
    assert (lane.running, lane.waiting) == (0, 0)


@awaited
async def test_who_gives_up_while_waiting_costs_the_others_nothing() -> None:
    lane = Lane(WIDTH, HTTP_S)
    tasks = await crowd(lane, 4)
    tasks[2].cancel()
    await asyncio.sleep(0)
    lane.leave(await tasks[0])
    # Called, and gone in the same moment.
    tasks[3].cancel()
    await asyncio.gather(*tasks[2:], return_exceptions=True)
    lane.leave(await tasks[1])
    assert (lane.running, lane.waiting) == (0, 0)


@pytest.mark.parametrize("mean_s", [0.02, 0.1])
@awaited
async def test_as_many_wait_as_are_served_in_five_seconds(mean_s: float) -> None:
    lane = await lane_of(mean_s)
    tasks = await crowd(lane, 3_000)
    refused = [task.exception() for task in tasks if task.done() and task.exception()]
    assert lane.waiting == pytest.approx(HTTP_S * WIDTH / mean_s, rel=0.05)
    assert len(refused) == 3_000 - WIDTH - lane.waiting
    assert {type(error) for error in refused} == {Overloaded}
    for task in tasks:
        task.cancel()


@awaited
async def test_a_few_may_wait_whatever_the_last_took_and_thousands_never() -> None:
    slow, fast = await lane_of(30), await lane_of(0.00001)
    for lane, most in ((slow, ALWAYS), (fast, MOST)):
        tasks = await crowd(lane, 3_000)
        assert lane.waiting == most
        for task in tasks:
            task.cancel()


@awaited
async def test_an_api_that_is_overloaded_says_so_and_the_rest_of_the_emulator_is_not() -> None:
    reached: list[str] = []
    release = asyncio.Event()

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        reached.append(scope["path"])
        await release.wait()

    lanes = Lanes(app, WIDTH)
    served = [asyncio.create_task(asked(lanes, API)) for _ in range(MOST)]
    await asyncio.sleep(0.1)
    assert len(reached) == WIDTH
    answer = await asked(lanes, API)
    assert answer[0]["status"] == 503
    headers = dict(answer[0]["headers"])
    problem = json.loads(answer[1]["body"])
    assert headers[b"content-type"] == b"application/problem+json"
    assert problem["type"] == "http://localhost/_aws/execute-api/de0ec001/errors/overloaded"
    assert int(headers[b"retry-after"]) == problem["retryAfter"] >= 1
    assert len(reached) == WIDTH, "what is refused is not executed"
    release.set()
    await asked(lanes, "/2015-03-31/functions")
    refused = [answer for answer in await asyncio.gather(*served) if answer]
    assert 0 < len(refused) < MOST
    assert len(reached) == MOST - len(refused) + 1
    assert await asked(lanes, API) == []


@awaited
async def test_a_socket_has_its_turn_until_it_is_open() -> None:
    over = asyncio.Event()

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await over.wait()

    lanes = Lanes(app, WIDTH)
    open_ones = [asyncio.create_task(asked(lanes, API, "websocket")) for _ in range(20)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in open_ones)
    over.set()
    assert await asyncio.gather(*open_ones) == [[{"type": "websocket.accept"}]] * 20


@pytest.mark.parametrize("can_answer", [True, False])
@awaited
async def test_a_socket_that_would_wait_too_long_is_refused(can_answer: bool) -> None:
    never = asyncio.Event()

    async def app(_: Scope, __: Receive, ___: Send) -> None:
        await never.wait()

    lanes = Lanes(app, WIDTH)
    waiting = [asyncio.create_task(asked(lanes, API, "websocket")) for _ in range(MOST + WIDTH)]
    await asyncio.sleep(0.1)
    answer = await asked(lanes, API, "websocket", can_answer=can_answer)
    if can_answer:
        assert (answer[0]["type"], answer[0]["status"]) == ("websocket.http.response.start", 503)
    else:
        assert [message["type"] for message in answer] == ["websocket.close"]
    for task in waiting:
        task.cancel()


async def asked(lanes: Lanes, path: str, kind: str = "http", *, can_answer: bool = True) -> list[Message]:
    extensions: dict[str, object] = {"websocket.http.response": {}} if can_answer else {}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": kind, "path": path, "headers": [], "extensions": extensions}
    await lanes(scope, receive, send)
    return sent


async def receive() -> Message:
    return {"type": "http.disconnect"}
