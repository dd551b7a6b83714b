"""The contract of curves, for all kinds of pools and for a made-up venue."""

from collections.abc import Sequence
from fractions import Fraction
from random import Random

from dexec.adapters.paper.simulator import PAPER_VENUES, VENUES_WITH_ORDERS, PaperMarket
from dexec.domain.pools import Pool
from dexec.domain.quote import Pair
from tests.contract.curves import CurveContract
from tests.support import random_markets
from tests.support.harbor import harbor

PAIR = ("SOL", "USDC")
CHEAP, DEAR = Fraction(3, 20), Fraction(20, 3)
SIZES = ((CHEAP, 10**3), (CHEAP, 10**12), (DEAR, 10**6), (Fraction(700), 10**9))


class TestConstantProduct(CurveContract):
    def pools(self) -> Sequence[Pool]:
        rnd = Random(1)
        return [random_markets.constant_product(rnd, PAIR, *size) for size in SIZES for _ in range(4)]


class TestDlmm(CurveContract):
    def pools(self) -> Sequence[Pool]:
        rnd = Random(2)
        return [random_markets.dlmm(rnd, PAIR, *size) for size in SIZES for _ in range(6)]


class TestCreatorFees(CurveContract):
    def pools(self) -> Sequence[Pool]:
        rnd = Random(4)
        return [random_markets.with_creator_fee(rnd, PAIR, *size) for size in SIZES for _ in range(6)]


class TestDlmmWithOrders(CurveContract):
    refuses = True

    def pools(self) -> Sequence[Pool]:
        rnd = Random(5)
        return [random_markets.dlmm_with_orders(rnd, PAIR, *size) for size in SIZES for _ in range(8)]


class TestPaperMarketWithOrders(CurveContract):
    refuses = True

    def pools(self) -> Sequence[Pool]:
        market = PaperMarket(3, VENUES_WITH_ORDERS)
        return market.pools("meteora", [Pair(*PAIR), Pair("BONK", "SOL")], 4_000_000_000)


class TestPaperMarket(CurveContract):
    def pools(self) -> Sequence[Pool]:
        market = PaperMarket(3, {**PAPER_VENUES, "harbor": harbor})
        return [pool for venue in market.makers for pool in market.pools(venue, [Pair(*PAIR)], 4_000_000_000)]
