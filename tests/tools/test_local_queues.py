"""A look at a queue of the emulator goes no further than it has to, and takes what the emulator would."""

from __future__ import annotations

import time

import pytest
from ministack.services import sqs  # type: ignore[import-untyped]

from infra.local.queues import Message, Queue, lazily

take = lazily(sqs._collect_msgs)


def queue(*delays_s: float, fifo: bool = False) -> Queue:
    """Return a queue whose messages become visible after some seconds, all of them of one group."""
    now = time.time()
    messages: list[Message] = [
        {"id": str(number), "body": "{}", "visible_at": now + delay_s, "receive_count": 0, "group_id": "one"}
        for number, delay_s in enumerate(delays_s)
    ]
    return {"is_fifo": fifo, "messages": messages}


def test_the_first_that_are_visible_are_received() -> None:
    waiting = queue(60, -1, 60, -1, -1)
    assert [message["id"] for message in take(waiting, 2, 30)] == ["1", "3"]
    assert [message["receive_count"] for message in waiting["messages"]] == [0, 1, 0, 1, 0]
    (last,) = take(waiting, 10, 30)
    assert last["id"] == "4"
    assert last["visible_at"] == pytest.approx(time.time() + 30, abs=5)
    assert take(waiting, 10, 30) == []


def test_what_is_not_received_is_not_touched() -> None:
    waiting = queue(60, -1, -1)
    take(waiting, 1, 30)
    assert ["md5_body" in message for message in waiting["messages"]] == [False, True, False]


def test_one_of_a_group_under_way_holds_back_the_others() -> None:
    waiting = queue(-1, -1, fifo=True)
    assert [message["id"] for message in take(waiting, 1, 30)] == ["0"]
    assert take(waiting, 1, 30) == []
