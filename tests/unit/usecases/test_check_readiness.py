"""Readiness: what is down is named, and asking often costs the back ends nothing."""

from __future__ import annotations

import pytest

from dexec.api.problems import problem
from dexec.domain.errors import NotReady, QueueUnavailable, StoreUnavailable, Unavailable
from dexec.usecases.check_readiness import CheckReadiness
from tests.support.fakes import FakeClock, FakeProbe

REMEMBER_S = 1.0


def test_it_is_ready_while_all_answer() -> None:
    check = CheckReadiness({"order store": FakeProbe(), "order queue": FakeProbe()}, FakeClock())
    assert check() == {"order store": "up", "order queue": "up"}


def test_what_is_down_is_named_and_nothing_else_is_revealed() -> None:
    store, queue = FakeProbe(), FakeProbe()
    check = CheckReadiness({"order store": store, "order queue": queue}, FakeClock())
    store.failure = StoreUnavailable("postgresql://postgres:secret@127.0.0.1/dexec refused the connection")
    with pytest.raises(NotReady) as caught:
        check()
    body = problem(caught.value)
    assert (body["status"], body["type"]) == (503, "/errors/not_ready")
    assert body["detail"] == "not ready: the order store cannot be reached"
    assert body["checks"] == {"order store": "down", "order queue": "up"}
    assert "secret" not in str(body)
    assert queue.asked == 1, "one that is down does not hide another"


@pytest.mark.parametrize("failure", [None, QueueUnavailable("away")])
def test_asking_often_asks_the_back_ends_once_a_second(failure: Unavailable | None) -> None:
    clock, queue = FakeClock(), FakeProbe()
    check = CheckReadiness({"order queue": queue}, clock)
    queue.failure = failure
    for _ in range(50):
        try:
            check()
        except NotReady:
            assert failure is not None
    assert queue.asked == 1
    clock.advance(REMEMBER_S - 0.001)
    queue.failure = None
    try:
        check()
    except NotReady:
        assert failure is not None
    assert queue.asked == 1
    clock.advance(0.001)
    assert check() == {"order queue": "up"}
    assert queue.asked == 2
