"""Splits against brute force: every way of sharing an order between two small pools is tried."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from random import Random

import pytest

from dexec.domain.pools import PRICE_BITS, Curve
from dexec.domain.pools.refusals import SwapRefused
from dexec.domain.quote import Mode
from dexec.domain.routing.split import split
from tests.support import random_markets
from tests.support.random_markets import Maker
from tests.support.soak import SOAK

ROUNDS = 4_000 if SOAK else 150
PAIR = ("SOL", "USDC")
REFUSED = 2**256

Pools = Callable[[Random, Fraction, int], list[Curve]]


def most_of(curves: Sequence[Curve], size: int, mode: Mode) -> int:
    return sum(min(size, curve.max_out if mode is Mode.EXACT_OUT else curve.max_in) for curve in curves)


def made_by(name: str, *makers: Maker) -> Pools:
    def make(rnd: Random, price: Fraction, size: int) -> list[Curve]:
        return [maker(rnd, PAIR, price, size).curve("SOL") for maker in makers]

    make.__name__ = name
    return make


two_products = made_by("two_products", random_markets.constant_product, random_markets.constant_product)
product_and_bins = made_by("product_and_bins", random_markets.constant_product, random_markets.dlmm)
two_of_bins = made_by("two_of_bins", random_markets.dlmm, random_markets.dlmm)
product_and_orders = made_by(
    "product_and_orders", random_markets.with_creator_fee, random_markets.dlmm_with_orders
)


def loss_at(curves: Sequence[Curve], part: int, amount: int, mode: Mode) -> int:
    first, second = curves
    return loss_of(first, part, mode) + loss_of(second, amount - part, mode)


def loss_of(curve: Curve, amount: int, mode: Mode) -> int:
    try:
        return curve.exact_out(amount) if mode is Mode.EXACT_OUT else -curve.exact_in(amount)
    except SwapRefused:
        return REFUSED


def least_loss(curves: Sequence[Curve], amount: int, mode: Mode, window: range) -> int:
    most_first, most_second = (
        (curve.max_out if mode is Mode.EXACT_OUT else curve.max_in) for curve in curves
    )
    low, high = max(window.start, amount - most_second), min(window.stop - 1, amount, most_first)
    return min(loss_at(curves, part, amount, mode) for part in range(low, high + 1))


def best_alone(curves: Sequence[Curve], amount: int, mode: Mode) -> int | None:
    able = [
        curve for curve in curves if amount <= (curve.max_out if mode is Mode.EXACT_OUT else curve.max_in)
    ]
    return min((loss_of(curve, amount, mode) for curve in able), default=None)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("pools", [two_products, product_and_bins, two_of_bins, product_and_orders])
@pytest.mark.parametrize("price", [Fraction(3, 20), Fraction(1), Fraction(20, 3)])
def test_within_two_units_of_brute_force(pools: Pools, price: Fraction, mode: Mode) -> None:
    rnd = Random(f"{pools.__name__} {price} {mode}")
    far_off = 0
    for _ in range(ROUNDS // 18):
        curves = pools(rnd, price, 6_000)
        most = most_of(curves, 6_000, mode)
        amount = rnd.randint(1, max(1, most * 9 // 10))
        found = split(curves, amount, mode, 0)
        brute = least_loss(curves, amount, mode, range(amount + 1))
        if found is None:
            assert brute == 0, "no split, although something could come out"
            continue
        ours = found.loss(mode, 0)
        alone = best_alone(curves, amount, mode)
        # One pool alone is always compared with as well, so it counts here too.
        ours = ours if alone is None else min(ours, alone)
        assert ours >= brute
        far_off += ours > brute + 2
        assert ours <= brute + 2 + 2 * max(Fraction(1), price)
    # Where a unit paid in buys several, a split may be a unit of input off.
    assert far_off <= ROUNDS // 18 // 20


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("pools", [two_products, product_and_bins])
def test_from_one_sol_up_within_two_units_of_all_neighbouring_splits(pools: Pools, mode: Mode) -> None:
    rnd = Random(f"{pools.__name__} {mode}")
    compared = 0
    for _ in range(ROUNDS // 15):
        curves = pools(rnd, Fraction(3, 20), 10**11)
        most = most_of(curves, 10**11, mode)
        amount = rnd.randint(10**9 * 3 // 20 if mode is Mode.EXACT_OUT else 10**9, most // 2)
        found = split(curves, amount, mode, 0)
        assert found is not None
        part = (found.amounts_out if mode is Mode.EXACT_OUT else found.amounts_in)[0]
        if found.leg_count == 1:  # a few units of dust on a second pool can win a unit or two of rounding
            continue
        compared += 1
        brute = least_loss(curves, amount, mode, range(part - 600, part + 601))
        assert found.loss(mode, 0) <= brute + 2
    assert compared >= ROUNDS // 40


@pytest.mark.parametrize("mode", list(Mode))
def test_large_splits_are_within_a_hundredth_of_a_bp_of_the_convex_optimum(mode: Mode) -> None:
    rnd = Random(mode)
    for _ in range(ROUNDS):
        curves = [
            random_markets.dlmm(rnd, PAIR, Fraction(3, 20), 10**13, falling_fees=False).curve("SOL")
            if rnd.random() < 0.5
            else random_markets.constant_product(rnd, PAIR, Fraction(3, 20), 10**13).curve("SOL")
            for _ in range(rnd.randint(2, 6))
        ]
        most = most_of(curves, 10**13, mode)
        amount = rnd.randint(most // 1000, most // 2)
        found = split(curves, amount, mode, 0)
        assert found is not None
        surplus = sum(curve.surplus(found.price) for curve in curves)
        if mode is Mode.EXACT_OUT:
            bound = Fraction((amount << PRICE_BITS) - surplus, found.price)
            assert bound <= found.amount_in <= bound * (1 + Fraction(1, 10**6)) + 10
        else:
            bound = Fraction(found.price * amount + surplus, 1 << PRICE_BITS)
            assert bound >= found.amount_out >= bound * (1 - Fraction(1, 10**6)) - 10


@pytest.mark.parametrize("price", [Fraction(3, 20), Fraction(500)])
@pytest.mark.parametrize("mode", list(Mode))
def test_a_leg_has_to_earn_its_cost(mode: Mode, price: Fraction) -> None:
    rnd = Random(5)
    for _ in range(ROUNDS // 3):
        curves = [random_markets.constant_product(rnd, PAIR, price, 10**12).curve("SOL") for _ in range(3)]
        amount = rnd.randint(10**8, 10**11)
        leg_cost = 10 ** rnd.randint(0, 8)
        found = split(curves, amount, mode, leg_cost)
        assert found is not None
        for used in ([0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]):
            other = split([curves[index] for index in used], amount, mode, 0)
            if other is not None:
                assert found.loss(mode, leg_cost) <= other.loss(mode, leg_cost) + 2


def test_more_than_all_pools_hold_is_no_split() -> None:
    curves = two_of_bins(Random(1), Fraction(1), 10_000)
    for leg_cost in (0, 1):
        assert split(curves, sum(curve.max_in for curve in curves) + 1, Mode.EXACT_IN, leg_cost) is None
        assert split(curves, sum(curve.max_out for curve in curves) + 1, Mode.EXACT_OUT, leg_cost) is None
    whole = split(curves, sum(curve.max_in for curve in curves), Mode.EXACT_IN, 0)
    assert whole is not None
    assert whole.amounts_out == tuple(curve.max_out for curve in curves)
