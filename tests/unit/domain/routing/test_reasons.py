"""What a route is called."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from dexec.domain.pools import ConstantProductPool
from dexec.domain.quote import Mode
from dexec.domain.routing.paths import Edge, Flow, Hop, Path
from dexec.domain.routing.reasons import describe

DEPTH = 10**12


def flow(amount: int, *hops: Mapping[str, int | tuple[int, int]]) -> Flow:
    """Return an amount over hops from SOL, each of venues whose pools hold so many times the depth."""
    tokens = ("SOL", "USDC", "RAY")
    path = []
    for place, depths in enumerate(hops):
        token_in, token_out = tokens[place : place + 2]
        pools = [
            ConstantProductPool(venue, venue, token_in, token_out, DEPTH * x, DEPTH * y, 0)
            for venue, held in depths.items()
            for x, y in [held if isinstance(held, tuple) else (held, held)]
        ]
        path.append(Hop(token_in, token_out, tuple(Edge(pool, pool.curve(token_in), 1) for pool in pools)))
    found = Path(tuple(path)).solve(amount, Mode.EXACT_IN, 0)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("depths", "expected"),
    [
        ({"raydium": 1}, "raydium alone"),
        ({"raydium": 19, "meteora": 81}, "split over meteora 81 % and raydium 19 %"),
        ({"a": 1, "b": 5, "c": 4}, "split over b 50 %, c 40 % and a 10 %"),
        # Halves are rounded up.
        ({"a": 125, "b": 875}, "split over b 88 % and a 13 %"),
    ],
)
def test_one_hop_is_called_by_its_venues_the_greatest_first(depths: dict[str, int], expected: str) -> None:
    assert describe([flow(DEPTH // 10, depths)]) == expected


def test_shares_and_their_order_are_of_what_is_paid_in() -> None:
    """At the price of 1, a has taken 110 and given 116, b has taken 100 and given 200."""
    paid = flow(210 * DEPTH, {"a": (2_000, 2_226), "b": (100, 400)})
    assert describe([paid]) == "split over a 52 % and b 48 %"


def test_two_hops_are_called_by_the_token_between_them() -> None:
    assert describe([flow(10**9, {"raydium": 1}, {"raydium": 1, "meteora": 2})]) == "two hops through USDC"


def test_several_paths_are_called_by_their_parts() -> None:
    direct, through = flow(3_000, {"raydium": 1}), flow(1_000, {"raydium": 1}, {"meteora": 1})
    assert describe([direct, through]) == "split: 75 % direct and 25 % through USDC"
    assert (
        describe([direct, through, through]) == "split: 60 % direct, 20 % through USDC and 20 % through USDC"
    )
