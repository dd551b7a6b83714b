"""Whole routes over random markets: proven, never beaten by a single venue, and filled as quoted."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from fractions import Fraction
from itertools import permutations
from random import Random

import pytest

from dexec.adapters.paper.simulator import PAPER_VENUES, VENUES, VENUES_WITH_ORDERS, PaperMarket, PoolMaker
from dexec.domain.errors import AttemptFailed, InsufficientLiquidity, NoVenue, SlippageExceeded
from dexec.domain.pools import ConstantProductPool, DlmmPool, Pool
from dexec.domain.quote import (
    Alternative,
    Fill,
    Leg,
    Mode,
    PoolSnapshot,
    Quote,
    Route,
    RouteRequest,
    SwapPlan,
)
from dexec.domain.routing import bound_price, execute_plan, find_amounts, find_route, pairs_for
from dexec.domain.tokens import TOKENS
from tests.support import random_markets
from tests.support.soak import SOAK

ORDERS = 70_000 if SOAK else 1_960
ORDERS_PER_MARKET = 14
PAPER_ORDERS = 24_000 if SOAK else 600
PRICES_USD = {
    "SOL": Fraction(150),
    "RAY": Fraction(12, 5),
    "JUP": Fraction(1, 2),
    "BONK": Fraction(1, 50_000),
}
MOST_GAP_BPS = Fraction(1, 2)
SIZES = (10**4, 10**7, 10**10, 10**13)


def check_quote(route: Route, leg_cost: int) -> None:
    """What must hold of any route, whatever the market."""
    exact_in = route.mode is Mode.EXACT_IN
    cost = leg_cost * len(route.legs)
    net = route.amount_out - cost if exact_in else route.amount_in + cost
    for quote in route.quotes:
        if exact_in:
            assert net >= quote.amount_out - leg_cost
        else:
            assert net <= quote.amount_in + leg_cost
    assert net <= route.bound if exact_in else net >= route.bound
    assert route.gap_bps >= 0
    assert all(other.cost_bps >= 0 for other in route.alternatives)
    assert len({leg.pool_id for leg in route.legs}) == len(route.legs)
    check_flow(route)


def check_flow(route: Route) -> None:
    """What goes into a hop comes out of the one before it, and no token occurs twice on a path."""
    first = [leg for leg in route.legs if leg.hop == 1]
    second = [leg for leg in route.legs if leg.hop == 2]
    assert all(leg.token_in == route.token_in for leg in first)
    assert all(leg.token_out == route.token_out for leg in second)
    for via in {leg.token_in for leg in second} | {leg.token_out for leg in first} - {route.token_out}:
        assert via not in (route.token_in, route.token_out)
        given = sum(leg.amount_out for leg in first if leg.token_out == via)
        assert given == sum(leg.amount_in for leg in second if leg.token_in == via) > 0
    assert route.amount_in == sum(leg.amount_in for leg in first)
    assert route.amount_out == sum(leg.amount_out for leg in route.legs if leg.token_out == route.token_out)


def check_fill(route: Route, moved: Callable[[str], Pool], unmoved: Callable[[str], Pool]) -> bool:
    """Return whether the plan survived the move; on pools that did not move it fills as quoted."""
    plan = SwapPlan.from_json(route.plan().to_json())
    fill = execute_plan(plan, unmoved, slot=route.legs[0].slot)
    assert (fill.amount_in, fill.amount_out, fill.legs) == (route.amount_in, route.amount_out, route.legs)
    try:
        fill = execute_plan(plan, moved, slot=99)
    except SlippageExceeded as error:
        return refused_rightly(error, route)
    check_limit(route, fill)
    return True


def refused_rightly(error: SlippageExceeded, route: Route) -> bool:
    """The refusal names the limit, and an amount that is really past it (0: a pool ran dry)."""
    past = error.received < error.required if route.mode is Mode.EXACT_IN else error.received > error.required
    if error.required != route.limit or not (past or error.received == 0):
        raise AssertionError(f"refused without need: {error}")
    return False


def check_limit(route: Route, fill: Fill) -> None:
    if route.mode is Mode.EXACT_IN:
        assert fill.amount_in == route.amount_in
        assert fill.amount_out >= route.limit
        assert route.limit * 10_000 >= route.amount_out * 9_700
    else:
        assert fill.amount_out == route.amount_out
        assert fill.amount_in <= route.limit


def moved_pool(rnd: Random, pool: Pool) -> Pool:
    """The pool a little later: its price a bit off, either way."""
    assert isinstance(pool, ConstantProductPool | DlmmPool)
    later = pool.worsened(rnd.choice((pool.token_x, pool.token_y)), rnd.choice((0, 1, 5, 30, 200)))
    if isinstance(later, DlmmPool) and rnd.random() < 0.2:
        return replace(later, amounts_x=(0,) * len(later.amounts_x), amounts_y=(0,) * len(later.amounts_y))
    return later


def test_every_route_over_random_markets_holds_what_it_promises() -> None:
    rnd = Random(20)
    filled = failed = refused = 0
    while filled + failed < ORDERS:
        size = rnd.choice(SIZES)
        pools = {pool.id: pool for pool in random_markets.market(rnd, size)}
        snapshots = random_markets.snapshots(list(pools.values()))
        for _ in range(ORDERS_PER_MARKET):
            request = random_markets.request(rnd, size)
            leg_cost = rnd.choice((0, 0, 1, size // 10_000))
            try:
                route = find_route(request, snapshots, leg_cost=leg_cost)
            except (NoVenue, InsufficientLiquidity):
                assert find_amounts(request, snapshots, leg_cost=leg_cost) is None
                refused += 1
                continue
            assert find_amounts(request, snapshots, leg_cost=leg_cost) == (route.amount_in, route.amount_out)
            most = bound_price(request, snapshots)
            assert most is None or Fraction(route.amount_out, route.amount_in) <= most
            check_quote(route, leg_cost)
            later = {leg.pool_id: moved_pool(rnd, pools[leg.pool_id]) for leg in route.legs}
            survived = check_fill(route, later.__getitem__, pools.__getitem__)
            filled, failed = filled + survived, failed + (not survived)
    assert min(filled, failed, refused) > ORDERS // 50


@pytest.mark.parametrize("makers", [PAPER_VENUES, VENUES_WITH_ORDERS], ids=["plain", "with orders"])
def test_every_route_over_the_paper_market_holds_what_it_promises(makers: Mapping[str, PoolMaker]) -> None:
    """With the default limit, and landing up to 12 slots later, none of them fails.

    But for an exact output out of limit orders: in another slot the program may refuse that.
    """
    rnd = Random(21)
    market = PaperMarket(rnd.randrange(1000), makers)
    for _ in range(PAPER_ORDERS if makers is PAPER_VENUES else PAPER_ORDERS // 4):
        request = paper_request(rnd)
        slot = 4_400_000_000 + rnd.randrange(10**6)
        pairs = pairs_for(request.token_in, request.token_out)
        snapshots = [PoolSnapshot(venue, slot, market.pools(venue, pairs, slot), 200) for venue in VENUES]
        route = find_route(request, snapshots, leg_cost=rnd.choice((0, 750)))
        check_quote(route, route.leg_cost)
        landing = slot + rnd.randint(1, 12)
        later = {leg.pool_id: market.pool(leg.pool_id, landing) for leg in route.legs}
        same = {leg.pool_id: market.pool(leg.pool_id, slot) for leg in route.legs}
        survived = check_fill(route, later.__getitem__, same.__getitem__)
        assert survived or (makers is VENUES_WITH_ORDERS and route.mode is Mode.EXACT_OUT)


def paper_request(rnd: Random) -> RouteRequest:
    """An order of 1 USD to about 100,000 USD."""
    token_in, token_out = rnd.sample(tuple(TOKENS), 2)
    mode = rnd.choice(tuple(Mode))
    amount = worth(int(10 ** rnd.uniform(0, 5)), token_in if mode is Mode.EXACT_IN else token_out)
    return RouteRequest(mode, token_in, token_out, amount)


def worth(usd: int, token: str) -> int:
    """So many dollars' worth of a token, in base units."""
    return int(usd * 10 ** TOKENS[token].decimals / PRICES_USD.get(token, Fraction(1)))


@pytest.mark.parametrize("mode", list(Mode))
def test_an_order_that_moves_the_market_is_shared_out_as_well(mode: Mode) -> None:
    """Orders of 100,000 to a million USD, which move prices by percents, over every pair."""
    rnd = Random(25)
    for token_in, token_out in permutations(TOKENS, 2):
        market, slot = PaperMarket(rnd.randrange(1000)), 4_400_000_000 + rnd.randrange(10**6)
        pairs = pairs_for(token_in, token_out)
        snapshots = [PoolSnapshot(venue, slot, market.pools(venue, pairs, slot), 200) for venue in VENUES]
        amount = worth(int(10 ** rnd.uniform(5, 6)), token_in if mode is Mode.EXACT_IN else token_out)
        route = find_route(RouteRequest(mode, token_in, token_out, amount), snapshots)
        assert route.gap_bps < MOST_GAP_BPS, (token_in, token_out, amount)


def test_amounts_stay_whole() -> None:
    """No float takes part between request and fill."""
    rnd = Random(22)
    snapshots = random_markets.snapshots(random_markets.market(rnd, 10**9))
    routes: list[Route] = []
    while len(routes) < 20:
        try:
            routes.append(find_route(random_markets.request(rnd, 10**9), snapshots))
        except (AttemptFailed, InsufficientLiquidity):
            continue
    for route in routes:
        parts: list[Route | Leg | Quote | Alternative] = [route, *route.legs, *route.quotes]
        parts += route.alternatives
        values = [getattr(part, field.name) for part in parts for field in fields(part)]
        assert not any(isinstance(value, float) for value in values)
        assert {type(leg.mid) for leg in route.legs} == {Fraction}


@pytest.mark.parametrize("mode", list(Mode))
def test_an_amount_beyond_all_pools_is_refused(mode: Mode) -> None:
    rnd = Random(23)
    pool = random_markets.dlmm(rnd, ("SOL", "USDC"), Fraction(3, 20), 10**9)
    with pytest.raises(InsufficientLiquidity):
        find_route(RouteRequest(mode, "SOL", "USDC", 10**15), random_markets.snapshots([pool]))
