"""A part of the crash matrix on PostgreSQL: both isolation levels, one transaction in ten loses a race."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from tests.conftest import Connecting, Isolation
from tests.proofs.exactly_once.matrix import chosen, play
from tests.proofs.simulation.audit import PostgresAudit
from tests.proofs.simulation.backend import ContestedDatabase, on_postgres
from tests.proofs.simulation.scenarios import SCENARIOS
from tests.support.fakes import START
from tests.support.soak import SOAK

RUNS_A_SLICE = 4_000 if SOAK else 100
SLICES = 2


@pytest.mark.parametrize("part", range(SLICES))
def test_faults_on_a_real_store(
    part: int,
    connecting: Connecting,
    isolation: Isolation,
    record_property: Callable[[str, object], None],
) -> None:
    sample = Random(part).sample
    runs = [run for scenario in SCENARIOS for run in chosen(scenario)]
    database = ContestedDatabase(lambda: connecting(isolation), 0.1, Random(part))
    start = START
    with connecting(isolation) as audit:
        store = PostgresAudit(audit)
        for run in sample(runs, min(RUNS_A_SLICE, len(runs))):
            world = play(run, on_postgres(database, store), start)
            start = world.clock.now() + timedelta(days=1)
            store.clear()
    database.close()
    assert database.conflicts > RUNS_A_SLICE
    record_property("histories", RUNS_A_SLICE)
