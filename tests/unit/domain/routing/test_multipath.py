"""Where the marginal prices of several paths agree, and how often they are asked for until that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from random import Random

import pytest

from dexec.domain.pools import ConstantProductPool
from dexec.domain.quote import Mode
from dexec.domain.routing.multipath import split_over_paths
from dexec.domain.routing.paths import Edge, Hop, Path

UNIT = 10**12
IN, OUT = Mode.EXACT_IN, Mode.EXACT_OUT

Reserves = tuple[int, int]


@dataclass(frozen=True)
class Asked(Path):
    """A path that notes for what amounts its marginal price is asked."""

    amounts: list[int] = field(default_factory=list)

    def marginal(self, amount: int, mode: Mode) -> int:
        self.amounts.append(amount)
        return super().marginal(amount, mode)


def path(*pools: Reserves) -> Asked:
    """Return a path of one hop over pools without a fee that hold so much."""
    held = [ConstantProductPool(f"pool {n}", "venue", "RAY", "SOL", *of, 0) for n, of in enumerate(pools)]
    return Asked((Hop("RAY", "SOL", tuple(Edge(pool, pool.curve("RAY"), 1) for pool in held)),))


def shares(paths: Sequence[Asked], amount: int, mode: Mode) -> list[int]:
    """Return what each path trades where all that are worth it are used, nothing where a single one is."""
    prices = [one.marginal(amount, mode) if one.capacity(mode) >= amount else 0 for one in paths]
    for one in paths:
        one.amounts.clear()
    best = next(iter(split_over_paths(paths, prices, amount, mode, 0)), ())
    traded = {id(flow.path): flow.amount_in if mode is IN else flow.amount_out for flow in best}
    return [traded.get(id(one), 0) for one in paths]


def of_one_price(held: Sequence[Reserves], amount: int, mode: Mode) -> list[float]:
    """Return the shares at which pools without a fee have one price, in closed form."""
    roots = [sqrt(x * y) for x, y in held]
    # The price is x * y / (x + in)^2 = (y - out)^2 / (x * y).
    if mode is IN:
        reached = (amount + sum(x for x, _ in held)) / sum(roots)
        return [root * reached - x for root, (x, _) in zip(roots, held, strict=True)]
    reached = (sum(y for _, y in held) - amount) / sum(roots)
    return [y - root * reached for root, (_, y) in zip(roots, held, strict=True)]


POOLS = [(40 * UNIT, 81 * UNIT), (900 * UNIT, 1_790 * UNIT), (7 * UNIT, 14 * UNIT)]


@pytest.mark.parametrize("mode", [IN, OUT])
@pytest.mark.parametrize(("part", "most"), [(0.03, 2), (0.3, 3), (0.8, 4)])
def test_paths_of_one_pool_are_asked_a_few_times(mode: Mode, part: float, most: int) -> None:
    """Interpolated as what they are: what remains is that a path ends, or is worse from the start."""
    paths = [path(of) for of in POOLS]
    amount = int(part * sum(x if mode is IN else y for x, y in POOLS))
    expected = of_one_price(POOLS, amount, mode)
    assert shares(paths, amount, mode) == pytest.approx(expected, rel=0, abs=amount / 2**12)
    assert max(len(one.amounts) for one in paths) <= most


def test_paths_whose_prices_bend_are_asked_a_few_times_more() -> None:
    """Paths of several pools, shallow and deep, that begin within a tenth of each other's prices."""
    random, asked = Random(5), 0
    for _ in range(100):
        held = [
            [(x := int(10 ** random.uniform(9, 16)), int(x * random.uniform(1.9, 2.1)))] for _ in range(6)
        ]
        paths = [path(*held[0], *held[1], *held[2]), path(*held[3], *held[4]), path(*held[5])]
        mode = random.choice([IN, OUT])
        amount = int(sum(one.capacity(OUT) for one in paths) * random.uniform(0.001, 0.1))
        assert sum(shares(paths, amount, mode)) in (amount, 0)
        asked += sum(len(one.amounts) for one in paths)
    assert asked <= 1_410


def test_what_all_paths_together_cannot_trade_has_no_shares() -> None:
    paths = [path(of) for of in POOLS]
    most = sum(one.capacity(OUT) for one in paths)
    assert split_over_paths(paths, [0, 0, 0], most + 1, OUT, 0) == []
    assert sum(shares(paths, most, OUT)) == most


def test_a_path_that_is_worse_from_the_start_gets_nothing() -> None:
    paths = [path(POOLS[0]), path(POOLS[1]), path((10**3 * UNIT, 10**3 * UNIT))]
    traded = shares(paths, 10 * UNIT, IN)
    assert traded[2] == 0
    assert traded[:2] == pytest.approx(of_one_price(POOLS[:2], 10 * UNIT, IN), rel=0, abs=10 * UNIT / 2**12)
