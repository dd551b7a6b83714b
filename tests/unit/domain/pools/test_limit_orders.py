"""Limit orders inside DLMM bins, by hand: who trades, in which order, what is left, and what is refused."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest

from dexec.domain.errors import InsufficientLiquidity, NoVenue, SlippageExceeded
from dexec.domain.pools import (
    NO_ORDERS,
    CollectFeeMode,
    DlmmPool,
    FunctionType,
    LimitOrders,
    swap_exact_in,
    swap_exact_out,
)
from dexec.domain.pools.base import ONE
from dexec.domain.pools.refusals import (
    NothingComesOut,
    NothingPaidIn,
    PoolExhausted,
    SwapRefused,
    UndeterminedExactOut,
)
from dexec.domain.quote import Mode, PoolSnapshot, RouteRequest
from dexec.domain.routing import execute_plan, find_route
from tests.support import random_markets
from tests.support.order_bins import FEES, bins


def test_market_making_is_filled_first_then_processed_then_open_orders() -> None:
    for amount, making, processed, opened in ((50, 0, 0, 0), (150, 1, 1, 0), (400, 1, 1, 1)):
        after = swap_exact_in(bins(), "SOL", amount).after
        orders = after.orders[1]
        assert (after.amounts_y[1] < 100, after.amounts_y[1] == 0) == (True, bool(making))
        assert (orders.processed_remaining < 200 or orders.age == 5) == bool(processed)
        assert (orders.age == 5) == bool(opened)


def test_the_first_open_amount_filled_starts_a_new_round() -> None:
    # ceil(400 * 1 %) = 4; 396 = 100 market making + 200 processed + 96 of the open orders.
    swap = swap_exact_in(bins(), "SOL", 400)
    assert (swap.amount_out, swap.fee, swap.after.active_bin) == (396, 4, 0)
    orders = swap.after.orders[1]
    assert (orders.processing_total, orders.processed_remaining, orders.open_amount) == (300, 204, 0)
    assert (orders.age, orders.fulfilled_y, orders.fulfilled_x) == (5, 50 + 296, 0)
    assert swap.after.amounts_x[1] == 100  # market making takes its own input, orders theirs
    # Of the fee of 4, ceil(4 * 100 / 396) = 2 is the market makers' (0 of it the protocol's), half the rest
    # the orders'.
    assert (swap.market_making_fee, swap.order_fee, swap.protocol_fee) == (2, 1, 1)
    assert (orders.fee_bid, orders.fee_ask) == (1, 0)


def test_the_last_update_moves_only_if_the_active_bin_does() -> None:
    stays, moves = (swap_exact_in(bins(), "SOL", amount).after for amount in (400, 900))
    assert (stays.active_bin, stays.volatility.elapsed_s) == (0, 100)
    assert (moves.active_bin, moves.volatility.elapsed_s) == (-1, 0)
    assert moves.volatility.accumulator == 0  # no maximum was set


def test_an_array_without_anything_left_is_emptied() -> None:
    alone = bins(amounts_x=(0, 0, 0), amounts_y=(0, 0, 0))
    part, whole = (swap_exact_out(alone, "SOL", amount) for amount in (499, 500))
    assert not part.emptied_arrays
    assert whole.emptied_arrays == {0}


@pytest.mark.parametrize(
    ("function_type", "reward_mints", "takes"),
    [
        (FunctionType.UNDETERMINED, 0, True),
        (FunctionType.UNDETERMINED, 1, False),
        (FunctionType.LIQUIDITY_MINING, 0, False),
        (FunctionType.LIMIT_ORDERS, 2, True),
    ],
)
def test_what_the_pool_is_made_for_decides_whether_orders_apply(
    function_type: FunctionType, reward_mints: int, takes: bool
) -> None:
    pool = bins(function_type=function_type, reward_mints=reward_mints)
    assert pool.curve("SOL").max_out == (1_600 if takes else 1_100)
    assert pool.curve("USDC").max_out == 1_000  # bids do not face who sells y


def test_asks_face_who_sells_y() -> None:
    pool = bins(LimitOrders(open_amount=300, ask_side=True))
    assert (pool.curve("SOL").max_out, pool.curve("USDC").max_out) == (1_100, 1_300)


def test_the_fee_is_on_the_output_where_y_is_collected_and_x_sold() -> None:
    pool = bins(fees=replace(FEES, collect_fee_mode=CollectFeeMode.ONLY_Y))
    # 150 in buy 150; ceil(150 * 1 %) = 2 of it is the fee.
    swap = swap_exact_in(pool, "SOL", 150)
    assert (swap.amount_out, swap.fee, swap.fee_on_input) == (148, 2, False)
    assert swap_exact_in(pool, "USDC", 150).fee_on_input
    taken_apart = pool.curve("SOL").swap(150)
    assert (taken_apart.fee, taken_apart.output_fee, taken_apart.amount_out) == (0, 2, 148)
    assert taken_apart.unrounded_out == 148


def third_of_a_unit() -> DlmmPool:
    """One in gives a third out, so an end in a second layer may be a unit short."""
    return bins(price=ONE // 3)


def test_an_exact_output_that_one_rounding_cannot_buy_is_refused() -> None:
    pool = third_of_a_unit()
    refused = []
    for amount in range(1, 600):
        try:
            taken = swap_exact_out(pool, "SOL", amount).amount_in
        except UndeterminedExactOut:
            refused.append(amount)
            continue
        assert pool.curve("SOL").exact_out(amount) == taken
        assert swap_exact_in(pool, "SOL", taken).amount_out >= amount
    assert refused
    assert all(100 < amount < 600 for amount in refused)  # within the first layer none is
    for amount in refused:
        with pytest.raises(UndeterminedExactOut):
            pool.curve("SOL").exact_out(amount)
        assert pool.curve("SOL").exact_in(pool.curve("SOL").least_in(amount)) >= amount


def test_refusals_have_names_and_the_programs_numbers() -> None:
    for amount, error, code in (
        (0, NothingPaidIn, 6002),
        (1, NothingComesOut, 6039),
        (10**6, PoolExhausted, 6036),
    ):
        with pytest.raises(error) as caught:
            swap_exact_in(bins(), "SOL", amount)
        assert caught.value.program_code == code
        assert str(code) in str(caught.value)
    for amount, error in ((0, NothingComesOut), (1_601, PoolExhausted)):
        with pytest.raises(error):
            swap_exact_out(bins(), "SOL", amount)
    assert issubclass(SwapRefused, InsufficientLiquidity)


def refused_amount(pool: DlmmPool) -> int:
    for amount in range(101, 600):
        try:
            pool.curve("SOL").exact_out(amount)
        except UndeterminedExactOut:
            return amount
    raise AssertionError("nothing is refused")


def test_a_refused_exact_output_is_not_offered() -> None:
    pool = third_of_a_unit()
    amount = refused_amount(pool)
    request = RouteRequest(Mode.EXACT_OUT, "SOL", "USDC", amount)
    with pytest.raises(NoVenue, match=r"meteora: .*6085.*slightly different amount"):
        find_route(request, [PoolSnapshot("meteora", 1, (pool,), 1)])
    route = find_route(replace(request, amount=99), [PoolSnapshot("meteora", 1, (pool,), 1)])
    assert route.amount_in == pool.curve("SOL").exact_out(99)


def test_a_refused_part_is_moved_to_another_pool() -> None:
    """The worse pool gives the few units that make the better one's part one that its program gives."""
    pool = third_of_a_unit()
    other = replace(bins(price=ONE // 4, orders=NO_ORDERS), id="other")
    amount = refused_amount(pool)
    snapshots = [PoolSnapshot("meteora", 1, (pool, other), 1)]
    route = find_route(RouteRequest(Mode.EXACT_OUT, "SOL", "USDC", amount), snapshots)
    assert sum(leg.amount_out for leg in route.legs) == amount
    assert route.amount_in >= route.bound
    assert max(leg.amount_out for leg in route.legs if leg.pool_id == "d") > amount * 9 // 10
    pools = {"d": pool, "other": other}
    assert execute_plan(route.plan(), pools.__getitem__, slot=1).amount_in == route.amount_in


def test_a_plan_that_the_program_now_refuses_is_a_market_failure() -> None:
    pool = third_of_a_unit()
    amount = refused_amount(pool)
    plain = replace(pool, orders=(), amounts_y=(1_000, 600, 0))
    route = find_route(
        RouteRequest(Mode.EXACT_OUT, "SOL", "USDC", amount), [PoolSnapshot("meteora", 1, (plain,), 1)]
    )
    with pytest.raises(SlippageExceeded, match="6085"):
        execute_plan(route.plan(), lambda _: pool, slot=2)


def test_quotes_and_the_programs_walk_are_one_arithmetic() -> None:
    """The curve knows all swaps at once, the walk one: over random pools they agree on every amount."""
    rnd = Random(9)
    agreed = 0
    for _ in range(60):
        pool = random_markets.dlmm_with_orders(
            rnd, ("SOL", "USDC"), Fraction(3, 20), 10 ** rnd.randint(3, 12)
        )
        for token_in in ("SOL", "USDC"):
            curve = pool.curve(token_in)
            for amount in (curve.max_in, *(rnd.randint(0, curve.max_in) for _ in range(10))):
                try:
                    swap = swap_exact_in(pool, token_in, amount)
                except (NothingPaidIn, NothingComesOut):
                    assert curve.exact_in(amount) == 0
                    continue
                taken_apart = curve.swap(amount)
                assert taken_apart.amount_out == swap.amount_out
                assert (taken_apart.fee if swap.fee_on_input else taken_apart.output_fee) == swap.fee
                assert swap.market_making_fee + swap.order_fee + swap.protocol_fee == swap.fee
                agreed += 1
            with pytest.raises(PoolExhausted):
                swap_exact_in(pool, token_in, curve.max_in + 1)
    assert agreed > 1_000
