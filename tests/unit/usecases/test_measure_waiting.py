"""Measuring what waits: how much, and how old the newest tick is."""

from __future__ import annotations

from datetime import timedelta

from dexec.domain.waiting.ticks import shard_of
from dexec.usecases.measure_waiting import Measured, MeasureWaiting
from tests.contract.waiting_samples import EXITS, USDC_SOL
from tests.support.watched import BOOK, Stage, stop


def test_the_age_is_that_of_the_newest_tick_of_a_shard_in_which_something_waits() -> None:
    stage = Stage()
    measure = MeasureWaiting(stage.backend.waits, stage.clock, 1)
    assert measure() == Measured() == Measured(0, None)
    stage.place(stop("140"))
    stage.place(stop("140"))
    assert measure() == Measured(2, timedelta(hours=1)), "it was never ticked"
    stage.watch(2)
    stage.clock.advance(5)
    assert measure() == Measured(2, timedelta(seconds=6)), "the second tick was a second before"
    stage.place(EXITS, pair=USDC_SOL)
    assert (shard_of(BOOK, 4), shard_of(USDC_SOL, 4)) == (2, 0)
    assert MeasureWaiting(stage.backend.waits, stage.clock, 4)() == Measured(3, timedelta(hours=1))
