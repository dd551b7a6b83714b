"""The limit in a transaction: the stricter of slippage's and the client's; no fill passes it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dexec.adapters.paper.simulator import PaperMarket
from dexec.domain.amounts import MAX_BASE_UNITS
from dexec.domain.errors import AttemptFailed, OrderFailed
from dexec.domain.quote import Mode, Pair, PoolSnapshot, RouteRequest, signed_limit
from dexec.domain.routing import execute_plan, find_route

MARKET = PaperMarket(7)
SLOTS = 50
near = st.sampled_from([-1, 0, 1])
units = st.integers(1, MAX_BASE_UNITS)


@given(st.sampled_from(Mode), units, units, st.integers(0, 10_000), near)
def test_the_signed_limit_is_the_stated_formula(
    mode: Mode, amount_in: int, amount_out: int, bps: int, off: int
) -> None:
    exact_in = mode is Mode.EXACT_IN
    # As the formula is written down, in integers: the least output rounds up, the greatest input down.
    if exact_in:
        slippage = -(-amount_out * (10_000 - bps) // 10_000)
    else:
        slippage = min(MAX_BASE_UNITS, amount_in * (10_000 + bps) // 10_000)
    own = slippage + off
    request = RouteRequest(mode, "SOL", "USDC", amount_in if exact_in else amount_out, bps, own)
    signed = signed_limit(request, amount_in, amount_out)
    assert signed == (max(slippage, own) if exact_in else min(slippage, own))
    without = RouteRequest(mode, "SOL", "USDC", amount_in if exact_in else amount_out, bps)
    assert signed_limit(without, amount_in, amount_out) == slippage


@given(
    st.sampled_from(Mode),
    st.integers(10**6, 10**12),
    st.sampled_from([0, 50, 10_000]),
    st.tuples(st.integers(-2_000, 2_000), near),
    st.integers(0, SLOTS),
)
def test_no_fill_is_past_the_clients_own_limit(
    mode: Mode, amount: int, bps: int, off: tuple[int, int], later: int
) -> None:
    exact_in = mode is Mode.EXACT_IN
    pairs = [Pair("SOL", "USDC")]
    snapshots = [PoolSnapshot(name, 0, MARKET.pools(name, pairs, 0), 0) for name in MARKET.makers]
    quoted = find_route(RouteRequest(mode, "SOL", "USDC", amount, bps), snapshots)
    open_amount = quoted.amount_out if exact_in else quoted.amount_in
    own = max(1, open_amount * (10_000 + off[0]) // 10_000 + off[1])
    route = find_route(RouteRequest(mode, "SOL", "USDC", amount, bps, own), snapshots)
    try:
        fill = execute_plan(route.plan(), lambda pool_id: MARKET.pool(pool_id, later), slot=later)
    except (AttemptFailed, OrderFailed):
        return
    assert fill.amount_out >= own if exact_in else fill.amount_in <= own
