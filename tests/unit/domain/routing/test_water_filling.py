"""How often curves are asked for a response until the price is found at which they trade the amount."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import cast

import pytest

from dexec.domain.pools import Curve
from dexec.domain.quote import Mode
from dexec.domain.routing.water_filling import water_fill
from tests.support import random_markets

PAIR = ("SOL", "USDC")
MARKETS = 60


class Counting:
    """A curve that counts its responses."""

    def __init__(self, curve: Curve) -> None:
        self._curve = curve
        self.responses = 0

    def respond(self, price: int) -> tuple[int, int]:
        self.responses += 1
        return self._curve.respond(price)

    def __getattr__(self, name: str) -> object:
        return getattr(self._curve, name)


@pytest.mark.parametrize(
    ("kind", "mode", "most"),
    [
        ("smooth", Mode.EXACT_IN, 17.4),
        ("smooth", Mode.EXACT_OUT, 13.7),
        ("in bins", Mode.EXACT_IN, 8.7),
        ("in bins", Mode.EXACT_OUT, 8.7),
        ("both", Mode.EXACT_IN, 13.2),
        ("both", Mode.EXACT_OUT, 10.4),
    ],
)
def test_the_price_is_found_in_a_few_steps(kind: str, mode: Mode, most: float) -> None:
    """On average over amounts from a hundredth of what the pools hold to nearly all of it."""
    random, steps = Random(3), 0
    for _ in range(MARKETS):
        curves = []
        for place in range(3):
            is_smooth = kind == "smooth" or (kind == "both" and place == 0)
            make = random_markets.constant_product if is_smooth else random_markets.dlmm
            pool = make(random, PAIR, Fraction(random.randint(98, 102), 100), 10 ** random.randint(8, 12))
            curves.append(Counting(pool.curve("SOL")))
        held = [
            curve.max_out if mode is Mode.EXACT_OUT else curve.least_in(curve.max_out * 9 // 10)
            for curve in cast("list[Curve]", curves)
        ]
        amount = int(sum(held) * random.uniform(0.01, 0.9))
        found = water_fill(cast("list[Curve]", curves), amount, mode)
        assert found is not None
        assert sum(found[0]) == amount
        steps += curves[0].responses
    assert steps / MARKETS <= most
