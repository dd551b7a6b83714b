"""The paper market with limit orders: routes over it are found in bounded time."""

from __future__ import annotations

from fractions import Fraction

import pytest

from dexec.adapters.paper.limit_orders import VENUES_WITH_ORDERS
from dexec.adapters.paper.market import PaperMarket
from dexec.domain.pools.dlmm_curve import DlmmCurve
from dexec.domain.quote import Mode, PoolSnapshot, RouteRequest
from dexec.domain.routing import find_route, pairs_for


def test_a_route_full_of_refusals_is_found_in_a_bounded_number_of_trials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Most exact outputs near this order's end are refused: without a bound, 331,000 of them were tried."""
    tried = 0
    exact_out = DlmmCurve.exact_out

    def counted(curve: DlmmCurve, amount: int) -> int:
        nonlocal tried
        tried += 1
        return exact_out(curve, amount)

    monkeypatch.setattr(DlmmCurve, "exact_out", counted)
    market, slot = PaperMarket(168, VENUES_WITH_ORDERS), 4_400_209_845
    pairs = pairs_for("RAY", "SOL")
    snapshots = [PoolSnapshot(venue, slot, market.pools(venue, pairs, slot), 1) for venue in market.makers]
    route = find_route(RouteRequest(Mode.EXACT_OUT, "RAY", "SOL", 16_793_333_333), snapshots, leg_cost=750)
    assert route.gap_bps < Fraction(1, 50)
    assert tried < 5_000
