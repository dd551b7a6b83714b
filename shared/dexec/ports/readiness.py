"""The ``Probe`` port: whether a back end takes calls."""

from __future__ import annotations

from typing import Protocol


class Probe(Protocol):
    """A back end that can be probed."""

    def probe(self) -> None:
        """Make one cheap call that changes nothing; raises ``Unavailable``."""
