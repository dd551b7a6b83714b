"""No route, limit or fill moves more than a balance can hold, however near a pool's capacity an order is."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from random import Random

import pytest

from dexec.adapters.paper.simulator import STARTING_BALANCES, VENUES, PaperMarket
from dexec.domain.amounts import MAX_BASE_UNITS
from dexec.domain.errors import InsufficientLiquidity, SlippageExceeded
from dexec.domain.pools import ConstantProductPool, Pool
from dexec.domain.quote import Fill, Mode, PoolSnapshot, Route, RouteRequest
from dexec.domain.routing import execute_plan, find_route, pairs_for
from tests.support import random_markets

MARKETS = 150
PAPER_PAIRS = [("SOL", "USDC"), ("BONK", "JUP"), ("BONK", "USDT"), ("USDT", "RAY")]


def amounts(found: Route | Fill) -> list[int]:
    legs = [amount for leg in found.legs for amount in (leg.amount_in, leg.amount_out)]
    return [found.amount_in, found.amount_out, *legs]


def check(request: RouteRequest, snapshots: list[PoolSnapshot], later: Mapping[str, Pool]) -> bool:
    """Route the request and fill it on pools that have moved since; return whether there was a route."""
    try:
        route = find_route(request, snapshots)
    except InsufficientLiquidity:
        return False
    assert max(*amounts(route), route.limit) <= MAX_BASE_UNITS
    assert all(max(quote.amount_in, quote.amount_out) <= MAX_BASE_UNITS for quote in route.quotes)
    try:
        fill = execute_plan(route.plan(), later.__getitem__, slot=8)
    except (SlippageExceeded, InsufficientLiquidity):
        return True
    assert max(amounts(fill)) <= MAX_BASE_UNITS
    return True


def capacity(token_in: str, token_out: str, snapshots: list[PoolSnapshot]) -> int:
    """Return the largest output that any route gives, to three digits."""
    low, high = 0, 2**64
    while high - low > low >> 10:
        middle = (low + high) // 2
        try:
            find_route(RouteRequest(Mode.EXACT_OUT, token_in, token_out, middle), snapshots)
            low = middle
        except InsufficientLiquidity:
            high = middle
    return low


@pytest.mark.parametrize("pair", PAPER_PAIRS, ids="-".join)
def test_near_the_capacity_of_the_paper_market(pair: tuple[str, str]) -> None:
    market, rnd = PaperMarket(7), Random(7)
    snapshots = [PoolSnapshot(venue, 7, market.pools(venue, pairs_for(*pair), 7), 1) for venue in VENUES]
    later = {pool.id: pool for venue in VENUES for pool in market.pools(venue, pairs_for(*pair), 8)}
    most = capacity(*pair, snapshots)
    # In between, whether a search finds the shares that several paths can just bear is not said.
    below = [most - step for step in (0, *(rnd.randrange(most // 200, most // 20) for _ in range(8)))]
    near = [rnd.randrange(most * 199 // 200, most * 201 // 200) for _ in range(8)]
    beyond = [most + rnd.randrange(most // 200, most // 20) for _ in range(8)]
    for amounts_out, expected in ((below, {True}), (near, {True, False}), (beyond, {False})):
        for amount in amounts_out:
            request = RouteRequest(Mode.EXACT_OUT, *pair, amount, rnd.choice((0, 50, 10_000)))
            assert check(request, snapshots, later) in expected


@pytest.mark.parametrize("mode", Mode)
def test_random_pools_of_any_size(mode: Mode) -> None:
    """Reserves up to the largest number on chain, amounts around the reserves and around the limit."""
    rnd, routed = Random(11), 0
    for _ in range(MARKETS):
        pools: dict[str, Pool] = {}
        for number, pair in enumerate([("SOL", "USDC"), ("SOL", "USDT"), ("USDC", "USDT")]):
            size = 2 ** rnd.randint(20, 63)
            price = Fraction(2 ** rnd.randint(0, 40), 2 ** rnd.randint(0, 40))
            pool = random_markets.constant_product(rnd, pair, price, size, str(number))
            pools[pool.id] = pool
        later = {name: moved(rnd, pool) for name, pool in pools.items()}
        snapshots = random_markets.snapshots(list(pools.values()))
        for base in (*(reserve for pool in pools.values() for reserve in reserves(pool)), MAX_BASE_UNITS):
            amount = min(MAX_BASE_UNITS, max(1, base - rnd.choice((0, 1, rnd.randrange(base)))))
            request = RouteRequest(mode, "SOL", "USDC", amount, rnd.choice((0, 50, 10_000)))
            routed += check(request, snapshots, later)
    assert routed > MARKETS, "hardly any amount could be traded, so hardly any was looked at"


def moved(rnd: Random, pool: Pool) -> Pool:
    assert isinstance(pool, ConstantProductPool)
    return pool.worsened(rnd.choice((pool.token_x, pool.token_y)), rnd.choice((0, 10, 100, 5_000)))


def reserves(pool: Pool) -> tuple[int, int]:
    assert isinstance(pool, ConstantProductPool)
    return pool.reserve_x, pool.reserve_y


def test_the_refusal_says_why_with_the_number() -> None:
    pool = ConstantProductPool("raydium:SOL-USDC", "raydium", "SOL", "USDC", 10**15, 10**6)
    with pytest.raises(InsufficientLiquidity, match=f"above {MAX_BASE_UNITS} base units"):
        find_route(RouteRequest(Mode.EXACT_OUT, "SOL", "USDC", 10**6 - 80), random_markets.snapshots([pool]))
    assert all(amount <= MAX_BASE_UNITS for amount in STARTING_BALANCES.values())
