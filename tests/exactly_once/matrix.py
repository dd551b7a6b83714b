"""The crash matrix: every fault at every call that a scenario makes, then redelivery, then time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tests.fakes import START
from tests.simulation.backend import Backend, in_memory
from tests.simulation.faults import faults_at
from tests.simulation.invariants import check
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.tape import Fault
from tests.simulation.world import World

REDELIVERIES = ("once", "twice", "at once")


@dataclass(frozen=True)
class Run:
    """One history: a scenario, and the fault at its ``at``-th call."""

    scenario: str
    at: int
    call: str
    fault: str
    redelivery: str


def new_world(scenario: str, backend: Backend | None = None, start: datetime = START) -> World:
    """Return the world in which a scenario plays."""
    max_receives = 1 if scenario == "dead_letters" else 10
    return World(backend=backend or in_memory(), start=start, max_receives=max_receives)


def baseline(scenario: str) -> World:
    """Play a scenario without a fault; its tape lists the calls."""
    world = new_world(scenario)
    SCENARIOS[scenario](world)
    check(world)
    return world


def runs_of(scenario: str) -> Iterator[Run]:
    """Yield every run of a scenario; two ways of redelivery for each fault."""
    world = baseline(scenario)
    number = 0
    for at, call in enumerate(world.tape.calls):
        for fault in faults_at(call, world):
            for redelivery in (REDELIVERIES[number % 3], REDELIVERIES[(number + 1) % 3]):
                yield Run(scenario, at, call, fault.name, redelivery)
            number += 1


def play(run: Run, backend: Backend | None = None, start: datetime = START) -> World:
    """Play a run and check everything; raise ``AssertionError`` naming it where something does not hold."""
    world = new_world(run.scenario, backend, start)
    world.redelivery = run.redelivery
    world.tape.faults[run.at] = Fault(run.fault, lambda work: _fault(run, world).act(work))
    try:
        SCENARIOS[run.scenario](world)
        check(world)
    except AssertionError as exc:
        raise AssertionError(f"{run}: {exc}") from exc
    assert world.tape.calls[run.at] == run.call, f"{run} is another call now"
    return world


def _fault(run: Run, world: World) -> Fault:
    return next(fault for fault in faults_at(run.call, world) if fault.name == run.fault)
