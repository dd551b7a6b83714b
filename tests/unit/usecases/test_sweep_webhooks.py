"""The sweep of webhooks: how much it asks for, when it stops, and what a failure of one step leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import pytest

from dexec.domain.errors import QueueUnavailable, StoreUnavailable
from dexec.ports import Hint, Outbox
from dexec.usecases.sweep_webhooks import SweepWebhooks, SweptWebhooks
from tests.support.fakes import START, FakeClock, FakeHookQueue


def hints(count: int) -> tuple[Hint, ...]:
    return tuple(Hint("hook_a", f"ord_{n}", "alice") for n in range(count))


@dataclass
class Scripted:
    """An ``Outbox`` that answers what it is told to; each call takes a second."""

    clock: FakeClock
    due: list[int] = field(default_factory=list)
    old: list[int] = field(default_factory=list)
    orphans: list[int] = field(default_factory=list)
    failing: frozenset[str] = frozenset()
    calls: list[tuple[object, ...]] = field(default_factory=list)

    def _called(self, *call: object) -> None:
        self.calls.append(call)
        if call[0] in self.failing:
            raise StoreUnavailable(f"{call[0]} failed")
        self.clock.advance(1)

    def requeue(self, now: datetime, grace_s: float, stale_s: float, limit: int) -> tuple[Hint, ...]:
        self._called("requeue", now, grace_s, stale_s, limit)
        return hints(self.due.pop(0))

    def forget(self, before: datetime, limit: int) -> int:
        self._called("forget", before, limit)
        return self.old.pop(0)

    def drop_orphans(self, limit: int) -> int:
        self._called("drop_orphans", limit)
        return self.orphans.pop(0)

    def disabled(self) -> int:
        self._called("disabled")
        return 2


@dataclass
class Sweep:
    """One sweep over what an outbox is told to answer."""

    outbox: Scripted
    queue: FakeHookQueue

    def __call__(self, within_s: float = 60) -> SweptWebhooks:
        clock = self.outbox.clock
        sweep = SweepWebhooks(cast(Outbox, self.outbox), self.queue, clock, 30)
        return sweep(clock.now() + timedelta(seconds=within_s))

    @property
    def steps(self) -> list[object]:
        return [call[0] for call in self.outbox.calls]


@pytest.fixture
def sweep() -> Sweep:
    clock = FakeClock()
    return Sweep(Scripted(clock, [0], [0], [0]), FakeHookQueue(clock))


def test_a_sweep_of_nothing_asks_once(sweep: Sweep) -> None:
    assert sweep() == SweptWebhooks(0, 0, 2)
    month_ago = START + timedelta(seconds=1) - timedelta(days=30)
    assert sweep.outbox.calls == [
        ("requeue", START, 15, 600, 200),
        ("forget", month_ago, 1_000),
        ("drop_orphans", 1_000),
        ("disabled",),
    ]


def test_a_sweep_goes_on_while_batches_are_full(sweep: Sweep) -> None:
    sweep.outbox.due, sweep.outbox.old, sweep.outbox.orphans = [200, 200, 199], [1_000, 999], [1_000, 999]
    assert sweep() == SweptWebhooks(599, 1_999, 2)
    assert sweep.steps == ["requeue"] * 3 + ["forget"] * 2 + ["drop_orphans"] * 2 + ["disabled"]
    assert [hint for _, hint in sweep.queue.messages] == [*hints(200), *hints(200), *hints(199)]
    times = [at for at, _ in sweep.queue.messages]
    assert (times[0], times[-1]) == (START + timedelta(seconds=1), START + timedelta(seconds=3)), "no delay"


@pytest.mark.parametrize(
    ("within_s", "steps"),
    [
        (3, ["disabled"]),
        (3.001, ["requeue", "disabled"]),
        (4.001, ["requeue", "requeue", "disabled"]),
    ],
)
def test_a_sweep_begins_nothing_in_its_last_three_seconds(
    sweep: Sweep, within_s: float, steps: list[str]
) -> None:
    sweep.outbox.due = [200, 200, 200]
    sweep(within_s)
    assert sweep.steps == steps


def test_deleting_ends_in_time_too(sweep: Sweep) -> None:
    sweep.outbox.old = [1_000] * 9
    assert sweep(6.5).forgotten == 3_000
    assert sweep.steps == ["requeue", "forget", "forget", "forget", "disabled"]
    sweep.outbox.due, sweep.outbox.old, sweep.outbox.orphans, sweep.outbox.calls = [0], [0], [1_000] * 9, []
    sweep(6.5)
    assert sweep.steps == ["requeue", "forget", "drop_orphans", "drop_orphans", "disabled"]


@pytest.mark.parametrize("failing", ["requeue", "forget", "drop_orphans", "disabled"])
def test_a_step_that_fails_costs_no_other(sweep: Sweep, failing: str) -> None:
    sweep.outbox.failing = frozenset({failing})
    with pytest.raises(StoreUnavailable, match=f"^{failing} failed$"):
        sweep()
    assert sweep.steps == ["requeue", "forget", "drop_orphans", "disabled"]


def test_a_queue_that_is_away_costs_no_deletion(sweep: Sweep) -> None:
    sweep.outbox.due = [1]
    sweep.queue.is_away = True
    with pytest.raises(QueueUnavailable):
        sweep()
    assert sweep.steps == ["requeue", "forget", "drop_orphans", "disabled"]


def test_a_sweep_that_was_not_made_did_nothing() -> None:
    none = SweptWebhooks()
    assert (none.queued, none.forgotten, none.disabled) == (0, 0, 0)
    sent = (SweptWebhooks(queued=1), SweptWebhooks(forgotten=1), SweptWebhooks(disabled=1))
    assert len({none, *sent}) == 4
