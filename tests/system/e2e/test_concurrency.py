"""Many orders at once: ten at a time, each complete, each started when its 202 said."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from dexec_client.raw.events import TERMINAL, Event
from dexec_client.raw.feed import Feed
from dexec_client.raw.json_types import Document
from infra.lab.chaos import evidence
from infra.lab.chaos.faults import executor_stopped, reconfigured
from infra.local.database import StoredEvent, histories
from tests.system.e2e.deployed import ORDER, Deployed
from tests.system.e2e.evidence import ended, ended_async

MAX_CONCURRENCY = 10


class Span(NamedTuple):
    """From when to when an order was executing."""

    start: datetime
    end: datetime


def spans(stored: Sequence[StoredEvent]) -> list[Span]:
    starts = {event.order_id: event.at for event in stored if event.seq == 2}
    ends = {event.order_id: event.at for event in stored if event.status in TERMINAL}
    return sorted(Span(start, ends[order_id]) for order_id, start in starts.items())


def executing(all_spans: Sequence[Span], at: datetime) -> int:
    return sum(span.start <= at < span.end for span in all_spans)


@pytest.fixture(scope="module")
def thirty(deployment: Deployed) -> tuple[list[str], list[Event]]:
    """Run 30 orders that wait at the same moment, at default latency; return ids and what a watcher saw."""
    aws, key = deployment.aws, deployment.new_key()

    async def run() -> tuple[list[str], list[Event]]:
        # Over one socket, where they come one after the other.
        async with deployment.feed(key) as sender, deployment.feed(key, stream=True) as feed:
            await executed(feed, await placed(sender, MAX_CONCURRENCY))  # starts the executor's processes
            with executor_stopped(aws):
                ids = await placed(sender, 30)
            return ids, await executed(feed, ids)

    with reconfigured(aws, "ExecutorFunction", PAPER_LATENCY="default"):
        return asyncio.run(run())


async def placed(sender: Feed, count: int) -> list[str]:
    acks = await asyncio.gather(*(sender.execute(ORDER) for _ in range(count)))
    return [str(ack["orderId"]) for ack in acks]


async def executed(feed: Feed, ids: list[str]) -> list[Event]:
    async with asyncio.timeout(60):
        return [event async for event in feed.until_terminal(ids)]


def test_thirty_at_once_are_thirty_orders_each_paid_once(
    deployment: Deployed, thirty: tuple[list[str], list[Event]]
) -> None:
    ids, _ = thirty
    outcomes = evidence.outcomes(deployment.database_url, ids)
    assert len(outcomes) == 30
    for outcome in outcomes.values():
        assert outcome.status == "confirmed"
        assert outcome.complete
        assert outcome.paid_once


def test_a_watcher_saw_every_event_of_every_order_once(thirty: tuple[list[str], list[Event]]) -> None:
    ids, events = thirty
    for order_id in ids:
        assert [event.seq for event in events if event.order_id == order_id] == [1, 2, 3, 4, 5, 6]


def test_never_more_than_ten_execute_and_ten_while_more_wait(
    deployment: Deployed, thirty: tuple[list[str], list[Event]]
) -> None:
    ids, _ = thirty
    all_spans = spans(histories(deployment.database_url, ids))
    widths = [executing(all_spans, span.start) for span in all_spans]
    assert max(widths) == MAX_CONCURRENCY
    # Orders wait until the last one starts: places that become free are filled, up to the tenth.
    assert MAX_CONCURRENCY in widths[MAX_CONCURRENCY:], widths


def test_fifteen_under_the_default_limit_start_when_their_202_said(deployment: Deployed) -> None:
    key = deployment.new_key(orders_per_minute=None)

    async def place() -> list[Document]:
        async with deployment.api(key) as api:
            async with deployment.feed(deployment.new_key()) as warm:
                await executed(warm, await placed(warm, MAX_CONCURRENCY))
            # One after the other is at once here: all are sent before the eleventh may start.
            answers = [await api.place(ORDER) for _ in range(15)]
            await ended_async(deployment, [str(answer["orderId"]) for answer in answers])
            return answers

    promised = {str(answer["orderId"]): moment(answer["startsAt"]) for answer in asyncio.run(place())}
    started = {e.order_id: e.at for e in histories(deployment.database_url, list(promised)) if e.seq == 2}
    later = [(started[order_id] - at).total_seconds() for order_id, at in promised.items()]
    # Times in answers are cut to the millisecond.
    assert min(later) > -0.001
    assert max(later) < 10
    assert len(set(promised.values())) > 1, "the burst is ten, so some of fifteen start later"
    for outcome in ended(deployment, list(promised)).values():
        assert outcome.status == "confirmed"


def moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC).replace(tzinfo=None)


def test_venues_that_fail_three_times_fail_the_order(deployment: Deployed) -> None:
    with reconfigured(deployment.aws, "ExecutorFunction", PAPER_VENUE_FAILURE_RATE="1"):
        order, events = placed_and_watched(deployment)
    assert order["status"] == "failed"
    assert error_of(order)["code"] == "no_venue"
    assert [event.attempt for event in events] == [1, 1, 2, 3, 3]
    assert [event.status for event in events] == ["pending", "routing", "routing", "routing", "failed"]
    assert_failed_for_good(deployment, order)


def test_slippage_past_the_limit_fails_with_required_against_received(deployment: Deployed) -> None:
    with reconfigured(deployment.aws, "ExecutorFunction", PAPER_FAILURE_RATE="1"):
        order, events = placed_and_watched(deployment)
    assert order["status"] == "failed"
    error = error_of(order)
    assert error["code"] == "slippage_exceeded"
    assert re.fullmatch(
        r"the price moved \d+ bps beyond the slippage limit: "
        r"required at least [\d.]+ USDC, received [\d.]+ USDC",
        str(error["message"]),
    )
    assert [event.attempt for event in events if event.status == "submitted"] == [1, 2, 3]
    again = [event for event in events if event.status == "routing" and event.attempt > 1 and not event.step]
    assert [event.detail["error"] for event in again] != []
    assert_failed_for_good(deployment, order)


def placed_and_watched(deployment: Deployed) -> tuple[Document, list[Event]]:
    key = deployment.new_key()

    async def watch() -> tuple[Document, list[Event]]:
        async with deployment.api(key) as api, deployment.feed(key) as feed, asyncio.timeout(40):
            order_id = str((await feed.execute(ORDER))["orderId"])
            events = [event async for event in feed.until_terminal([order_id])]
            return await api.order(order_id), events

    return asyncio.run(watch())


def error_of(order: Document) -> Document:
    error = order["error"]
    assert isinstance(error, dict)
    return error


def assert_failed_for_good(deployment: Deployed, order: Document) -> None:
    """The row says failed, so does the last event, with the same reason; nothing was paid."""
    outcome = ended(deployment, [str(order["orderId"])])[str(order["orderId"])]
    assert outcome.status == "failed"
    assert outcome.complete
    assert outcome.paid_once
    events = order["events"]
    assert isinstance(events, list)
    assert isinstance(events[-1], dict)
    assert events[-1]["error"] == order["error"]
