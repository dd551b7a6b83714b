"""What a leg costs on a path of two hops, in the token in which its hop counts."""

from __future__ import annotations

import pytest

from dexec.domain.pools import ConstantProductPool
from dexec.domain.quote import Mode
from dexec.domain.routing.paths import Edge, Hop, Path

DEPTH = 10**15


def pools(name: str, pair: tuple[str, str], price: int, count: int) -> tuple[ConstantProductPool, ...]:
    """Return equal pools without a fee, in which one of the first token is worth ``price`` of the second."""
    return tuple(
        ConstantProductPool(f"{name} {n}", name, *pair, DEPTH, DEPTH * price, 0) for n in range(count)
    )


def path_of(*hops: tuple[ConstantProductPool, ...]) -> Path:
    """Return the path over these hops, from their first tokens to their second ones."""
    edges = [tuple(Edge(pool, pool.curve(pool.token_x), 1) for pool in hop) for hop in hops]
    return Path(tuple(Hop(of[0].pool.token_x, of[0].pool.token_y, of) for of in edges))


@pytest.mark.parametrize("price", [1, 1_000])
def test_a_leg_of_the_second_hop_is_worth_its_cost_in_what_is_paid_in(price: int) -> None:
    path = path_of(pools("a", ("RAY", "USDC"), price, 1), pools("b", ("USDC", "SOL"), 1, 2))
    amount = DEPTH // 10
    split, alone = path.solve(amount, Mode.EXACT_OUT, 0), path.solve(amount, Mode.EXACT_OUT, DEPTH)
    assert split is not None
    assert alone is not None
    assert [[one.leg_count for one in flow.splits] for flow in (split, alone)] == [[1, 2], [1, 1]]
    gain = (alone.splits[1].amount_in - split.splits[1].amount_in) // price
    assert legs_at(path, amount, Mode.EXACT_OUT, gain * 9 // 10) == [1, 2]
    assert legs_at(path, amount, Mode.EXACT_OUT, gain * 11 // 10) == [1, 1]


@pytest.mark.parametrize("price", [1, 1_000])
def test_a_leg_of_the_first_hop_is_worth_its_cost_in_what_comes_out(price: int) -> None:
    path = path_of(pools("a", ("RAY", "USDC"), 1, 2), pools("b", ("USDC", "SOL"), price, 1))
    amount = DEPTH // 10
    split, alone = path.solve(amount, Mode.EXACT_IN, 0), path.solve(amount, Mode.EXACT_IN, DEPTH * price)
    assert split is not None
    assert alone is not None
    gain = (split.splits[0].amount_out - alone.splits[0].amount_out) * price
    assert legs_at(path, amount, Mode.EXACT_IN, gain * 9 // 10) == [2, 1]
    assert legs_at(path, amount, Mode.EXACT_IN, gain * 11 // 10) == [1, 1]


def legs_at(path: Path, amount: int, mode: Mode, leg_cost: int) -> list[int]:
    """Return how many legs each hop has where a leg costs so much."""
    flow = path.solve(amount, mode, leg_cost)
    assert flow is not None
    return [one.leg_count for one in flow.splits]
