"""What is lost to whole units after units have been moved between pools, and how many places are tried."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from dexec.domain.quote import Mode
from dexec.domain.routing.polish import polish
from dexec.domain.routing.water_filling import water_fill
from tests.support import random_markets
from tests.support.random_markets import Maker
from tests.unit.domain.routing.counting import counting, lost

PAIR, PRICE = ("SOL", "USDC"), Fraction(3, 20)
SIZES = (10**4, 10**8, 10**12)
MARKETS = 20
KINDS: dict[str, tuple[Maker, ...]] = {
    "smooth": (random_markets.constant_product,) * 3,
    "in bins": (random_markets.constant_product, random_markets.dlmm, random_markets.dlmm),
    "with orders": (random_markets.with_creator_fee, random_markets.dlmm_with_orders),
}


@pytest.mark.parametrize(
    ("kind", "mode", "most_lost", "most_asked"),
    [
        ("smooth", Mode.EXACT_IN, 32, 2_804),
        ("smooth", Mode.EXACT_OUT, 93, 5_257),
        ("in bins", Mode.EXACT_IN, 104_017, 4_168),
        ("in bins", Mode.EXACT_OUT, 3_604_533_841, 9_917),
        ("with orders", Mode.EXACT_IN, 3_399, 2_236),
        ("with orders", Mode.EXACT_OUT, 3_530_883_342, 9_216),
    ],
)
def test_little_is_lost_to_whole_units_and_few_places_are_tried(
    kind: str, mode: Mode, most_lost: int, most_asked: int
) -> None:
    """All markets together; bins whose fee falls again lose most of it, as they are not concave."""
    random, lost_in_all, asked_in_all = Random(7), 0, 0
    for size in SIZES:
        for _ in range(MARKETS):
            pools = [make(random, PAIR, PRICE, size) for make in KINDS[kind]]
            curves, asked = counting(pool.curve("SOL") for pool in pools)
            most = (curve.max_out if mode is Mode.EXACT_OUT else curve.max_in for curve in curves)
            amount = random.randint(1, sum(min(size, one) for one in most) * 9 // 10)
            found = water_fill(curves, amount, mode)
            assert found is not None
            parts, price = found
            asked.clear()
            polish(curves, parts, mode, price, everywhere=False)
            assert sum(parts) == amount
            asked_in_all += asked["exact_in"] + asked["exact_out"] + asked["fee_breakpoints"]
            lost_in_all += lost(curves, parts, mode, price)
    assert lost_in_all <= most_lost
    assert asked_in_all <= most_asked


def test_pools_that_are_drained_at_no_price_stay_so() -> None:
    pools = [random_markets.constant_product(Random(seed), PAIR, PRICE, 10**12) for seed in (1, 2)]
    curves = [pool.curve("SOL") for pool in pools]
    most = [curve.max_out for curve in curves]
    parts = most.copy()
    polish(curves, parts, Mode.EXACT_OUT, 0, everywhere=False)
    assert parts == most
