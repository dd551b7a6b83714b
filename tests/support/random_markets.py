"""Random pools and markets for tests; everything follows from the generator that is passed in."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

from dexec.domain.pools import (
    NO_ORDERS,
    PRICE_BITS,
    CollectFeeMode,
    ConstantProductPool,
    CreatorFeeOn,
    DlmmFees,
    DlmmPool,
    FunctionType,
    LimitOrders,
    Pool,
    Volatility,
)
from dexec.domain.pools.dlmm import bin_price
from dexec.domain.quote import Mode, PoolSnapshot, RouteRequest

Maker = Callable[[Random, tuple[str, str], Fraction, int], Pool]

FEE_RATES = (400, 2_000, 2_500, 3_000, 10_000)
BIN_STEPS = (5, 10, 25, 80, 100)


def nearest_bin(price: Fraction, bin_step: int) -> int:
    """The bin whose price is next to ``price`` (base units of y per base unit of x)."""
    limit = 200_000 // bin_step
    ids = range(-limit, limit)
    target = int(price * 2**PRICE_BITS)
    return ids[bisect_left(ids, target, key=lambda bin_id: bin_price(bin_id, bin_step))]


def near(rnd: Random, price: Fraction) -> Fraction:
    """A price within three percent of ``price``."""
    return price * (10_000 + rnd.randint(-300, 300)) / 10_000


def constant_product(
    rnd: Random, pair: tuple[str, str], price: Fraction, size: int, name: str = "cp"
) -> ConstantProductPool:
    reserve_x = rnd.randint(size // 4 + 2, size + 2)
    reserve_y = max(2, int(reserve_x * near(rnd, price)))
    rate = rnd.choice(FEE_RATES)
    return ConstantProductPool(f"raydium:{name}", "raydium", *pair, reserve_x, reserve_y, rate)


def with_creator_fee(
    rnd: Random, pair: tuple[str, str], price: Fraction, size: int, name: str = "cp"
) -> ConstantProductPool:
    """A constant product pool whose creator takes a fee too, of the input or in one of the tokens."""
    pool = constant_product(rnd, pair, price, size, name)
    return replace(
        pool,
        trade_fee_rate=rnd.choice((0, 123, 2_500, 40_000)),
        creator_fee_rate=rnd.randint(1, 50_000),
        creator_fee_on=rnd.choice(tuple(CreatorFeeOn)),
    )


def dlmm(
    rnd: Random,
    pair: tuple[str, str],
    price: Fraction,
    size: int,
    name: str = "dlmm",
    *,
    falling_fees: bool = True,
) -> DlmmPool:
    """A pool with holes in it; with ``falling_fees``, one whose fee may fall as the price moves."""
    step = rnd.choice(BIN_STEPS)
    active = nearest_bin(near(rnd, price), step)
    side = rnd.randint(2, 25)
    control = rnd.choice((0, 20_000, 2_000_000)) if falling_fees else 0
    fees = DlmmFees(step, rnd.randint(500, 20_000), 0, 30, 600, 5_000, control, 350_000)
    volatility = Volatility(
        rnd.randrange(50_000), rnd.randrange(50_000), active + rnd.randint(-8, 8), rnd.choice((0, 100, 1_000))
    )

    def held(scale: Fraction) -> int:
        return 0 if rnd.random() < 0.15 else max(1, int(rnd.randint(1, size // side + 1) * scale))

    amounts_x = tuple(held(Fraction(1)) if place >= side else 0 for place in range(2 * side + 1))
    amounts_y = tuple(held(price) if place <= side else 0 for place in range(2 * side + 1))
    first = active - side
    return DlmmPool(
        f"meteora:{name}", "meteora", *pair, fees, volatility, active, first, amounts_x, amounts_y
    )


def dlmm_with_orders(
    rnd: Random, pair: tuple[str, str], price: Fraction, size: int, name: str = "orders"
) -> DlmmPool:
    """A DLMM pool with limit orders, most of them in front of the price, and its fee on either side."""
    plain = dlmm(rnd, pair, price, size, name)
    mode = rnd.choice(tuple(CollectFeeMode))
    places = range(len(plain.amounts_x))
    largest = max(plain.amounts_x) + 2, max(plain.amounts_y) + 2

    def placed(place: int) -> LimitOrders:
        asks = (place >= plain.active_bin - plain.first_bin) ^ (rnd.random() < 0.1)
        opened, remaining = (
            rnd.choice((0, rnd.randint(1, 5), rnd.randint(1, largest[0 if asks else 1]))) for _ in range(2)
        )
        total = remaining + rnd.randrange(3)
        return LimitOrders(opened, total, remaining, rnd.randrange(9), asks, 3, 4, 5, 6)

    orders = tuple(placed(place) if rnd.random() < 0.7 else NO_ORDERS for place in places)
    bare = {place for place in places if rnd.random() < 0.2}
    return replace(
        plain,
        fees=replace(plain.fees, collect_fee_mode=mode, protocol_share=rnd.choice((0, 500, 2_000))),
        amounts_x=tuple(0 if place in bare else plain.amounts_x[place] for place in places),
        amounts_y=tuple(0 if place in bare else plain.amounts_y[place] for place in places),
        orders=orders,
        function_type=FunctionType.LIMIT_ORDERS,
    )


def pool(rnd: Random, pair: tuple[str, str], price: Fraction, size: int, name: str) -> Pool:
    """A pool of any kind."""
    make = rnd.choice((constant_product, with_creator_fee, dlmm, dlmm_with_orders))
    return make(rnd, pair, price, size, name)


def snapshots(pools: Sequence[Pool]) -> list[PoolSnapshot]:
    """The snapshots of all venues that have one of the pools."""
    venues = dict.fromkeys(pool.venue for pool in pools)
    return [
        PoolSnapshot(venue, 7, tuple(pool for pool in pools if pool.venue == venue), 100) for venue in venues
    ]


def market(rnd: Random, size: int) -> list[Pool]:
    """Pools for SOL, USDC, USDT and JUP: every pair has none, one or two."""
    values = {"SOL": Fraction(3, 20), "USDC": Fraction(1), "USDT": Fraction(1), "JUP": Fraction(1, 2)}
    pools: list[Pool] = []
    tokens = list(values)
    for place, token_x in enumerate(tokens):
        for token_y in tokens[place + 1 :]:
            price = values[token_x] / values[token_y]
            pools += [
                pool(rnd, (token_x, token_y), price, size, f"{token_x}-{token_y}-{copy}")
                for copy in range(rnd.choice((0, 1, 1, 2, 2)))
            ]
    return pools


def request(rnd: Random, size: int) -> RouteRequest:
    """An order between two of the market's tokens, up to ``size`` units."""
    token_in, token_out = rnd.sample(("SOL", "USDC", "USDT", "JUP"), 2)
    mode = rnd.choice(tuple(Mode))
    amount = max(1, int(size ** rnd.uniform(0.1, 1)))
    return RouteRequest(mode, token_in, token_out, amount, rnd.choice((0, 10, 50, 300)))
