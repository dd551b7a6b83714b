"""The crash matrix on the ports in memory, each scenario a test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dexec import ports
from tests.proofs.exactly_once.matrix import baseline, chosen, play, play_at_random
from tests.proofs.simulation.scenarios import SCENARIOS
from tests.support.soak import SOAK

Recorder = Callable[[str, object], None]

RANDOM_RUNS = 20_000 if SOAK else 1_200
SLICES = 4

UNUSED = {
    *(
        "orders.history",
        "orders.known",
        "orders.unpark",
        "cluster.simulate",
        "watching.connection",
    ),
    "queue.probe",
    *("control.switches", "control.standing"),
    # They read for clients and operators, too, or are made in the second minute of a run.
    *("waiting.ticked_at", "waiting.count", "waiting.prune"),
}
"""Calls that only read for a client, that an operator makes, or that execute nothing."""


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_fault_at_every_call(scenario: str, record_property: Recorder) -> None:
    runs = chosen(scenario)
    for run in runs:
        assert play(run).tape.fired, f"{run} never came to its fault"
    record_property("histories", len(runs))


@pytest.mark.parametrize("part", range(SLICES))
def test_two_or_three_faults_at_random(part: int, record_property: Recorder) -> None:
    for seed in range(part, RANDOM_RUNS, SLICES):
        play_at_random(seed)
    record_property("histories", RANDOM_RUNS // SLICES)


def test_the_scenarios_make_every_call_that_a_port_has() -> None:
    made = {call for scenario in SCENARIOS for call in baseline(scenario).tape.calls}
    protocols = {
        "orders": ports.Orders,
        "watching": ports.Watching,
        "queue": ports.Queue,
        "venue": ports.Venue,
        "cluster": ports.Cluster,
        "signer": ports.Signer,
        "push": ports.Push,
        "control": ports.Control,
        "waiting": ports.Waiting,
        "event_replay": ports.EventReplay,
    }
    there_are = {
        f"{name}.{method}"
        for name, protocol in protocols.items()
        for method in dir(protocol)
        if not method.startswith("_") and callable(getattr(protocol, method))
    }
    # Handing a message back is the handler's call, see tests/system/integration/test_handlers.py.
    # Resuming is no use case of its own: one statement.
    assert there_are - made == UNUSED | {"queue.postpone", "control.lift"}
