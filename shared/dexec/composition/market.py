"""Builds the chain, and the use cases that price on it: routes, reference prices, risk limits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

from dexec.wiring import Adapters

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from dexec.adapters.paper import PaperDesk
    from dexec.adapters.postgres.orders import Held
    from dexec.domain.order import Order
    from dexec.domain.risk import Reservation, RiskLimits
    from dexec.ports import Chain, Wallets
    from dexec.usecases.quote_route import Decision, QuoteRoute
    from dexec.usecases.reference import Reference
    from dexec.usecases.risk import CheckRisk


class Market(Adapters):
    """The chain, and what is asked of it."""

    @cached_property
    def chain(self) -> Chain:
        """Venues, cluster, signer and wallets."""
        from dexec.adapters.paper import paper_chain, paper_ledger

        settings = self.settings
        return paper_chain(
            lambda: paper_ledger(self._new_database()),
            self.clock,
            seed=settings.paper_seed,
            latency=settings.paper_latency,
            spread=settings.paper_spread,
            failure_rate=settings.paper_failure_rate,
            venue_failure_rate=settings.paper_venue_failure_rate,
            tape=settings.paper_tape,
        )

    @cached_property
    def paper_desk(self) -> PaperDesk:
        """Shows and moves the prices of the paper market; no function does."""
        from dexec.adapters.paper import paper_desk, paper_ledger

        settings = self.settings
        return paper_desk(
            paper_ledger(self._new_database()),
            self.clock,
            seed=settings.paper_seed,
            latency=settings.paper_latency,
            spread=settings.paper_spread,
            tape=settings.paper_tape,
        )

    @property
    def _held(self) -> Held:
        from dexec.adapters.paper import paper_held

        return paper_held()

    @cached_property
    def venue_threads(self) -> Executor:
        """Ask the venues; one that hangs must not take the place of the next question."""
        return ThreadPoolExecutor(2 * len(self.chain.venues), "venue")

    @property
    def wallets(self) -> Wallets:
        """What clients hold."""
        return self.chain.wallets

    @cached_property
    def quote_route(self) -> QuoteRoute:
        """Asks the venues and routes."""
        from dexec.usecases.quote_route import QuoteRoute

        settings = self.settings
        deadline_s = settings.quote_deadline_ms / 1000
        return QuoteRoute(
            self.chain.venues, self.clock, self.venue_threads, deadline_s, settings.leg_cost_lamports
        )

    @cached_property
    def reference(self) -> Reference:
        """The prices of books by one look at the venues."""
        from dexec.domain.tokens import parse_token_amounts
        from dexec.usecases.reference import Reference

        return Reference(self.quote_route, parse_token_amounts(self.settings.reference_amounts))

    @cached_property
    def check_risk(self) -> CheckRisk:
        """Judges orders by the limits of their clients."""
        from dexec.usecases.risk import CheckRisk

        return CheckRisk(self.risk, self.reference, self.clock)

    def _check_placing(self, limits: RiskLimits | None, order: Order) -> None:
        """Judge an order by its client's limits; what that takes is built where it has some."""
        if limits is not None:
            self.check_risk.placing(limits, order)

    def _check_signing(
        self, limits: RiskLimits | None, order: Order, decision: Decision
    ) -> Reservation | None:
        return None if limits is None else self.check_risk.signing(limits, order, decision)
