"""A paper venue: pools of the simulated market, read after a simulated latency."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from dexec.adapters.paper.latency import Latency
from dexec.adapters.paper.market import PaperMarket
from dexec.adapters.paper.randomness import happens
from dexec.adapters.paper.slots import slot_at
from dexec.domain.errors import ClusterUnavailable, VenueUnavailable
from dexec.domain.quote import Pair, PoolSnapshot
from dexec.ports import Clock


class PaperVenue:
    """One venue of the paper market."""

    def __init__(
        self,
        name: str,
        market: PaperMarket,
        clock: Clock,
        latency: Latency,
        failure_rate: Decimal = Decimal(0),
    ) -> None:
        self._name = name
        self._market = market
        self._clock = clock
        self._latency = latency
        self._failure_rate = failure_rate

    @property
    def name(self) -> str:
        """How quotes and legs call it."""
        return self._name

    def read(self, pairs: Sequence[Pair]) -> PoolSnapshot:
        """Return the pools for ``pairs`` at the slot in which the answer is given."""
        asked = self._clock.now()
        self._clock.sleep(self._latency.quote_time(self._name, asked).total_seconds())
        if happens(self._failure_rate, self._name, asked):
            raise VenueUnavailable(f"{self._name} did not answer the request")
        answered = self._clock.now()
        slot = slot_at(answered)
        latency_ms = round((answered - asked).total_seconds() * 1000)
        try:
            pools = self._market.pools(self._name, pairs, slot)
        except ClusterUnavailable as exc:
            raise VenueUnavailable(f"{self._name} cannot read the market's tape") from exc
        return PoolSnapshot(self._name, slot, pools, latency_ms)
