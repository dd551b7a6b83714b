"""Starting the function that ticks a book: where none does, and without ever failing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dexec.domain.errors import CommitUnknown, StoreUnavailable
from dexec.domain.waiting.ticks import shard_of
from dexec.usecases.start_ticking import StartTicking
from tests.contract.waiting_samples import SOL_USDC, waiting
from tests.proofs.simulation.backend import in_memory
from tests.support.fakes import FakeClock, FakeStarter


def test_a_shard_is_started_unless_it_is_ticked(monkeypatch: pytest.MonkeyPatch) -> None:
    waits, clock, starter = in_memory().waits, FakeClock(), FakeStarter()
    start, shard, order = StartTicking(waits, starter, clock, 4), shard_of(SOL_USDC, 4), waiting().order
    start(order)
    assert starter.started == [shard]
    waits.take_shard(shard, "another", clock.now(), clock.now() + timedelta(seconds=5))
    start(order)
    assert starter.started == [shard]
    clock.advance(5)
    for error in (StoreUnavailable("away"), CommitUnknown("lost")):

        def fail(*_: object, error: Exception = error) -> bool:
            raise error

        with monkeypatch.context() as away:
            away.setattr(waits, "is_ticked", fail)
            start(order)
    assert starter.started == [shard]
