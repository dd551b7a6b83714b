"""Whether a back end takes calls."""

from __future__ import annotations

from typing import Protocol


class Probe(Protocol):
    """A back end that can be asked for a sign of life."""

    def probe(self) -> None:
        """Make one cheap call that changes nothing; raises ``Unavailable``."""
