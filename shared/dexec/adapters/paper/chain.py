"""``paper_chain``: the paper chain behind the engine's ports, each part imported and built on first use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from dexec.domain.errors import Invalid

if TYPE_CHECKING:
    from dexec.adapters.paper.cluster import PaperCluster
    from dexec.adapters.paper.desk import PaperDesk
    from dexec.adapters.paper.latency import Latency
    from dexec.adapters.paper.ledger import PaperLedger
    from dexec.adapters.paper.market import PaperMarket
    from dexec.adapters.paper.outcomes import PaperOutcomes
    from dexec.adapters.paper.signer import PaperSigner
    from dexec.adapters.paper.tape import PriceMove, Tape, TapeSource
    from dexec.adapters.paper.venue import PaperVenue
    from dexec.adapters.paper.wallets import PaperWallets
    from dexec.adapters.postgres.database import Database
    from dexec.adapters.postgres.orders import Held
    from dexec.ports import Chain, Clock


LIVE = "live"
"""The tape that is written while the deployment runs."""


def paper_chain(
    new_ledger: Callable[[], PaperLedger],
    clock: Clock,
    *,
    seed: int = 1,
    latency: str = "default",
    spread: str = "default",
    failure_rate: Decimal = Decimal(0),
    venue_failure_rate: Decimal = Decimal(0),
    tape: str | TapeSource = "",
) -> Chain:
    """Return the chain of a seed: the same seed gives the same prices, keys and failures.

    ``new_ledger`` is called once, by the first part that needs the ledger. ``latency`` names an entry of
    ``LATENCIES``, ``spread`` one of ``SPREADS``. The rates, in [0, 1]: orders whose swaps slip too far, and
    venue answers that fail.

    ``tape``: empty for none, ``live`` for the moves that are stored beside the ledger, a text for
    ``configured_tape``, or a tape itself. Venues and cluster share it. Another text is a ``ValueError`` when
    the market is first used.
    """
    rates = failure_rate, venue_failure_rate
    return _PaperChain(new_ledger, clock, seed, latency, spread, *rates, tape)


def paper_ledger(database: Database) -> PaperLedger:
    """Return the ledger in a database, over a connection that nothing else uses."""
    from dexec.adapters.paper.ledger import PaperLedger

    return PaperLedger(database)


def paper_desk(
    ledger: PaperLedger, clock: Clock, *, seed: int, latency: str, spread: str, tape: str
) -> PaperDesk:
    """Return what shows and moves the prices of the chain with the same settings. Raises ``Invalid``."""
    from dexec.adapters.paper.desk import PaperDesk
    from dexec.adapters.paper.latency import LATENCIES
    from dexec.adapters.paper.live_tape import lead_slots
    from dexec.adapters.paper.market import SPREADS, PaperMarket

    market = PaperMarket(seed, spread=SPREADS[spread])
    fixed = None if tape == LIVE else _fixed(tape)
    return PaperDesk(market, ledger, clock, lead_slots(LATENCIES[latency]), fixed)


def _fixed(script: str) -> Tape:
    from dexec.adapters.paper.tape import NO_TAPE

    if not script:
        return NO_TAPE
    from dexec.adapters.paper.tape_script import configured_tape

    return configured_tape(script)


def paper_held() -> Held:
    """Return what reads a wallet of the ledger in the round trip of a claim, in the database of both."""
    from dexec.adapters.paper.held import PaperHeld

    return PaperHeld()


@dataclass(frozen=True)
class _PaperChain:
    """The ``Chain`` port."""

    _new_ledger: Callable[[], PaperLedger]
    _clock: Clock
    _seed: int
    _latency_name: str
    _spread: str
    _failure_rate: Decimal
    _venue_failure_rate: Decimal
    _tape_source: str | TapeSource

    @cached_property
    def venues(self) -> Sequence[PaperVenue]:
        from dexec.adapters.paper.venue import PaperVenue

        market, latency, rate = self._market, self._latency, self._venue_failure_rate
        return [PaperVenue(name, market, self._clock, latency, rate) for name in market.makers]

    @cached_property
    def cluster(self) -> PaperCluster:
        from dexec.adapters.paper.cluster import PaperCluster

        return PaperCluster(self._market, self._ledger, self._clock, self._latency, self._failure_rate)

    @cached_property
    def outcomes(self) -> PaperOutcomes:
        from dexec.adapters.paper.outcomes import PaperOutcomes

        return PaperOutcomes(self._ledger, self._clock)

    @cached_property
    def signer(self) -> PaperSigner:
        from dexec.adapters.paper.signer import PaperSigner

        return PaperSigner(self._seed)

    @cached_property
    def wallets(self) -> PaperWallets:
        from dexec.adapters.paper.wallets import PaperWallets

        return PaperWallets(self._ledger)

    @cached_property
    def _ledger(self) -> PaperLedger:
        return self._new_ledger()

    @cached_property
    def _market(self) -> PaperMarket:
        from dexec.adapters.paper.market import SPREADS, PaperMarket

        return PaperMarket(self._seed, spread=SPREADS[self._spread], tape=self._tape)

    @cached_property
    def _tape(self) -> TapeSource:
        source = self._tape_source
        if not isinstance(source, str):
            return source
        if source == LIVE:
            from dexec.adapters.paper.live_tape import LiveTape, horizon_slots

            return LiveTape(self._read_tape, self._clock, horizon_slots(self._latency))
        try:
            return _fixed(source)
        except Invalid as exc:
            # Of the configuration, which is no client's fault.
            raise ValueError(f"PAPER_TAPE: {exc}") from exc

    def _read_tape(self, since: int) -> Sequence[PriceMove]:
        """Read stored moves; the ledger, and its connection, are opened by the first read."""
        return self._ledger.price_moves(since)

    @cached_property
    def _latency(self) -> Latency:
        from dexec.adapters.paper.latency import LATENCIES

        return LATENCIES[self._latency_name]
