"""The simulated market: repeatable, 2-5 % apart, slow enough for the default slippage limit."""

from fractions import Fraction
from itertools import combinations
from random import Random

import pytest

from dexec.adapters.paper.limit_orders import VENUES_WITH_ORDERS
from dexec.adapters.paper.market import CROSSING_SLOTS, ERA_SLOTS, SPREADS, VENUES, PaperMarket, shifted
from dexec.adapters.paper.pools import PAPER_VENUES
from dexec.domain.errors import PoolDisabled
from dexec.domain.pools import DlmmPool, Pool
from dexec.domain.quote import Mode, Pair, PoolSnapshot, RouteRequest
from dexec.domain.routing import execute_plan, find_route, pairs_for
from dexec.domain.tokens import TOKENS
from tests.support.harbor import harbor

SLOT = 4_412_000_000
PAIRS = [Pair(*pair) for pair in combinations(TOKENS, 2)]


def mids(market: PaperMarket, pair: Pair, slot: int) -> list[Fraction]:
    return [market.pools(venue, [pair], slot)[0].curve(pair.token_in).mid for venue in VENUES]


def test_a_pool_depends_on_seed_venue_pair_and_slot_alone() -> None:
    for venue in VENUES:
        pools = PaperMarket(5).pools(venue, PAIRS, SLOT)
        assert len(pools) == 15
        assert pools == PaperMarket(5).pools(venue, reversed(PAIRS), SLOT)
        assert all(pool == PaperMarket(5).pool(pool.id, SLOT) for pool in pools)
        assert pools != PaperMarket(6).pools(venue, PAIRS, SLOT)
        assert pools != PaperMarket(5).pools(venue, PAIRS, SLOT + 1)


def test_both_directions_of_a_pair_are_one_pool() -> None:
    pools = PaperMarket(5).pools("raydium", [Pair("SOL", "USDC"), Pair("USDC", "SOL")], SLOT)
    assert [(pool.id, pool.token_x, pool.token_y) for pool in pools] == [("raydium:SOL-USDC", "SOL", "USDC")]


def test_prices_are_realistic() -> None:
    sol, bonk = (mids(PaperMarket(5), Pair(token, "USDC"), SLOT)[0] for token in ("SOL", "BONK"))
    assert 130 < sol * 10**9 / 10**6 < 170
    assert Fraction(18, 10**6) < bonk * 10**5 / 10**6 < Fraction(25, 10**6)


def test_the_venues_are_two_to_five_percent_apart_but_for_crossings() -> None:
    market = PaperMarket(5)
    apart = within = 0
    ahead = set()
    for slot in range(SLOT, SLOT + 10 * ERA_SLOTS, 997):
        for pair in PAIRS:
            first, second = mids(market, pair, slot)
            gap = abs(first - second) / min(first, second)
            ahead.add((pair, first > second))
            within += 1
            apart += Fraction(2, 100) <= gap <= Fraction(5, 100)
    assert apart / within > 1 - CROSSING_SLOTS / ERA_SLOTS
    assert len(ahead) > len(PAIRS) + 8  # for most pairs, each venue is ahead at some time


def test_a_tight_market_is_five_to_thirty_bps_apart_but_for_crossings() -> None:
    market = PaperMarket(5, spread=SPREADS["tight"])
    apart, most = [], Fraction(0)
    ahead = set()
    for slot in range(SLOT, SLOT + 10 * ERA_SLOTS, 1_997):
        for pair in PAIRS:
            first, second = mids(market, pair, slot)
            gap = abs(first - second) / min(first, second)
            most = max(most, gap)
            ahead.add((pair, first > second))
            apart.append(Fraction(5, 10_000) <= gap <= Fraction(30, 10_000))
    assert sum(apart) / len(apart) > 1 - CROSSING_SLOTS / ERA_SLOTS
    assert most <= Fraction(30, 10_000)
    assert len(ahead) > len(PAIRS) + 8


def test_a_price_moves_by_bps_in_seconds_and_by_percents_in_hours() -> None:
    market, pair = PaperMarket(5), Pair("SOL", "USDC")
    rnd = Random(1)
    for _ in range(300):
        slot = SLOT + rnd.randrange(10 * ERA_SLOTS)
        for before, after in zip(mids(market, pair, slot), mids(market, pair, slot + 12), strict=True):
            assert abs(after / before - 1) < Fraction(25, 10_000)
    long = [mids(market, pair, SLOT + hour * 9_000)[0] for hour in range(24)]
    assert max(long) / min(long) > Fraction(102, 100)


def test_an_unknown_pool_is_disabled() -> None:
    for name in ("raydium:USDC-SOL", "orca:SOL-USDC", "raydium:SOL-SOL", ""):
        with pytest.raises(PoolDisabled):
            PaperMarket(5).pool(name, SLOT)
    with pytest.raises(ValueError, match="two tokens"):
        PaperMarket(5).pools("raydium", [Pair("SOL", "SOL")], SLOT)


def test_orders_are_an_option_that_moves_no_price() -> None:
    """Which changes nothing else: the market that everyone trades on stays what it is."""
    with_orders = PaperMarket(5, VENUES_WITH_ORDERS)
    modes = set()
    for pair in PAIRS:
        plain, pool = (market.pools("meteora", [pair], SLOT)[0] for market in (PaperMarket(5), with_orders))
        assert isinstance(plain, DlmmPool)
        assert isinstance(pool, DlmmPool)
        assert pool == with_orders.pool(pool.id, SLOT)
        assert (pool.amounts_x, pool.amounts_y, pool.prices) == (
            plain.amounts_x,
            plain.amounts_y,
            plain.prices,
        )
        assert pool.curve(pair.token_in).mid == plain.curve(pair.token_in).mid
        assert pool.curve(pair.token_in).max_out > plain.curve(pair.token_in).max_out * 98 // 100
        assert 20 < sum(orders.open_amount > 0 for orders in pool.orders) < 60
        assert plain.orders == ()
        modes.add(pool.fees.collect_fee_mode)
    assert len(modes) == 2
    assert with_orders.pools("raydium", PAIRS, SLOT) == PaperMarket(5).pools("raydium", PAIRS, SLOT)


@pytest.mark.parametrize("venue", VENUES)
def test_a_shifted_pool_is_worse_for_one_side_only(venue: str) -> None:
    pool = PaperMarket(5).pools(venue, [Pair("SOL", "USDC")], SLOT)[0]
    worse = shifted(pool, "SOL", 80)
    ratio = Fraction(worse.curve("SOL").exact_in(10**9), pool.curve("SOL").exact_in(10**9))
    assert Fraction(9_919, 10_000) < ratio < Fraction(9_921, 10_000)
    assert worse.curve("USDC").exact_in(10**6) > pool.curve("USDC").exact_in(10**6)


def test_a_made_up_venue_is_routed_over_and_filled() -> None:
    """What ``docs/add-a-venue.md`` walks through: one function added to the table, nothing else changed."""
    market = PaperMarket(5, {**PAPER_VENUES, "harbor": harbor})
    pairs = pairs_for("USDT", "USDC")
    snapshots = [
        PoolSnapshot(venue, SLOT, market.pools(venue, pairs, SLOT), 1) for venue in ("raydium", "harbor")
    ]
    request = RouteRequest(Mode.EXACT_IN, "USDT", "USDC", 900_000 * 10**6)
    route = find_route(request, snapshots)
    assert {leg.venue for leg in route.legs} == {"raydium", "harbor"}
    assert {quote.venue for quote in route.quotes} == {"raydium"}  # the desk alone has not enough in stock

    def landed(name: str) -> Pool:
        return market.pool(name, SLOT)

    assert execute_plan(route.plan(), landed, slot=SLOT).legs == route.legs
