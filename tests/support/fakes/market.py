"""The market in memory: pools whose prices stand still until a test moves them, and venues that show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from functools import cache

from dexec.adapters.paper.simulator import SLOT, PaperMarket, PaperPool, PriceMove, Tape
from dexec.domain.errors import VenueUnavailable
from dexec.domain.quote import Pair, PoolSnapshot
from dexec.ports import Clock
from tests.support.fakes.clock import START

_STILL = 1_000
"""The slot whose prices hold until they are moved, and at which time begins."""


@dataclass
class FakeMarket:
    """All pools; ``worth`` says by how much each moved token is worth more than at first."""

    clock: Clock
    worth: dict[str, Fraction] = field(default_factory=dict)

    def move(self, token: str, factor: Fraction) -> None:
        """Multiply what a token is worth, for good."""
        self.worth[token] = self.worth.get(token, Fraction(1)) * factor

    @property
    def slot(self) -> int:
        """The slot that it is now."""
        return _STILL + max(0, (self.clock.now() - START) // timedelta(seconds=SLOT.total_seconds()))

    def pools(self, venue: str, pair: Pair) -> tuple[PaperPool, ...]:
        """Return a venue's pools of a pair as they are now."""
        return _pools(frozenset(self.worth.items()), venue, pair)

    def pool(self, pool_id: str) -> PaperPool:
        """Return a pool as it is now."""
        return _market(frozenset(self.worth.items())).pool(pool_id, _STILL)


class FakeVenue:
    """The ``Venue`` port: answers with the pools of the asked pair alone, after ``failures`` refusals."""

    def __init__(
        self, name: str, clock: Clock, latency_s: float = 0.0, market: FakeMarket | None = None
    ) -> None:
        self.name = name
        self._clock = clock
        self._latency_s = latency_s
        self._market = market or FakeMarket(clock)
        self.failures = 0

    def read(self, pairs: Sequence[Pair]) -> PoolSnapshot:
        self._clock.sleep(self._latency_s)
        if self.failures:
            self.failures -= 1
            raise VenueUnavailable(f"{self.name} did not answer")
        pools = self._market.pools(self.name, pairs[0])
        return PoolSnapshot(self.name, self._market.slot, pools, 1)


@cache
def _market(worth: frozenset[tuple[str, Fraction]]) -> PaperMarket:
    return PaperMarket(7, tape=Tape(PriceMove(0, token, factor) for token, factor in worth))


@cache
def _pools(worth: frozenset[tuple[str, Fraction]], venue: str, pair: Pair) -> tuple[PaperPool, ...]:
    return _market(worth).pools(venue, [pair], _STILL)
