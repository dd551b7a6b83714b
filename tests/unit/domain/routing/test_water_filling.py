"""How often curves are asked until the price is found at which they trade the amount, and what is lost."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random

import pytest

from dexec.domain.pools import Curve
from dexec.domain.quote import Mode
from dexec.domain.routing.water_filling import water_fill
from tests.support import random_markets
from tests.support.random_markets import Maker
from tests.unit.domain.routing.counting import counting, lost

PAIR = ("SOL", "USDC")
MARKETS = 30
SMOOTH, BINS = random_markets.constant_product, random_markets.dlmm
KINDS: dict[str, tuple[Maker, ...]] = {
    "smooth": (SMOOTH,) * 3,
    "in bins": (BINS,) * 3,
    "both": (SMOOTH, BINS, BINS),
    "equal": (SMOOTH,),
}


def markets(kind: str) -> Iterator[tuple[list[Curve], int]]:
    """Yield three curves, and how many millionths of what they hold are traded, from one to all of them."""
    random = Random(3)
    for _ in range(MARKETS):
        size = 10 ** random.randint(4, 15)
        prices = (Fraction(random.randint(98, 102), 100) for _ in KINDS[kind])
        pools = [make(random, PAIR, price, size) for make, price in zip(KINDS[kind], prices, strict=True)]
        yield (
            [pool.curve("SOL") for pool in pools] * (3 // len(pools)),
            random.randint(1, 10 ** random.randint(0, 6)),
        )


@pytest.mark.parametrize(
    ("kind", "mode", "most_lost", "most_asked"),
    [
        ("smooth", Mode.EXACT_IN, 37, 2_697),
        ("smooth", Mode.EXACT_OUT, 41, 744),
        ("in bins", Mode.EXACT_IN, 6_063_645_353, 387),
        ("in bins", Mode.EXACT_OUT, 5_840_273_667, 387),
        ("both", Mode.EXACT_IN, 11, 2_460),
        ("both", Mode.EXACT_OUT, 101, 552),
        ("equal", Mode.EXACT_IN, 39, 2_949),
        ("equal", Mode.EXACT_OUT, 73, 3_033),
    ],
)
def test_the_price_is_found_in_a_few_steps(kind: str, mode: Mode, most_lost: int, most_asked: int) -> None:
    """All markets together; bins whose fee falls again lose most of it, as they are not concave."""
    lost_in_all = asked_in_all = 0
    for curves, millionths in markets(kind):
        most = sum(
            curve.max_out if mode is Mode.EXACT_OUT else curve.least_in(curve.max_out - 1) for curve in curves
        )
        amount = max(1, most * millionths // 10**6)
        counted, asked = counting(curves)
        found = water_fill(counted, amount, mode)
        assert found is not None
        parts, price = found
        assert sum(parts) == amount
        assert min(parts) >= 0
        asked_in_all += asked["respond"] + asked["breakpoints"]
        lost_in_all += lost(curves, parts, mode, price)
    assert lost_in_all <= most_lost
    assert asked_in_all <= most_asked


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("kind", list(KINDS))
def test_all_that_curves_hold_is_traded_and_not_a_unit_more(kind: str, mode: Mode) -> None:
    for curves, _ in markets(kind):
        most = [curve.max_out if mode is Mode.EXACT_OUT else curve.max_in for curve in curves]
        found = water_fill(curves, sum(most), mode)
        assert found is not None
        assert found[0] == most
        assert water_fill(curves, sum(most) + 1, mode) is None


@pytest.mark.parametrize("mode", list(Mode))
def test_nothing_is_traded_at_the_best_price(mode: Mode) -> None:
    for curves, _ in markets("both"):
        best = max(curve.best_price for curve in curves)
        assert water_fill(curves, 0, mode) == ([0, 0, 0], best)
