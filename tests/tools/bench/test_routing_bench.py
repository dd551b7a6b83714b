"""How long routing takes, pools already read: ``pytest tests/tools/bench --benchmark-only``.

The figures are in docs/routing.md. What is measured is the search in pure Python; the pools' curves are made
once per snapshot, which has a figure of its own.
"""

from dataclasses import replace
from fractions import Fraction
from itertools import count
from random import Random

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from dexec.adapters.paper.simulator import VENUES, PaperMarket
from dexec.domain.pools import DlmmPool, Pool
from dexec.domain.quote import Mode, Pair, PoolSnapshot, RouteRequest
from dexec.domain.routing import find_route
from dexec.domain.routing.split import split
from tests.support import random_markets

SLOT = 4_412_000_000
SOL = 10**9
PAIR = Pair("SOL", "USDC")


def level_pools(token_in: str) -> tuple[Pool, Pool]:
    """A Raydium and a Meteora pool of the paper market, level after fees, so that every order is split."""
    product, bins = (PaperMarket(5).pools(venue, [PAIR], SLOT)[0] for venue in VENUES)
    other = "USDC" if token_in == "SOL" else "SOL"
    for _ in range(500):
        first, second = product.curve(token_in).best_price, bins.curve(token_in).best_price
        if abs(first - second) <= second // 10_000:
            break
        product = product.worsened(token_in if first > second else other, 1)
    return product, bins


@pytest.mark.parametrize("sol", [1, 10, 100, 1_000, 10_000])
@pytest.mark.parametrize("token_in", ["SOL", "USDC"])
def test_split_between_two_venues(benchmark: BenchmarkFixture, token_in: str, sol: int) -> None:
    curves = [pool.curve(token_in) for pool in level_pools(token_in)]
    amount = sol * SOL if token_in == "SOL" else sol * 150 * 10**6
    found = benchmark(split, curves, amount, Mode.EXACT_IN, 0)
    assert found is not None
    assert found.leg_count == 2 or sol < 1_000


@pytest.mark.parametrize("sol", [1, 100, 1_000])
def test_route_in_a_graph_of_three_tokens(benchmark: BenchmarkFixture, sol: int) -> None:
    market = PaperMarket(5)
    pairs = [PAIR, Pair("SOL", "USDT"), Pair("USDT", "USDC")]
    snapshots = [PoolSnapshot(venue, SLOT, market.pools(venue, pairs, SLOT), 200) for venue in VENUES]
    request = RouteRequest(Mode.EXACT_IN, "SOL", "USDC", sol * SOL)
    route = benchmark(find_route, request, snapshots, leg_cost=750)
    assert len(route.quotes) == 2


def test_split_over_fifty_pools(benchmark: BenchmarkFixture) -> None:
    rnd = Random(1)
    curves = [
        random_markets.pool(rnd, ("SOL", "USDC"), Fraction(3, 20), 10**13, str(number)).curve("SOL")
        for number in range(50)
    ]
    found = benchmark(split, curves, 1_000 * SOL, Mode.EXACT_IN, 0)
    assert found is not None
    assert found.leg_count > 1


def test_one_dlmm_quote(benchmark: BenchmarkFixture) -> None:
    curve = level_pools("SOL")[1].curve("SOL")
    benchmark(curve.exact_in, 1_000 * SOL)


def test_making_a_dlmm_curve(benchmark: BenchmarkFixture) -> None:
    pool = level_pools("SOL")[1]
    assert isinstance(pool, DlmmPool)
    benchmark(lambda: replace(pool).curve("SOL"))


def test_reading_a_paper_pool(benchmark: BenchmarkFixture) -> None:
    """A slot's pool for the first time; it is remembered afterwards."""
    market, slots = PaperMarket(5), count(SLOT)
    benchmark(lambda: market.pools("meteora", [PAIR], next(slots)))
