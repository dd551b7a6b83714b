"""Readiness check: orders can be taken while the store and the queue answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dexec.domain.errors import NotReady, State, Unavailable
from dexec.ports import Clock, Probe

REMEMBER_S = 1.0
"""How long a result is cached: anyone may ask, and that must not load the back ends."""


@dataclass(slots=True)
class CheckReadiness:
    """The use case; ``probes`` are the back ends by the name that clients read."""

    probes: Mapping[str, Probe]
    clock: Clock
    _found: Mapping[str, State] = field(default_factory=dict)
    _until: datetime | None = None

    def __call__(self) -> Mapping[str, State]:
        """Return ``up`` for each back end; raise ``NotReady`` when one is down."""
        now = self.clock.now()
        if self._until is None or now >= self._until:
            self._found = {name: _state(probe) for name, probe in self.probes.items()}
            self._until = self.clock.now() + timedelta(seconds=REMEMBER_S)
        down = [name for name, state in self._found.items() if state != "up"]
        if down:
            raise NotReady(f"not ready: the {' and the '.join(down)} cannot be reached", self._found)
        return self._found


def _state(probe: Probe) -> State:
    try:
        probe.probe()
    except Unavailable:
        return "down"
    return "up"
