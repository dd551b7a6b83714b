"""Bounded everything: calls end before their function does, functions before their message comes again."""

from __future__ import annotations

from typing import Any, cast

import pytest

from dexec.adapters.aws import clients
from dexec.adapters.aws import queue as sqs
from dexec.adapters.postgres import connection
from dexec.settings import Settings
from dexec.usecases import notify, sweep, watch_orders
from infra.local import template
from infra.local.home import PROJECT

DOCUMENT = cast(Any, template.load(PROJECT / "template.yaml"))
SETTINGS = Settings.model_validate({})


def parameter(name: str) -> int:
    return int(DOCUMENT["Parameters"][name]["Default"])


def timeout(function: str) -> int:
    """Return a function's time-out, following a parameter that it refers to."""
    properties = DOCUMENT["Resources"][function]["Properties"]
    value = properties.get("Timeout", DOCUMENT["Globals"]["Function"]["Timeout"])
    return value if isinstance(value, int) else parameter(value["Ref"])


def functions() -> dict[str, int]:
    found = DOCUMENT["Resources"].items()
    return {name: timeout(name) for name, one in found if one["Type"] == "AWS::Serverless::Function"}


EXECUTOR_S = parameter("ExecutorTimeout")
VISIBILITY_S = parameter("QueueVisibility")
DATABASE_S = max(connection.CONNECT_TIMEOUT_S, connection.ANSWER_TIMEOUT_S)
QUEUE_S = sqs.TRIES * clients.QUEUE_TIMEOUT_S


def test_a_statement_ends_on_the_server_before_its_client_gives_it_up() -> None:
    assert connection.STATEMENT_TIMEOUT_S < connection.ANSWER_TIMEOUT_S


def test_calls_of_database_and_queue_end_within_two_seconds() -> None:
    assert DATABASE_S <= 2
    assert QUEUE_S <= 2


def test_a_function_outlives_what_it_waits_for() -> None:
    assert len(functions()) >= 6
    for name, seconds in functions().items():
        assert seconds >= 10, name
        assert seconds > DATABASE_S + QUEUE_S + DATABASE_S, f"{name}: store, queue, and the store again"


def test_the_lease_outlives_the_executor_and_the_message_outlives_the_lease() -> None:
    assert EXECUTOR_S < SETTINGS.lease_seconds < VISIBILITY_S
    assert parameter("LeaseSeconds") == SETTINGS.lease_seconds


def test_the_executor_starts_nothing_that_it_cannot_finish() -> None:
    reserve_s = SETTINGS.stop_before_end_ms / 1000
    assert SETTINGS.poll_ms / 1000 + DATABASE_S < reserve_s, "the last look at a signature"
    assert SETTINGS.quote_deadline_ms / 1000 < reserve_s
    assert reserve_s < EXECUTOR_S / 2


def test_pushes_end_before_the_invocation() -> None:
    push_s = SETTINGS.push_deadline_ms / 1000
    assert push_s >= clients.PUSH_TIMEOUT_S, "one that hangs is known to have failed"
    assert push_s + DATABASE_S < EXECUTOR_S / 2
    assert sum(watch_orders.OPENING_PAUSES_S) < timeout("WebSocketFunction") / 2


def test_the_sweeper_waits_longer_than_a_message_may_be_on_its_way() -> None:
    assert sweep.LOST_AFTER_S > DATABASE_S + QUEUE_S
    assert sweep.STALE_AFTER_S > 10 * VISIBILITY_S
    assert sweep.CONNECTION_LIFE_S > 2 * 3600, "API Gateway closes connections after two hours"
    assert sum(watch_orders.OPENING_PAUSES_S) < notify.OPENING_S


@pytest.mark.parametrize("queue", ["OrderQueue", "DeadLetterQueue"])
def test_a_message_comes_again_after_its_function_has_ended(queue: str) -> None:
    visibility = DOCUMENT["Resources"][queue]["Properties"]["VisibilityTimeout"]
    assert visibility == {"Ref": "QueueVisibility"}
    assert max(EXECUTOR_S, timeout("DeadLettersFunction")) < VISIBILITY_S
