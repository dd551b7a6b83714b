"""The ``Probe`` port in memory."""

from __future__ import annotations

from dexec.domain.errors import Unavailable


class FakeProbe:
    """A back end that is up, unless it is given why not; ``asked`` counts the calls."""

    def __init__(self, failure: Unavailable | None = None) -> None:
        self.failure = failure
        self.asked = 0

    def probe(self) -> None:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
