"""Reads what a client may trade: its risk limits and their usage, its halts and balances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dexec.domain.committed import Balance, committed
from dexec.domain.risk import RiskLimits, RiskStanding, most_open
from dexec.ports import Clock, Control, Risk, Wallets
from dexec.usecases.risk import utc_day


@dataclass(frozen=True, slots=True)
class ReadRisk:
    """The use case."""

    risk: Risk
    control: Control
    wallets: Wallets
    clock: Clock

    def standing(self, client_id: str) -> RiskStanding:
        """Return a client's limits and their usage, as they are stored now."""
        limits = self.risk.limits(client_id).get(client_id, RiskLimits())
        day = utc_day(self.clock.now())
        return RiskStanding(
            limits,
            day,
            self.risk.used(client_id, day, limits.settlement),
            self.risk.waiting(client_id, most_open(limits)),
            tuple(one for one in self.control.switches() if one.client_id in (None, client_id)),
        )

    def balances(self, client_id: str) -> tuple[Balance, ...]:
        """Return what a client's wallet holds, and what of it is committed."""
        held: Mapping[str, int] = self.wallets.balances(client_id)
        taken = committed(self.risk.committing(client_id))
        return tuple(Balance(symbol, amount, taken[symbol]) for symbol, amount in held.items())
