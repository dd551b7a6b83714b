"""The crash matrix: every fault at every call that a scenario makes, then redelivery, then time."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from random import Random

from tests.proofs.simulation.backend import Backend, in_memory
from tests.proofs.simulation.faults import faults_at
from tests.proofs.simulation.invariants import check
from tests.proofs.simulation.scenarios import SCENARIOS
from tests.proofs.simulation.tape import Fault, Work
from tests.proofs.simulation.waits import WAITS
from tests.proofs.simulation.world import World
from tests.support.fakes import START
from tests.support.soak import SOAK

WAITING = {scenario.__name__ for scenario in WAITS}
STEPS = dict.fromkeys(WAITING, 89) | {"limited": 5, "limited_while_submitted": 2}
WAITING_SHARE = 0.5 if SOAK else 0.1
"""Histories of orders that wait, or of several orders, take long: one run of so many is played, and all by
``make soak``. Of those with faults at random, this share is of orders that wait.
"""

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
    """Yield every run of a scenario; each fault with one way of redelivery, in turn, or with all."""
    world = baseline(scenario)
    number = 0
    for at, call in enumerate(world.tape.calls):
        for fault in faults_at(call, world):
            for redelivery in REDELIVERIES if SOAK else (REDELIVERIES[number % 3],):
                yield Run(scenario, at, call, fault.name, redelivery)
            number += 1


@cache
def chosen(scenario: str) -> list[Run]:
    """Return the runs of a scenario that are played: all, but only some of those that take long."""
    runs, step = list(runs_of(scenario)), 1 if SOAK else STEPS.get(scenario, 1)
    return runs[zlib.crc32(scenario.encode()) % step :: step]


def play_at_random(
    seed: int,
    prepare: Callable[[World], None] = lambda world: None,
    waiting_share: float = WAITING_SHARE,
) -> World:
    """Play a scenario with faults at two or three of its calls; ``seed`` decides which.

    ``prepare`` is given the world before it starts; ``waiting_share`` is the share of orders that wait.
    """
    random = Random(seed)
    waits = random.random() < waiting_share
    scenario = random.choice(sorted(WAITING if waits else SCENARIOS.keys() - WAITING))
    world = new_world(scenario)
    world.redelivery = random.choice(REDELIVERIES)
    prepare(world)

    def any_fault(at: int) -> Fault:
        def act(work: Work) -> object:
            return random.choice(faults_at(world.tape.calls[at], world)).act(work)

        return Fault("any", act)

    for at in random.sample(range(40), random.choice((2, 3))):
        world.tape.faults[at] = any_fault(at)
    try:
        SCENARIOS[scenario](world)
        check(world)
    except AssertionError as exc:
        raise AssertionError(f"{scenario} with seed {seed}: {exc}") from exc
    return world


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
