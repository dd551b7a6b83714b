"""What dies is restarted, not for ever, and said."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from infra.local.errors import Busy, GaveUp, NotRunning, StartFailed
from infra.local.home import Home, State
from infra.local.processes import ProcessRef
from infra.local.supervisor import LIMIT, WINDOW, Restarts, Supervisor
from tests.support.fakes import START, FakeClock
from tests.support.homes import state

DEAD = ProcessRef(name="postgres", pid=1, started=0.0, port=1)
ALIVE = ProcessRef(
    name="emulator", pid=os.getpid(), started=psutil.Process(os.getpid()).create_time(), port=2
)


@dataclass
class Stage:
    """A deployment of which the processes are told, and what was done to it."""

    home: Home
    clock: FakeClock = field(default_factory=FakeClock)
    told: list[str] = field(default_factory=list)
    healed: int = 0
    swept: int = 0
    fails: Exception | None = None
    stays_dead: bool = False

    def run(self, *processes: ProcessRef) -> None:
        self.home.write(state(processes=processes))

    def heal(self, home: Home, report: Callable[[str], None]) -> tuple[str, ...]:
        if self.fails is not None:
            raise self.fails
        report("postgres ended unexpectedly; restarting")
        self.healed += 1
        if not self.stays_dead:
            self.run(ALIVE)
        return ("postgres",)

    def sweep(self, _: State) -> None:
        self.swept += 1

    def supervisor(self) -> Supervisor:
        return Supervisor(self.home, self.told.append, self.clock, self.heal, self.sweep)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(Home(tmp_path))


def test_what_runs_is_left_alone(stage: Stage) -> None:
    stage.run(ALIVE)
    assert not stage.supervisor().look()
    assert (stage.healed, stage.told) == (0, [])


def test_what_died_is_restarted_and_said(stage: Stage) -> None:
    stage.run(ALIVE, DEAD)
    supervisor = stage.supervisor()
    assert supervisor.look()
    assert not supervisor.look()
    assert stage.healed == 1
    assert stage.told == ["postgres ended unexpectedly; restarting", "postgres restarted in 0.0 s"]


def test_a_deployment_that_was_stopped_is_not_started_again(stage: Stage) -> None:
    with pytest.raises(NotRunning):
        stage.supervisor().look()
    assert stage.healed == 0


def test_what_dies_again_and_again_stays_down(stage: Stage) -> None:
    stage.stays_dead = True
    stage.run(DEAD)
    supervisor = stage.supervisor()
    for _ in range(LIMIT):
        assert supervisor.look()
    assert stage.clock.now() - START == timedelta(seconds=0 + 1 + 2 + 4 + 8), "each after a longer pause"
    with pytest.raises(GaveUp, match=r"postgres ended again after 5 restarts in 10 minutes .* dexec up"):
        supervisor.look()
    assert stage.healed == LIMIT
    stage.clock.advance(WINDOW.total_seconds())
    assert supervisor.look(), "what is long ago does not count"


def test_a_restart_that_fails_counts_and_is_tried_again(stage: Stage) -> None:
    stage.run(DEAD)
    stage.fails = StartFailed("no room")
    supervisor = stage.supervisor()
    assert not supervisor.look()
    assert stage.told == ["restarting failed: no room"]
    stage.fails = None
    assert supervisor.look()
    assert stage.clock.now() - START == timedelta(seconds=1)


def test_another_command_at_work_is_waited_for(stage: Stage) -> None:
    stage.run(DEAD)
    stage.fails = Busy("another command")
    supervisor = stage.supervisor()
    for _ in range(3 * LIMIT):
        assert not supervisor.look()
    assert stage.told == []


def test_what_killed_executors_held_is_looked_for_once_their_leases_have_ended(stage: Stage) -> None:
    stage.run(ALIVE)
    supervisor = stage.supervisor()
    supervisor.look()
    assert stage.swept == 0
    stage.clock.advance(26)
    for _ in range(3):
        supervisor.look()
    assert stage.swept == 1


def test_restarts_are_counted_in_a_window_that_moves() -> None:
    restarts = Restarts()
    pauses = []
    for minute in range(LIMIT):
        pauses.append(restarts.pause_s(START + timedelta(minutes=minute)))
        restarts.note(START + timedelta(minutes=minute))
    assert pauses == [0, 1, 2, 4, 8]
    assert restarts.pause_s(START + timedelta(minutes=9)) is None
    assert restarts.pause_s(START + timedelta(minutes=10)) == 8
