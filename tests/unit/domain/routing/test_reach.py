"""A refused amount is told what could be traded."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest

from dexec.domain.amounts import MAX_BASE_UNITS
from dexec.domain.errors import InsufficientLiquidity
from dexec.domain.pools import ConstantProductPool
from dexec.domain.quote import Mode, PoolSnapshot, RouteRequest
from dexec.domain.routing import find_route
from dexec.domain.routing.reach import Reach, find_reach
from tests.support import random_markets

SOL_USDC = [
    PoolSnapshot(
        "raydium",
        1,
        (ConstantProductPool("raydium:SOL-USDC", "raydium", "SOL", "USDC", 10**12, 150 * 10**9),),
        0,
    )
]


def refusal(mode: Mode, amount: int, snapshots: list[PoolSnapshot] = SOL_USDC) -> str:
    with pytest.raises(InsufficientLiquidity) as refused:
        find_route(RouteRequest(mode, "SOL", "USDC", amount), snapshots)
    return str(refused.value)


@pytest.mark.parametrize(("least", "most"), [(1_000, 987_654), (7, 7_000), (5, MAX_BASE_UNITS)])
def test_the_nearest_amount_is_found_to_three_digits(least: int, most: int) -> None:
    def can_trade(amount: int) -> bool:
        return least <= amount <= most

    for amount in (1, 2, 3):
        found = find_reach(amount, can_trade)
        assert found is not None
        assert found.side == "too small"
        assert least <= found.nearest <= least * 1.01 + 1
    if most < MAX_BASE_UNITS:
        for amount in (most * 3, 10**15):
            found = find_reach(amount, can_trade)
            assert found is not None
            assert found.side == "too large"
            assert most * 0.98 <= found.nearest <= most


def test_the_search_is_short() -> None:
    asked: list[int] = []

    def within(most: int) -> Callable[[int], bool]:
        def can_trade(amount: int) -> bool:
            asked.append(amount)
            return amount <= most

        return can_trade

    assert find_reach(10**9, within(0)) is None
    assert len(asked) <= 64
    asked.clear()
    found = find_reach(10**17, within(10**9))
    assert found == Reach("too large", 999_000_000)
    assert len(asked) < 50


def test_one_lamport_is_too_small_and_the_least_is_named() -> None:
    told = refusal(Mode.EXACT_IN, 1)
    assert told.startswith(
        "the amount is too small: 0.000000001 SOL is worth less than the smallest unit of USDC"
    )
    least = int(Fraction(re.search(r"about ([\d.]+) SOL", told)[1]) * 10**9)  # type: ignore[index]
    assert find_route(RouteRequest(Mode.EXACT_IN, "SOL", "USDC", least), SOL_USDC).amount_out >= 1


def test_more_than_the_pools_hold_is_too_large_and_the_most_is_named() -> None:
    told = refusal(Mode.EXACT_OUT, 10**17)
    assert told.startswith("the amount is too large: of SOL for USDC, the pools trade at most about ")
    assert "not 100000000000 USDC" in told
    most = int(Fraction(re.search(r"about ([\d.]+) USDC", told)[1]) * 10**6)  # type: ignore[index]
    assert find_route(RouteRequest(Mode.EXACT_OUT, "SOL", "USDC", most), SOL_USDC).amount_out == most
    assert most >= 149 * 10**9


@pytest.mark.parametrize("mode", list(Mode))
def test_bins_that_run_out_name_the_most(mode: Mode) -> None:
    pool = random_markets.dlmm(Random(23), ("SOL", "USDC"), Fraction(3, 20), 10**9)
    snapshots = random_markets.snapshots([pool])
    told = refusal(mode, 10**15, list(snapshots))
    decimals, token = (9, "SOL") if mode is Mode.EXACT_IN else (6, "USDC")
    most = int(Fraction(re.search(rf"at most about ([\d.]+) {token}", told)[1]) * 10**decimals)  # type: ignore[index]
    find_route(RouteRequest(mode, "SOL", "USDC", most), snapshots)
    with pytest.raises(InsufficientLiquidity):
        find_route(RouteRequest(mode, "SOL", "USDC", most * 11 // 10), snapshots)
