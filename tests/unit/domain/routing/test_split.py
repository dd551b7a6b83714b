"""Which pools a split is worth its cost in, and what it takes to know."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import pytest

from dexec.domain.pools import ConstantProductPool, Curve
from dexec.domain.pools.refusals import UndeterminedExactOut
from dexec.domain.quote import Mode
from dexec.domain.routing.split import split
from tests.unit.domain.routing.counting import counting

UNIT = 10**12
DEPTHS = [3, 9, 1, 7, 5, 2, 8, 4, 6]


def curve_of(depth: int, price: int = 1) -> Curve:
    """Return a pool without a fee that holds so many units of SOL."""
    reserves = depth * UNIT, depth * UNIT * price
    return ConstantProductPool("pool", "venue", "SOL", "USDC", *reserves, 0).curve("SOL")


def traded(depth: int, amount: int, mode: Mode) -> int:
    """Return what pools of a price of 1, so deep together, trade an amount for."""
    held = depth * UNIT
    return amount * held // (held - amount if mode is Mode.EXACT_OUT else held + amount)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("count", "kept", "tried"),
    [
        (9, 9, 9),
        (9, 8, 9 + 8),
        # Of more than four, the least useful one or half of them are left out, of four any one.
        (9, 3, 9 + (8 + 4) + 4 * 3),
        (9, 1, 9 + (8 + 4) + 4 * 3 + 3 * 2 + 2 * 1),
        (6, 1, 6 + (5 + 3) + 3 * 2 + 2 * 1),
        (5, 4, 5 + 4),
        (5, 1, 5 + (4 + 2) + 2 * 1),
    ],
)
def test_the_pools_that_earn_their_cost_are_found_in_a_few_attempts(
    count: int, kept: int, tried: int, mode: Mode
) -> None:
    """Where a leg costs more than one pool more would gain; ``tried`` counts the pools of all attempts."""
    amount, depths = UNIT // 2, DEPTHS[:count]
    deepest = sorted(depths, reverse=True)
    totals = [traded(sum(deepest[:used]), amount, mode) for used in range(1, count + 1)]
    gains = [amount, *(abs(more - less) for less, more in pairwise(totals)), 0]
    curves, asked = counting(map(curve_of, depths))
    found = split(curves, amount, mode, (gains[kept - 1] + 3 * gains[kept]) // 4)
    assert found is not None
    used = [depth for depth, paid in zip(depths, found.amounts_in, strict=True) if paid]
    assert used == [depth for depth in depths if depth in deepest[:kept]]
    # Each attempt asks each of its pools once.
    assert asked["breakpoints"] == tried


class Whole:
    """A curve of which the program refuses to give anything but multiples of an amount."""

    def __init__(self, curve: Curve, multiple: int) -> None:
        self._curve, self._multiple = curve, multiple

    def exact_out(self, amount_out: int) -> int:
        if amount_out % self._multiple:
            raise UndeterminedExactOut
        return self._curve.exact_out(amount_out)

    def __getattr__(self, name: str) -> object:
        return getattr(self._curve, name)


AMOUNT = 10_000 * 1_024 + 384


@pytest.mark.parametrize(
    ("multiple", "expected"),
    [
        (1, (AMOUNT, 0)),
        # Units are moved to a pool that is not worth it, where one is refused otherwise.
        (1_024, (AMOUNT - 384, 384)),
        # Where that does not help either, that one is left out.
        (UNIT, (0, AMOUNT)),
    ],
)
def test_what_a_program_refuses_is_given_by_another_pool(multiple: int, expected: tuple[int, int]) -> None:
    cheap, dear = Whole(curve_of(10**6, 2), multiple), curve_of(10**6)
    found = split([cast("Curve", cheap), dear], AMOUNT, Mode.EXACT_OUT, 0)
    assert found is not None
    assert found.amounts_out == expected


@pytest.mark.parametrize("mode", list(Mode))
def test_a_pool_that_is_not_worth_it_is_asked_for_its_price_alone(mode: Mode) -> None:
    dear, asked = counting([curve_of(10**6)])
    found = split([curve_of(10**6, 2), *dear, curve_of(10**6, 2)], UNIT, mode, 0)
    assert found is not None
    assert found.leg_count == 2
    assert asked["respond"] > 0
    assert asked["exact_in"] == asked["exact_out"] == asked["fee_breakpoints"] == 0
