"""Plans: what the transaction carries, and how it fills on pools that moved meanwhile."""

from collections.abc import Callable

import pytest

from dexec.domain.errors import SlippageExceeded
from dexec.domain.pools import ConstantProductPool, DlmmFees, DlmmPool, Pool, Volatility
from dexec.domain.quote import Mode, PlanLeg, SwapPlan
from dexec.domain.routing import execute_plan

LEGS = (
    PlanLeg("raydium", "a", 1, "SOL", "USDT", 600),
    PlanLeg("meteora", "b", 1, "SOL", "USDT", 400),
    PlanLeg("raydium", "c", 2, "USDT", "USDC", 700),
    PlanLeg("meteora", "d", 2, "USDT", "USDC", 300),
)


def pool(name: str, x: str, y: str, price: int = 1) -> ConstantProductPool:
    return ConstantProductPool(name, "raydium", x, y, 10**12, 10**12 * price, 0)


def lookup(*pools: Pool) -> Callable[[str], Pool]:
    return {pool.id: pool for pool in pools}.__getitem__


FOUR = lookup(
    pool("a", "SOL", "USDT"), pool("b", "SOL", "USDT"), pool("c", "USDC", "USDT"), pool("d", "USDC", "USDT")
)


def plan(mode: Mode, limit: int) -> SwapPlan:
    return SwapPlan(mode, "SOL", "USDC", 1_000, limit, LEGS)


def test_json_carries_a_plan_whole_and_compactly() -> None:
    text = plan(Mode.EXACT_OUT, 990).to_json()
    assert SwapPlan.from_json(text) == plan(Mode.EXACT_OUT, 990)
    assert " " not in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '["exactIn","SOL","USDC",1,1,[]]',
        '["sideways","SOL","USDC",1,1,[["v","p",1,"SOL","USDC",1]]]',
        '["exactIn","SOL","USDC",1.5,1,[["v","p",1,"SOL","USDC",1]]]',
        '["exactIn","SOL","USDC",true,1,[["v","p",1,"SOL","USDC",1]]]',
        '["exactIn","SOL","USDC",1,1,[["v","p",1,"SOL","USDC",-1]]]',
        '["exactIn","SOL","USDC",1,1,[["v","p",1,"SOL","USDC"]]]',
    ],
)
def test_anything_else_is_no_plan(text: str) -> None:
    with pytest.raises(ValueError, match="not a swap plan"):
        SwapPlan.from_json(text)


def test_the_second_hop_takes_what_the_first_really_gave() -> None:
    fill = execute_plan(plan(Mode.EXACT_IN, 900), FOUR, slot=5)
    first, second = fill.legs[:2], fill.legs[2:]
    assert [leg.amount_in for leg in first] == [600, 400]
    given = sum(leg.amount_out for leg in first)
    assert given == 599 + 399
    assert [leg.amount_in for leg in second] == [given * 7 // 10, given - given * 7 // 10]
    assert fill.slot == 5
    assert {leg.slot for leg in fill.legs} == {5}


def test_the_first_hop_gives_what_the_second_really_needs() -> None:
    fill = execute_plan(plan(Mode.EXACT_OUT, 1_100), FOUR, slot=5)
    assert fill.amount_out == 1_000
    assert sum(leg.amount_out for leg in fill.legs[:2]) == sum(leg.amount_in for leg in fill.legs[2:])
    assert [leg.amount_out for leg in fill.legs[2:]] == [700, 300]


def test_an_output_below_the_limit_fails_as_a_whole() -> None:
    received = execute_plan(plan(Mode.EXACT_IN, 0), FOUR, slot=5).amount_out
    assert execute_plan(plan(Mode.EXACT_IN, received), FOUR, slot=5).amount_out == received
    with pytest.raises(SlippageExceeded) as caught:
        execute_plan(plan(Mode.EXACT_IN, received + 1), FOUR, slot=5)
    error = caught.value
    assert (error.required, error.received) == (received + 1, received)
    assert error.shortfall_bps == -(-10_000 // (received + 1))
    assert f"required at least 0.{received + 1:06d} USDC, received 0.{received:06d} USDC" in str(error)
    assert f"moved {error.shortfall_bps} bps beyond the slippage limit" in str(error)


def test_an_input_above_the_limit_fails_as_a_whole() -> None:
    needed = execute_plan(plan(Mode.EXACT_OUT, 10**6), FOUR, slot=5).amount_in
    assert execute_plan(plan(Mode.EXACT_OUT, needed), FOUR, slot=5).amount_in == needed
    with pytest.raises(SlippageExceeded, match="required at most") as caught:
        execute_plan(plan(Mode.EXACT_OUT, needed - 1), FOUR, slot=5)
    assert (caught.value.required, caught.value.received) == (needed - 1, needed)


def test_a_pool_that_ran_dry_fails_the_whole_plan() -> None:
    dry = DlmmPool("d", "meteora", "USDC", "USDT", DlmmFees(10, 1), Volatility(), 0, 0, (0,), (5,))
    pools = lookup(pool("a", "SOL", "USDT"), pool("b", "SOL", "USDT"), pool("c", "USDC", "USDT"), dry)
    for mode in Mode:
        with pytest.raises(SlippageExceeded, match="can no longer trade") as caught:
            execute_plan(plan(mode, 1), pools, slot=5)
        assert caught.value.received == 0
