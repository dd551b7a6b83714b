"""Notifying watchers and webhooks of what no executor wrote: of cancels, amendments and triggers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from typing import cast

import pytest

from dexec.domain.errors import CommitUnknown, StoreUnavailable
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Event, Order, Triggered, expire
from dexec.domain.waiting.conditions import Kind
from dexec.domain.waiting.steps import trigger
from dexec.ports import Missed, Watcher, Watching, Written
from dexec.usecases.announce_changes import AnnounceChanges
from dexec.usecases.notify import Notifier
from dexec.usecases.notify_orders import NotifyOrders
from tests.contract.samples import NOW, failure
from tests.contract.waiting_samples import waiting
from tests.support.fakes import FakeClock, FakeQueue

WATCHER = Watcher("socket", NOW, 0)


class Told:
    """A notifier and the other parts that are told of orders; each takes some time, or fails."""

    def __init__(self, takes_s: float = 0, error: Exception | None = None) -> None:
        self.clock = FakeClock()
        self.takes_s, self.error = takes_s, error
        self.notified: list[str] = []
        self.hinted: list[str] = []
        self.exits: list[str] = []
        self.later: list[Missed] = []
        self.until_s: set[float] = set()

    def new_notifier(self) -> Notifier:
        return cast(Notifier, self)

    def until(self, ends_at: datetime) -> nullcontext[Told]:
        self.until_s.add((ends_at - self.clock.now()).total_seconds())
        return nullcontext(self)

    def notify(self, events: Sequence[Event], watchers: Sequence[Watcher]) -> None:
        assert watchers == (WATCHER,)
        self.notified += {event.order_id for event in events}
        if self.error is not None:
            raise self.error

    def watch_later(self, missed: Sequence[Missed]) -> None:
        self.later += missed

    def notify_orders(self) -> NotifyOrders:
        return NotifyOrders(cast(Watching, self), self.clock, self.new_notifier, self.hint)

    def hint(self, order: Order) -> None:
        self.clock.sleep(self.takes_s)
        self.hinted.append(order.id)

    def notify_exit(self, order: Order, watchers: Sequence[Watcher], _: datetime) -> None:
        assert watchers == (WATCHER,)
        self.exits.append(order.id)


def triggered(**fields: object) -> Change:
    order = replace(waiting().order, **fields)  # type: ignore[arg-type]
    return trigger(order, NOW, Triggered(Kind.LIMIT))


def written(changes: Sequence[Change], *watchers: Watcher) -> list[Written]:
    return [Written(change.after, change.events, watchers) for change in changes]


def test_watchers_and_endpoints_hear_of_each_order() -> None:
    told, changes = Told(), [triggered(), triggered()]
    ids = [change.after.id for change in changes]
    told.notify_orders()(written(changes[:1], WATCHER) + written(changes[1:]))
    assert (told.notified, told.hinted, told.until_s) == (ids[:1], ids, {2})


@pytest.mark.parametrize("error", [StoreUnavailable("away"), CommitUnknown("lost")])
def test_what_fails_is_not_raised_and_endpoints_hear_of_it_all_the_same(error: Exception) -> None:
    told, change = Told(error=error), triggered()
    told.notify_orders()(written([change], WATCHER))
    assert told.hinted == [change.after.id]


def test_what_there_is_no_time_for_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dexec.usecases.notify_orders.MOST_NOTIFIED", 2)
    told, changes = Told(takes_s=1), [triggered() for _ in range(4)]
    told.notify_orders()(written(changes, WATCHER))
    assert (len(told.notified), len(told.hinted)) == (2, 2), "two orders, and two seconds"
    assert told.later == [(change.after.id, "socket") for change in changes[2:]]


def test_what_a_tick_wrote_is_announced_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dexec.usecases.announce_changes.MOST_PUSHED", 2)
    told = Told()
    queue = FakeQueue(told.clock)
    announce = AnnounceChanges(
        queue, cast(Watching, told), told.clock, told.new_notifier, told.hint, told.notify_exit
    )
    changes = [triggered() for _ in range(4)]
    ended = [expire(waiting().order, NOW, failure("deadline_passed"))]
    ended += [expire(replace(waiting().order, exit_id="ord_e"), NOW, failure("x")) for _ in range(3)]
    *some, unwritten = [change.after.id for change in changes]
    watchers = dict.fromkeys((*some[1:], *(change.after.id for change in ended)), (WATCHER,))
    announce([*changes, *ended], {some[0]: (), **watchers})
    assert [message.order_id for message in queue.messages] == some
    assert told.hinted == [*some, *(change.after.id for change in ended)]
    assert told.notified == some[1:], "of two, and not of the first, which nothing watches"
    assert told.exits == [change.after.id for change in ended[1:3]], "of the entries of brackets, and of two"
    assert told.until_s == {1.5}
    assert told.later == [*((change.after.id, "socket") for change in ended), ("ord_e", "socket")]
    assert unwritten not in told.hinted


def test_of_what_is_sent_again_only_what_is_triggered_is_queued() -> None:
    told, order = Told(), triggered().after
    queue = FakeQueue(told.clock)
    announce = AnnounceChanges(
        queue, cast(Watching, told), told.clock, told.new_notifier, told.hint, told.notify_exit
    )
    announce.send([order, replace(order, status=Status.OPEN)])
    assert [message.order_id for message in queue.messages] == [order.id]
    queue.is_away = True
    announce.send([order])
    assert len(queue.messages) == 1, "it is found by those who look for what is lost"
