"""Single facts of the pools' arithmetic, and that no float can slip into it."""

import ast
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import dexec.domain
from dexec.domain.errors import InsufficientLiquidity
from dexec.domain.pools import ConstantProductPool, DlmmFees, DlmmPool, Volatility, swap_exact_in
from dexec.domain.pools.base import ONE
from dexec.domain.pools.constant_product import CreatorFeeOn
from dexec.domain.pools.dlmm import BINS_PER_ARRAY, FunctionType, bin_price
from dexec.domain.pools.dlmm_fees import MAX_FEE_RATE
from dexec.domain.pools.refusals import PoolExhausted

DOMAIN = Path(dexec.domain.__file__).parent
INEXACT = {"sqrt", "log", "log2", "log10", "exp", "pow", "fsum", "hypot", "inf", "nan"}


@pytest.mark.parametrize("path", sorted(DOMAIN.rglob("*.py")), ids=lambda path: str(path.relative_to(DOMAIN)))
def test_the_domain_knows_no_floats(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        where = f"{path.name}:{getattr(node, 'lineno', '?')}"
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float | complex)), where
        assert not (isinstance(node, ast.Name) and node.id == "float"), where
        assert not (isinstance(node, ast.Attribute) and node.attr in INEXACT), where


def product(rate: int = 2_500) -> ConstantProductPool:
    return ConstantProductPool("p", "raydium", "SOL", "USDC", 1_000_000, 2_000_000, rate)


def test_a_constant_product_swap_by_hand() -> None:
    curve = product().curve("SOL")
    # fee = ceil(1000 * 25 / 10000) = 3, out = floor(997 * 2000000 / 1000997) = 1992
    assert curve.exact_in(1_000) == 1_992
    # net = ceil(1000000 * 1992 / 1998008) = 997, in = ceil(997 * 10000 / 9975) = 1000
    assert curve.exact_out(1_992) == 1_000
    swap = curve.swap(1_000)
    assert (swap.base_fee, swap.variable_fee, swap.fee) == (3, 0, 3)
    assert swap.unrounded_out == Fraction(997 * 2_000_000, 1_000_997)
    assert curve.mid == 2
    assert product().curve("USDC").mid == Fraction(1, 2)


def test_three_fees_on_either_side_are_found() -> None:
    curve = product().curve("SOL")
    places = curve.fee_breakpoints(3_999, 3)
    assert [curve.swap(place).fee for place in places] == [6, 7, 8, 9, 10, 11, 12, 13]
    assert [curve.swap(place + 1).fee for place in places] == [7, 8, 9, 10, 11, 12, 13, 14]


def test_both_fees_together_stay_below_the_whole() -> None:
    with pytest.raises(ValueError, match="fees"):
        replace(product(600_000), creator_fee_rate=400_000)
    assert replace(product(600_000), creator_fee_rate=399_999).curve("SOL").exact_in(10**6) == 1


def test_worsening_moves_the_price_by_just_that() -> None:
    assert product().worsened("SOL", 80).curve("SOL").mid == 2 * Fraction(9_920, 10_000)
    assert product().worsened("USDC", 80).curve("USDC").mid == Fraction(1, 2) * Fraction(9_920, 10_000)


@pytest.mark.parametrize(
    ("x", "y", "rate", "says"),
    [(0, 1, 2_500, "positive"), (1, 0, 2_500, "positive"), (1, 1, 10**6, "fees"), (1, 1, -1, "negative")],
)
def test_impossible_pools_are_refused(x: int, y: int, rate: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ConstantProductPool("p", "v", "SOL", "USDC", x, y, rate)


def bins(**changes: int) -> DlmmPool:
    """Three bins of step 100 around price 1, 1,000,000 units on either side of the active one."""
    volatility = Volatility(
        changes.get("accumulator", 0),
        changes.get("reference", 0),
        changes.get("index", 0),
        changes.get("elapsed", 0),
    )
    fees = DlmmFees(100, changes.get("factor", 10_000), 0, 30, 600, 5_000, changes.get("control", 0), 350_000)
    x, y = (0, 500_000, 1_000_000), (1_000_000, 500_000, 0)
    return DlmmPool("d", "meteora", "SOL", "USDC", fees, volatility, 0, -1, x, y)


def test_bin_prices() -> None:
    assert bin_price(0, 250) == ONE
    assert bin_price(1, 10_000) == pytest.approx(2 * ONE)
    assert bin_price(-3, 100) < bin_price(-2, 100) < ONE < bin_price(1, 100)
    with pytest.raises(ValueError, match="no price"):
        bin_price(-1_000_000, 100)


def test_a_swap_walks_over_the_bins() -> None:
    curve = bins().curve("SOL")
    # Active bin: 500000 at price 1, fee ceil(500000 * 0.01 / 0.99) = 5051; it is drained by 505051.
    assert curve.exact_in(505_051) == 500_000
    assert curve.exact_out(500_000) == 505_051
    # 100 more: fee 1, net 99, at 1/1.01: floor(98.01) = 98
    assert curve.exact_in(505_151) == 500_098
    assert swap_exact_in(bins(), "SOL", 505_051).after.active_bin == 0
    assert swap_exact_in(bins(), "SOL", 505_052).after.active_bin == -1
    assert swap_exact_in(bins(), "USDC", 100).after.active_bin == 0
    with pytest.raises(InsufficientLiquidity):
        curve.exact_out(1_500_001)


def test_a_unit_that_the_fee_takes_whole_stays_in_the_bin_that_it_drains() -> None:
    """Bin 0 is drained by 500000, fee 5000; of 500001 the fee is 5001, so no more than 495000 get there."""
    even = replace(bins(), amounts_y=(1_000_000, 495_000, 0))
    curve = even.curve("SOL")
    for amount, active_bin in ((500_000, 0), (500_001, 0), (500_002, -1), (500_010, -1)):
        swap = swap_exact_in(even, "SOL", amount)
        assert swap.after.active_bin == active_bin
        assert swap.amount_out == curve.exact_in(amount)
        assert swap.fee == curve.swap(amount).fee
    assert curve.least_in(495_001) == 500_003
    only = replace(bins(), amounts_y=(0, 495_000, 0))
    assert only.curve("SOL").max_in == 500_001
    with pytest.raises(PoolExhausted):
        swap_exact_in(only, "SOL", 500_002)


def test_the_variable_fee_grows_with_the_distance_and_is_split_from_the_base_fee() -> None:
    quiet, moved = bins(), bins(control=1_000_000, index=2, reference=10_000)
    assert quiet.curve("SOL").swap(1_000).variable_fee == 0
    swap = moved.curve("SOL").swap(100_000)
    # accumulator 10000 + 10000 * 2, variable rate ceil(10^6 * (30000 * 100)^2 / 10^11) = 9 %, capped at 10 %.
    assert swap.fee == 10_000
    assert (swap.base_fee, swap.variable_fee) == (1_000, 9_000)


@pytest.mark.parametrize(
    ("elapsed", "expected"),
    [(0, (700, 5)), (29, (700, 5)), (30, (4_000, 0)), (599, (4_000, 0)), (600, (0, 0))],
)
def test_volatility_fades_with_time(elapsed: int, expected: tuple[int, int]) -> None:
    fees = DlmmFees(100, 10_000, 0, 30, 600, 5_000)
    assert Volatility(8_000, 700, 5, elapsed).now(0, fees) == expected


def test_numbers_are_those_of_the_programs() -> None:
    assert [one.value for one in CreatorFeeOn] == [0, 1, 2]
    assert [one.value for one in FunctionType] == [0, 1, 2]
    assert BINS_PER_ARRAY == 70


def test_fees_are_capped_at_a_tenth() -> None:
    assert DlmmFees(400, 65_535, 3).rates([0]) == [MAX_FEE_RATE]


def test_a_pool_without_bins_on_a_side_trades_nothing_there() -> None:
    empty = DlmmPool("d", "m", "SOL", "USDC", DlmmFees(100, 1), Volatility(), 0, 0, (5,), (0,))
    curve = empty.curve("SOL")
    assert (curve.max_in, curve.max_out, curve.best_price, curve.mid) == (0, 0, 0, Fraction(1))
    assert curve.respond(1) == (0, 0)
    with pytest.raises(ValueError, match="active bin"):
        DlmmPool("d", "m", "SOL", "USDC", DlmmFees(100, 1), Volatility(), 1, 0, (5,), (0,))
    with pytest.raises(ValueError, match="both amounts"):
        DlmmPool("d", "m", "SOL", "USDC", DlmmFees(100, 1), Volatility(), 0, 0, (5,), ())
