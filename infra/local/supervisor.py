"""Restarts processes of a deployment that die, up to a limit: in ``dexec up``, or in the background."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from dexec.adapters.clock import SystemClock
from dexec.domain.errors import DexecError
from dexec.ports import Clock
from infra.local import deployment, rollout
from infra.local.errors import Busy, GaveUp, LocalError, NotRunning
from infra.local.home import Home, State

LIMIT = 5
WINDOW = timedelta(minutes=10)
LOOK_EVERY_S = 1.0
_FAILURES = (LocalError, DexecError, BotoCoreError, ClientError, OSError)
_LEASE_S = 25
"""How long the leases of killed executors last, unless the parameter LeaseSeconds says otherwise."""


class Restarts:
    """Counts restarts: ``LIMIT`` within ``WINDOW``, after pauses of 0, 1, 2, 4 and 8 s."""

    def __init__(self) -> None:
        self._made: list[datetime] = []

    def pause_s(self, now: datetime) -> float | None:
        """Return how long the next one has to wait; None when there may be none."""
        self._made = [made for made in self._made if made > now - WINDOW]
        if len(self._made) >= LIMIT:
            return None
        return 2.0 ** (len(self._made) - 1) if self._made else 0.0

    def note(self, now: datetime) -> None:
        """Count one, whether it succeeded or not."""
        self._made.append(now)


class Supervisor:
    """Looks after the deployment under ``home``; ``report`` is called with each death and each restart."""

    def __init__(
        self,
        home: Home,
        report: Callable[[str], None],
        clock: Clock,
        heal: Callable[[Home, Callable[[str], None]], tuple[str, ...]] = deployment.heal,
        sweep: Callable[[State], None] = rollout.sweep,
    ) -> None:
        self._home = home
        self._heal_deployment = heal
        self._sweep = sweep
        self._report = report
        self._clock = clock
        self._restarts = Restarts()
        self._sweep_at: datetime | None = self._after_leases(home.read())

    def look(self) -> bool:
        """Restart what died, and return whether anything was restarted.

        Raises ``NotRunning`` once the deployment was stopped, ``GaveUp`` when the limit is reached.
        """
        state = self._home.read()
        if state is None:
            raise NotRunning(f"the deployment under {self._home.root} was stopped")
        if state.serving():
            self._sweep_when_due(state)
            return False
        pause_s = self._restarts.pause_s(self._clock.now())
        if pause_s is None:
            dead = ", ".join(state.dead()) or "the deployment"
            raise GaveUp(
                f"{dead} ended again after {LIMIT} restarts in {WINDOW.seconds // 60} minutes and stays "
                f"down; its log is in {self._home.root}; try again: {self._home.command('up --detach')}"
            )
        self._clock.sleep(pause_s)
        return self._heal()

    def _heal(self) -> bool:
        began = self._clock.now()
        try:
            restarted = self._heal_deployment(self._home, self._report)
        except Busy:
            return False
        except _FAILURES as exc:
            self._restarts.note(began)
            self._report(f"restarting failed: {exc}")
            return False
        if restarted:
            now = self._clock.now()
            self._restarts.note(now)
            self._sweep_at = self._after_leases(self._home.read())
            self._report(f"{', '.join(restarted)} restarted in {(now - began).total_seconds():.1f} s")
        return bool(restarted)

    def _after_leases(self, state: State | None) -> datetime:
        """Return when the leases of all executors killed until now have expired."""
        lease_s = int(state.parameters.get("LeaseSeconds", _LEASE_S)) if state else _LEASE_S
        return self._clock.now() + timedelta(seconds=lease_s + 1)

    def _sweep_when_due(self, state: State) -> None:
        if self._sweep_at is not None and self._clock.now() >= self._sweep_at:
            self._sweep_at = None
            # The schedule does it within a minute otherwise.
            with suppress(*_FAILURES):
                self._sweep(state)


def main() -> None:
    """Supervise the deployment whose home is the argument, until it is stopped or the limit is reached."""
    clock = SystemClock()

    def log(text: str) -> None:
        print(f"{clock.now():%Y-%m-%dT%H:%M:%SZ} {text}", flush=True)

    supervisor = Supervisor(Home(Path(sys.argv[1])), log, clock)
    try:
        while True:
            supervisor.look()
            clock.sleep(LOOK_EVERY_S)
    except NotRunning as exc:
        log(str(exc))


if __name__ == "__main__":
    main()
