"""Each alarm over minutes as they could be: it fires when it should, and at no other time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from tests.release.packaging import cloudwatch
from tests.release.packaging.cloudwatch import Samples, Series
from tests.release.packaging.transformed import of_type, section

ALARMS = of_type("AWS::CloudWatch::Alarm")
VISIBLE, IN_FLIGHT = "ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"
NOTHING: Samples = ()


class Case(NamedTuple):
    """What happens, minute by minute, and whether the alarm should fire."""

    what: str
    series: Series
    fires: bool


def minutes(*values: float | Samples | None) -> list[Samples]:
    """Return one sample a minute, or several, or none."""
    return [NOTHING if v is None else v if isinstance(v, tuple) else (v,) for v in values]


def letters(waiting: Sequence[float | None], in_flight: Sequence[float | None]) -> Series:
    return {VISIBLE: minutes(*waiting), IN_FLIGHT: minutes(*in_flight)}


def one(metric: str, *values: float | Samples | None) -> Series:
    return {metric: minutes(*values)}


def orders(usual: float, slow: float, one_in: int, count: int = 100) -> Samples:
    """Return what ``count`` orders of a minute took, when one in so many is slow."""
    return tuple(slow if number % one_in == 0 else usual for number in range(count))


def slow_orders(metric: str, usual: float, slow: float) -> list[Case]:
    """Return the cases of an alarm on the slowest of a hundred, over two periods of five minutes."""
    fast = (usual,) * 100
    rare = [orders(usual, slow, 500, 500), *[(usual,) * 500] * 4]
    return [
        Case("all are fast", {metric: [fast] * 20}, False),
        Case("nothing is executed", {metric: [NOTHING] * 20}, False),
        Case("one in fifty is slow for a quarter of an hour", {metric: [orders(usual, slow, 50)] * 20}, True),
        Case("one in 2,500 is slow", {metric: rare * 4}, False),
        Case("all of one minute are slow", {metric: [fast] * 9 + [(slow,) * 100] + [fast] * 10}, False),
    ]


CASES: dict[str, list[Case]] = {
    "DeadLettersAlarm": [
        Case("the queue is empty", letters([0] * 30, [0] * 30), False),
        Case("the queue has not been used for hours", letters([None] * 30, [None] * 30), False),
        Case("one letter is in flight whenever one looks", letters([0] * 30, [1] * 30), True),
        Case("one letter waits, because nothing takes it", letters([1] * 30, [0] * 30), True),
        Case("one letter is in flight or waits", letters([0, 0, 1] * 10, [1, 1, 0] * 10), True),
        Case("one letter is seen nowhere now and then", letters([0] * 30, [1, 1, 1, 1, 1, 0] * 5), True),
        Case("a letter in five minutes is settled at once", letters([0] * 30, [1, 0, 0, 0, 0] * 6), False),
        Case("a letter is settled in ten minutes", letters([0] * 30, [0] * 9 + [1] * 10 + [0] * 11), False),
    ],
    "FailedOrdersAlarm": [
        Case("none fails", one("OrdersFailed", *[None] * 20), False),
        Case("ten fail in a minute", one("OrdersFailed", *[0] * 9, (1.0,) * 10, *[0] * 10), True),
        Case("nine fail in a minute", one("OrdersFailed", *[0] * 9, (1.0,) * 9, *[0] * 10), False),
        Case("two fail each minute", one("OrdersFailed", *[2] * 20), True),
        Case("one fails each minute", one("OrdersFailed", *[1] * 20), False),
    ],
    "OldestMessageAlarm": [
        Case("orders are 15 minutes ahead", one("ApproximateAgeOfOldestMessage", *[900] * 20), False),
        Case("the queue is idle", one("ApproximateAgeOfOldestMessage", *[None] * 20), False),
        Case(
            "nothing is taken from the queue",
            one("ApproximateAgeOfOldestMessage", *range(0, 30 * 60, 60)),
            True,
        ),
        Case(
            "a message is old for two minutes",
            one("ApproximateAgeOfOldestMessage", *[0] * 9, 1300, 1360, *[0] * 9),
            False,
        ),
    ],
    "SlowOrdersAlarm": slow_orders("ExecutionTime", 900, 12_000),
    "QueueWaitAlarm": slow_orders("QueueWait", 50, 40_000),
    "EventsLateAlarm": [
        Case("none is late", one("OrdersNotifiedLate", *[None] * 20), False),
        Case("one is late", one("OrdersNotifiedLate", *[None] * 9, 1, *[None] * 10), False),
        Case("one is late each minute", one("OrdersNotifiedLate", *[1] * 20), True),
        Case("one is late in four minutes", one("OrdersNotifiedLate", *[1, None, None, None] * 5), True),
    ],
    "UnexpectedErrorsAlarm": [
        Case("none", one("UnexpectedErrors", *[None] * 20), False),
        Case("one", one("UnexpectedErrors", *[None] * 9, 1, *[None] * 10), True),
    ],
    "ParkedOrdersAlarm": [
        Case("none is parked", one("ParkedOrders", *[None] * 20), False),
        Case("one is parked", one("ParkedOrders", *[None] * 9, *[1] * 11), True),
    ],
    "WebhookQueueAlarm": [
        Case("a retry waits its 15 minutes", one("ApproximateAgeOfOldestMessage", *[900] * 20), False),
        Case("nothing is sent", one("ApproximateAgeOfOldestMessage", *range(0, 40 * 60, 60)), True),
        Case(
            "a message is old for four minutes",
            one("ApproximateAgeOfOldestMessage", *[0] * 9, 1300, 1360, 1420, 1480, *[0] * 9),
            False,
        ),
    ],
    "SweeperAlarm": [
        Case("it runs each minute", one("Invocations", *[1] * 20), False),
        Case("a minute is left out", one("Invocations", *[1] * 9, None, *[1] * 10), False),
        Case("it runs no more", one("Invocations", *[1] * 10, *[None] * 10), True),
    ],
    "TicksLateAlarm": [
        Case("nothing waits", one("TickAge", *[None] * 20), False),
        Case("a tick each second", one("TickAge", *[1] * 20), False),
        Case("something begins to wait", one("TickAge", *[None] * 9, 86_400, *[1] * 10), False),
        Case("two minutes are late", one("TickAge", *[1] * 9, 60, 120, *[1] * 9), False),
        Case("the market is not watched", one("TickAge", *[1] * 9, *range(60, 660, 60)), True),
        Case("it is watched too seldom", one("TickAge", *[45] * 20), True),
    ],
    "SweepsFailedAlarm": [
        Case("all succeed", one("Errors", *[0] * 20), False),
        Case("none runs, which is another alarm's", one("Errors", *[None] * 20), False),
        Case("one fails", one("Errors", *[0] * 9, 1, *[0] * 10), False),
        Case("two fail in a row", one("Errors", *[0] * 9, 1, 1, *[0] * 9), False),
        Case("all fail", one("Errors", *[0] * 5, *[1] * 15), True),
        Case("three of four fail", one("Errors", *[1, 1, 1, 0] * 5), True),
    ],
}


def test_every_alarm_is_seen_to_fire_and_to_stay_quiet() -> None:
    assert CASES.keys() == ALARMS.keys(), "give each alarm its cases here"
    for name, cases in CASES.items():
        assert {case.fires for case in cases} == {True, False}, name


@pytest.mark.parametrize(
    ("name", "case"),
    [pytest.param(name, case, id=f"{name}: {case.what}") for name, cases in CASES.items() for case in cases],
)
def test_an_alarm_fires_when_it_should_and_not_otherwise(name: str, case: Case) -> None:
    assert cloudwatch.outcomes(ALARMS[name], case.series, section("Parameters")) == {case.fires}


def test_what_an_alarm_returns_is_one_series() -> None:
    for alarm in ALARMS.values():
        queries = alarm.get("Metrics", [])
        assert isinstance(queries, list)
        assert len([q for q in queries if isinstance(q, dict) and q["ReturnData"] is True]) in {0, 1}
