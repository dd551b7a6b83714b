"""What the router chooses on markets made by hand, and what it says about it."""

from fractions import Fraction

import pytest

from dexec.domain.errors import InsufficientLiquidity, NoVenue
from dexec.domain.pools import ConstantProductPool, DlmmFees, DlmmPool, Pool, Volatility
from dexec.domain.quote import Mode, PoolSnapshot, RouteRequest, VenueFailure
from dexec.domain.routing import find_route, pairs_for, via_tokens

SOL, USD = 10**9, 10**6


def product(venue: str, pair: str, x: int, y: int, rate: int = 2_500) -> ConstantProductPool:
    token_x, token_y = pair.split("-")
    return ConstantProductPool(f"{venue}:{pair}", venue, token_x, token_y, x, y, rate)


def snapshot(venue: str, *pools: Pool, slot: int = 10, latency_ms: int = 200) -> PoolSnapshot:
    return PoolSnapshot(venue, slot, pools, latency_ms)


def sell(amount: int, **more: int) -> RouteRequest:
    return RouteRequest(Mode.EXACT_IN, "SOL", "USDC", amount, **more)


DEEP = product("raydium", "SOL-USDC", 100_000 * SOL, 15_000_000 * USD)
DEARER = product("meteora", "SOL-USDC", 100_000 * SOL, 15_450_000 * USD)


def test_the_pairs_asked_for_are_the_direct_one_and_those_of_two_hops() -> None:
    assert via_tokens("SOL", "USDC") == ("USDT",)
    assert via_tokens("RAY", "JUP") == ("USDC", "USDT", "SOL")
    pairs = [(pair.token_in, pair.token_out) for pair in pairs_for("SOL", "JUP")]
    assert pairs == [("SOL", "JUP"), ("SOL", "USDC"), ("USDC", "JUP"), ("SOL", "USDT"), ("USDT", "JUP")]


@pytest.mark.parametrize("snapshots", [[DEEP, DEARER], [DEARER, DEEP]])
def test_a_small_order_goes_to_the_better_venue_whole(snapshots: list[ConstantProductPool]) -> None:
    route = find_route(sell(SOL), [snapshot(pool.venue, pool) for pool in snapshots])
    assert [(leg.venue, leg.share_bps) for leg in route.legs] == [("meteora", 10_000)]
    assert [quote.venue for quote in route.quotes] == ["meteora", "raydium"]
    assert route.alternatives[0].description == "raydium alone"
    assert 290 < route.alternatives[0].cost_bps < 295
    assert route.reason.startswith("Meteora alone nets the most, 291.")
    assert route.limit == -(-route.amount_out * 9_950 // 10_000)


def test_a_large_order_is_split_where_that_nets_more() -> None:
    snapshots = [snapshot("raydium", DEEP), snapshot("meteora", DEARER)]
    route = find_route(sell(20_000 * SOL), snapshots)
    assert {leg.venue for leg in route.legs} == {"raydium", "meteora"}
    assert sum(leg.share_bps for leg in route.legs) == 10_000
    assert route.amount_out > max(quote.amount_out for quote in route.quotes)
    assert route.gap_bps < Fraction(1, 100)
    assert route.reason.startswith("Split over ")
    costly = find_route(sell(20_000 * SOL), snapshots, leg_cost=10**12)
    assert len(costly.legs) == 1


def test_an_exact_output_is_bought_for_the_least_input() -> None:
    request = RouteRequest(Mode.EXACT_OUT, "SOL", "USDC", 150 * USD, 100)
    route = find_route(request, [snapshot("raydium", DEEP), snapshot("meteora", DEARER)])
    assert [leg.venue for leg in route.legs] == ["meteora"]
    assert route.amount_out == 150 * USD
    assert route.amount_in == DEARER.curve("SOL").exact_out(150 * USD)
    assert route.limit == route.amount_in * 10_100 // 10_000


def test_equal_quotes_go_to_the_deeper_pool_then_to_the_faster_venue() -> None:
    request = RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 1_000)
    deep = product("slow", "SOL-USDC", 10**15, 10**15)
    shallow = product("fast", "SOL-USDC", 10**14, 10**14)
    quick = product("quick", "SOL-USDC", 10**15, 10**15)
    snapshots = [
        snapshot("fast", shallow, latency_ms=1),
        snapshot("slow", deep),
        snapshot("quick", quick, latency_ms=9),
    ]
    route = find_route(request, snapshots)
    assert len({quote.amount_out for quote in route.quotes}) == 1
    assert [quote.venue for quote in route.quotes] == ["quick", "slow", "fast"]
    assert [leg.venue for leg in route.legs] == ["quick"]


def test_two_hops_win_where_they_net_more() -> None:
    first = product("raydium", "SOL-USDT", 100_000 * SOL, 16_000_000 * USD)
    second = product("meteora", "USDC-USDT", 15_000_000 * USD, 15_000_000 * USD)
    route = find_route(
        sell(SOL), [snapshot("raydium", DEEP, first, slot=12), snapshot("meteora", second, slot=11)]
    )
    assert [(leg.hop, leg.token_in, leg.token_out) for leg in route.legs] == [
        (1, "SOL", "USDT"),
        (2, "USDT", "USDC"),
    ]
    assert route.reason.startswith("Two hops through USDT nets the most")
    assert route.slot == 11
    assert [leg.slot for leg in route.legs] == [12, 11]


def test_an_order_runs_over_several_paths_where_that_nets_more() -> None:
    first = product("raydium", "SOL-USDT", 100_000 * SOL, 15_100_000 * USD)
    second = product("meteora", "USDC-USDT", 15_000_000 * USD, 15_000_000 * USD)
    route = find_route(sell(20_000 * SOL), [snapshot("raydium", DEEP, first), snapshot("meteora", second)])
    assert {(leg.hop, leg.token_out) for leg in route.legs} == {(1, "USDC"), (1, "USDT"), (2, "USDC")}
    assert "direct" in route.reason
    assert "through USDT" in route.reason
    assert route.gap_bps < Fraction(1, 10)


def test_a_shallow_path_is_not_in_the_way_of_a_deep_one() -> None:
    direct = product("raydium", "JUP-USDC", 200 * 10**6 * USD, 100 * 10**6 * USD)
    over_sol = product("raydium", "JUP-SOL", 180 * 10**6 * USD, 600_000 * SOL)
    over_usdt = product("raydium", "JUP-USDT", 10**6 * USD, 510_000 * USD)
    out = (DEEP, product("raydium", "USDC-USDT", 15_000_000 * USD, 15_000_000 * USD))
    request = RouteRequest(Mode.EXACT_IN, "JUP", "USDC", 50 * 10**6 * USD)
    route = find_route(request, [snapshot("raydium", direct, over_sol, over_usdt, *out)])
    assert len(route.legs) == 5
    assert route.gap_bps < Fraction(1, 100)


@pytest.mark.parametrize("mode", list(Mode))
def test_what_no_path_can_trade_alone_is_traded_over_several(mode: Mode) -> None:
    fees = DlmmFees(10, 10_000)
    sol, usdt = (
        DlmmPool(f"m:{token}", "meteora", "SOL", token, fees, Volatility(), 0, 0, (0,), (10**9,))
        for token in ("USDC", "USDT")
    )
    second = product("meteora", "USDT-USDC", 10**15, 10**15)
    amount = 15 * 10**8
    route = find_route(RouteRequest(mode, "SOL", "USDC", amount), [snapshot("meteora", sol, usdt, second)])
    assert {leg.pool_id for leg in route.legs} == {sol.id, usdt.id, second.id}
    assert amount in (route.amount_in, route.amount_out)
    told = "the pools trade at most about"
    with pytest.raises(InsufficientLiquidity, match=told) as refused:
        find_route(RouteRequest(mode, "SOL", "USDC", 3 * 10**9), [snapshot("meteora", sol, usdt, second)])
    most = Fraction(str(refused.value).partition(told)[2].split()[0])
    assert most > (1 if mode is Mode.EXACT_IN else 1_000)


@pytest.mark.parametrize("amount", [100, SOL // 1_000, SOL])
def test_a_small_order_is_proven_as_closely_as_a_large_one(amount: int) -> None:
    """Whatever is traded pays one leg at least, and an order of dust has no other price than the best."""
    snapshots = [snapshot("raydium", DEEP), snapshot("meteora", DEARER)]
    route = find_route(sell(amount), snapshots, leg_cost=750)
    assert 0 <= route.bound - (route.amount_out - 750) <= 1


def test_without_a_direct_pool_two_hops_are_the_only_way() -> None:
    first = product("raydium", "SOL-USDT", 100_000 * SOL, 15_000_000 * USD)
    second = product("raydium", "USDC-USDT", 15_000_000 * USD, 15_000_000 * USD)
    route = find_route(sell(SOL), [snapshot("raydium", first, second)])
    assert route.quotes == ()
    assert len(route.legs) == 2
    assert route.reason == "Two hops through USDT is the only way to trade this now"


def test_a_skipped_venue_is_named() -> None:
    failure = VenueFailure("meteora", "no answer within 400 ms")
    route = find_route(sell(SOL), [snapshot("raydium", DEEP)], failures=[failure])
    assert route.skipped == (failure,)
    assert route.reason.endswith("; meteora was left out: no answer within 400 ms")


def test_no_venue_left_is_a_venue_error_with_the_reasons() -> None:
    with pytest.raises(NoVenue, match="meteora: down") as caught:
        find_route(sell(SOL), [], failures=[VenueFailure("meteora", "down")])
    assert caught.value.kind == "venue"
    with pytest.raises(NoVenue, match="no pool trades them"):
        find_route(sell(SOL), [snapshot("raydium", product("raydium", "JUP-RAY", 1, 1))])


def test_too_large_an_order_is_fatal_unless_a_venue_is_missing() -> None:
    request = RouteRequest(Mode.EXACT_OUT, "SOL", "USDC", 10**15)
    with pytest.raises(InsufficientLiquidity):
        find_route(request, [snapshot("raydium", DEEP)])
    with pytest.raises(NoVenue, match="meteora: late"):
        find_route(request, [snapshot("raydium", DEEP)], failures=[VenueFailure("meteora", "late")])


def test_bins_that_hold_enough_only_together_are_split() -> None:
    fees = DlmmFees(10, 10_000)
    both = [
        DlmmPool(f"m:{n}", "meteora", "SOL", "USDC", fees, Volatility(), 0, 0, (0,), (10**9,))
        for n in range(2)
    ]
    route = find_route(sell(3 * 10**8 * 5), [snapshot("meteora", *both)])
    assert route.quotes == ()
    assert len(route.legs) == 2


@pytest.mark.parametrize("mode", list(Mode))
def test_an_order_may_drain_every_bin(mode: Mode) -> None:
    both = [
        DlmmPool(f"m:{n}", "meteora", "SOL", "USDC", DlmmFees(10, 100), Volatility(), 0, 0, (0,), (10**9,))
        for n in range(2)
    ]
    curve = both[0].curve("SOL")
    amount = 2 * (curve.max_in if mode is Mode.EXACT_IN else curve.max_out)
    route = find_route(RouteRequest(mode, "SOL", "USDC", amount), [snapshot("meteora", *both)])
    assert (route.amount_in, route.amount_out) == (2 * curve.max_in, 2 * 10**9)


def test_an_amount_too_small_for_any_output_cannot_be_traded() -> None:
    with pytest.raises(InsufficientLiquidity):
        find_route(sell(1), [snapshot("raydium", DEEP)])


def test_the_liquidity_score_is_fifty_for_an_order_as_large_as_the_depth() -> None:
    depth = DEEP.curve("SOL").respond(DEEP.curve("SOL").best_price * 99 // 100)
    route = find_route(sell(depth[0]), [snapshot("raydium", DEEP)])
    assert route.quotes[0].liquidity_score in (49, 50)
    assert find_route(sell(SOL), [snapshot("raydium", DEEP)]).quotes[0].liquidity_score == 99
