"""What waited is filled at its limit or better, exactly: one-unit boundaries, tokens of mixed decimals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from dexec.adapters.paper.simulator import PaperMarket
from dexec.domain.errors import AttemptFailed, OrderFailed
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.domain.quote import Mode, Pair, PoolSnapshot, RouteRequest
from dexec.domain.routing import execute_plan, find_route, pairs_for
from dexec.domain.tokens import TOKENS
from dexec.domain.waiting.conditions import Kind, Limit, Stop
from dexec.domain.waiting.prices import Price, decimal_text
from dexec.domain.waiting.terms import Terms, Waiting
from dexec.usecases.guards import check_limit
from tests.support.fakes import START

MARKET = PaperMarket(7)
SLOTS = 50
PAIRS = [
    Pair("SOL", "USDC"),
    Pair("USDC", "SOL"),
    Pair("SOL", "BONK"),
    Pair("BONK", "USDC"),
    Pair("JUP", "SOL"),
]


def order_of(request: RouteRequest, terms: Terms, fired: Kind) -> Order:
    waiting = Waiting.of(terms, fired)
    return Order(
        "ord", "alice", None, request, Status.ROUTING, 1, 1, START, START, START, START, waiting=waiting
    )


def written(price: Fraction, pair: Pair, *, of_out: bool) -> Price:
    """Return the price nearest to ``price`` that can be written, in either spelling."""
    spelled = Price("1", pair, of_out)
    return replace(spelled, text=spelled.show(price))


@given(
    st.sampled_from(PAIRS),
    st.sampled_from(Mode),
    st.integers(1, 10**5),
    st.tuples(st.integers(-300, 300), st.sampled_from([-1, 0, 1])),
    st.booleans(),
    st.sampled_from([Kind.LIMIT, Kind.STOP]),
    st.integers(0, SLOTS),
)
def test_no_fill_is_worse_than_the_limit_price(  # noqa: PLR0917
    pair: Pair, mode: Mode, milli: int, off: tuple[int, int], of_out: bool, fired: Kind, later: int
) -> None:
    exact = pair.token_in if mode is Mode.EXACT_IN else pair.token_out
    request = RouteRequest(mode, pair.token_in, pair.token_out, milli * 10 ** TOKENS[exact].decimals // 1_000)
    pairs = pairs_for(pair.token_in, pair.token_out)
    snapshots = [PoolSnapshot(name, 0, MARKET.pools(name, pairs, 0), 0) for name in MARKET.makers]
    try:
        quoted = find_route(request, snapshots)
    except (AttemptFailed, OrderFailed):
        return
    # Near what the market gives: up to 3 % off, and a unit to either side of it.
    amount_out = max(1, quoted.amount_out * (10_000 + off[0]) // 10_000 + off[1])
    price = written(Fraction(amount_out, quoted.amount_in), pair, of_out=of_out)
    terms = Terms(limit=Limit(price)) if fired is Kind.LIMIT else Terms(stop=Stop(price), stop_limit=price)
    order = order_of(request, terms, fired)
    try:
        route = find_route(order.trades, snapshots)
        check_limit(order.trades, route)
        fill = execute_plan(route.plan(), lambda pool_id: MARKET.pool(pool_id, later), slot=later)
    except (AttemptFailed, OrderFailed):
        return
    assert Fraction(fill.amount_out, fill.amount_in) >= price.value


@given(
    st.sampled_from(PAIRS),
    st.sampled_from(Mode),
    st.integers(1, 10**15),
    st.fractions(min_value=Fraction(1, 10**9), max_value=10**9),
    st.booleans(),
)
def test_the_limit_is_the_last_unit_that_keeps_the_price(
    pair: Pair, mode: Mode, amount: int, about: Fraction, of_out: bool
) -> None:
    price = Price(decimal_text(about), pair, of_out)
    order = order_of(
        RouteRequest(mode, pair.token_in, pair.token_out, amount), Terms(limit=Limit(price)), Kind.LIMIT
    )
    limit = order.trades.limit
    assert limit is not None
    if mode is Mode.EXACT_IN:
        assert Fraction(limit, amount) >= price.value > Fraction(limit - 1, amount)
    else:
        assert amount >= limit * price.value
        assert amount < (limit + 1) * price.value


@given(st.sampled_from(Mode), st.integers(1, 10**15), st.integers(1, 10**15))
def test_the_stricter_of_the_price_and_the_own_limit_counts(mode: Mode, amount: int, own: int) -> None:
    terms = Terms(limit=Limit(Price("150", PAIRS[0])))
    free = order_of(RouteRequest(mode, "SOL", "USDC", amount), terms, Kind.LIMIT).trades.limit
    both = order_of(RouteRequest(mode, "SOL", "USDC", amount, limit=own), terms, Kind.LIMIT).trades.limit
    assert free is not None
    assert both == (max if mode is Mode.EXACT_IN else min)(free, own)
    order = order_of(RouteRequest(mode, "SOL", "USDC", amount, limit=own), terms, Kind.LIMIT)
    assert order.limit_price == (None if both == own else terms.limit and terms.limit.price)


def test_a_stop_without_a_limit_trades_at_the_market() -> None:
    request = RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 1)
    terms = Terms(limit=Limit(Price("170", PAIRS[0])), stop=Stop(Price("140", PAIRS[0])))
    assert order_of(request, terms, Kind.STOP).trades == request
    assert order_of(request, terms, Kind.LIMIT).trades.limit is not None
