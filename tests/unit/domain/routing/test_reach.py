"""A refused amount is told what could be traded."""

from __future__ import annotations

import re
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


def found(amount: int, least: int, most: int) -> tuple[Reach | None, list[int]]:
    """Return what is found where amounts from the least to the most can be traded, and which were tried."""
    tried: list[int] = []

    def can_trade(amount: int) -> bool:
        tried.append(amount)
        return least <= amount <= most

    return find_reach(amount, can_trade), tried


@pytest.mark.parametrize(
    ("least", "most", "asked", "expected"),
    [
        (1_234_567, MAX_BASE_UNITS, 3, Reach("too small", 1_240_000)),
        (12, MAX_BASE_UNITS, 5, Reach("too small", 12)),
        (7, 7_000, 1, Reach("too small", 7)),
        (1, 1_238_765, 10**15, Reach("too large", 1_230_000)),
        (1, 10**9, 10**17, Reach("too large", 999_000_000)),
        (1, 42, 100, Reach("too large", 42)),
        (1, 1, 3, Reach("too large", 1)),
    ],
)
def test_the_nearest_amount_is_found_to_three_digits(
    least: int, most: int, asked: int, expected: Reach
) -> None:
    assert found(asked, least, most)[0] == expected


def test_an_amount_is_doubled_then_halved_and_the_last_step_is_bisected() -> None:
    too_small, tried = found(5, 1_000, MAX_BASE_UNITS)
    assert too_small == Reach("too small", 1_000)
    assert tried[:8] == [10, 20, 40, 80, 160, 320, 640, 1_280]
    assert tried[8:] == [960, 1_120, 1_040, 1_000, 980, 990, 995, 997, 998, 999]
    too_large, tried = found(2**61, 1, 2**57)
    assert too_large == Reach("too large", 144 * 10**15)
    assert tried[:5] == [2**62, 2**60, 2**59, 2**58, 2**57]
    # To less than a thousandth: the tenth leaves a 1024th.
    assert len(tried) == 5 + 10
    assert tried[-1] == 2**57 + 2**47


def test_where_nothing_can_be_traded_the_search_ends_at_the_most_and_at_one() -> None:
    nothing, tried = found(2**60 + 1, 1, 0)
    assert nothing is None
    assert tried == [2**61 + 2, 2**62 + 4, *(2**bit for bit in range(59, -1, -1))]


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
