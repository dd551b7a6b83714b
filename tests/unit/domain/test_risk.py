"""Risk limits at their boundaries, to the unit; switches; what of a wallet is committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexec.domain.committed import Balance, committed, most_in
from dexec.domain.errors import Invalid, TradingHalted
from dexec.domain.halts import Stop, Switch, check_accepted, first_holding
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.domain.quote import Mode, Pair, Route, RouteRequest
from dexec.domain.risk import (
    DEFAULT_MAX_OPEN,
    Reservation,
    RiskLimits,
    RiskRefused,
    Rule,
    check_collar,
    check_day,
    check_notional,
    check_open,
    check_request,
    most_open,
    notional,
    valued_as,
)
from dexec.domain.waiting.conditions import Kind, Limit
from dexec.domain.waiting.conditions import Stop as StopCondition
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms, Waiting
from tests.contract.samples import new_order

NOW = datetime(2030, 1, 2, tzinfo=UTC)
DAY = date(2030, 1, 2)
SELL = RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 1_500_000_000, 50)
BUY = RouteRequest(Mode.EXACT_OUT, "USDC", "SOL", 2_000_000_000, 50)
PAIR = Pair("SOL", "USDC")
amounts = st.integers(1, 2**63 - 1)
prices = st.fractions(min_value=Fraction(1, 10**12), max_value=10**12)


def refused(check: Callable[[], None]) -> RiskRefused | None:
    try:
        check()
    except RiskRefused as exc:
        return exc
    return None


def route(amount_in: int, amount_out: int) -> Route:
    return Route(
        mode=Mode.EXACT_IN, token_in="SOL", token_out="USDC", amount_in=amount_in, amount_out=amount_out,
        limit=0, legs=(), quotes=(), alternatives=(), reason="", leg_cost=0, bound=0, gap_bps=Fraction(0),
        skipped=(), slot=1,
    )  # fmt: skip


# --- notionals ---------------------------------------------------------------------------------------


@given(amounts, prices)
def test_a_notional_is_exact_and_never_rounded_in_the_clients_favour(amount: int, price: Fraction) -> None:
    worth = notional(amount, price)
    assert worth - 1 < amount * price <= worth


@given(amounts, amounts)
def test_an_order_may_be_worth_the_limit_and_not_a_unit_more(most: int, worth: int) -> None:
    limits = RiskLimits(max_notional=most)
    check_notional(limits, most)
    assert (refused(lambda: check_notional(limits, worth)) is not None) == (worth > most)
    assert refused(lambda: check_notional(limits, most + 1)) is not None


@given(amounts, amounts, amounts)
def test_a_day_takes_the_limit_and_not_a_unit_more(most: int, used: int, worth: int) -> None:
    limits = RiskLimits(max_daily=most)
    assert (refused(lambda: check_day(limits, used, worth)) is not None) == (used + worth > most)


def test_the_exact_side_of_an_order_is_what_it_is_worth() -> None:
    assert valued_as(SELL, "USDC") == PAIR
    assert valued_as(BUY, "USDC") == PAIR
    assert valued_as(replace(SELL, token_in="USDC", token_out="SOL"), "USDC") is None
    assert valued_as(SELL, "SOL") is None
    assert valued_as(replace(BUY, token_out="USDC", token_in="RAY"), "SOL") == Pair("USDC", "SOL")


def test_a_fill_counts_by_its_side_in_the_settlement_token() -> None:
    reserved = Reservation(DAY, 100, "USDC")
    assert reserved.filled("SOL", "USDC", 7, 8).amount == 8
    assert reserved.filled("USDC", "SOL", 7, 8).amount == 7
    assert reserved.filled("SOL", "RAY", 7, 8) == reserved


# --- the other rules ---------------------------------------------------------------------------------


@given(st.integers(0, 10_000), amounts, st.integers(-2, 2))
def test_a_route_may_be_worse_by_the_collar_and_not_a_unit_more(bps: int, amount_in: int, off: int) -> None:
    reference = Fraction(150_000, 10**6)
    limits = RiskLimits(collar_bps=bps)
    edge = amount_in * reference * (10_000 - bps) / 10_000
    amount_out = max(0, -(-edge.numerator // edge.denominator) + off)
    exc = refused(lambda: check_collar(limits, route(amount_in, amount_out), reference))
    assert (exc is not None) == (amount_out < edge)
    if exc is not None:
        worse = (reference - Fraction(amount_out, amount_in)) * 10_000 / reference
        assert bps < worse <= int(exc.observed.removesuffix(" bps")) < worse + 1


def test_a_better_route_and_no_collar_pass() -> None:
    check_collar(RiskLimits(collar_bps=0), route(1, 151), Fraction(150))
    check_collar(RiskLimits(), route(1, 1), Fraction(150))


@pytest.mark.parametrize(
    ("limits", "request_", "expected"),
    [
        (RiskLimits(tokens=frozenset({"SOL", "USDC"})), SELL, None),
        (RiskLimits(tokens=frozenset({"SOL"})), SELL, (Rule.TOKENS, "USDC", "SOL")),
        (RiskLimits(tokens=frozenset()), SELL, (Rule.TOKENS, "SOL, USDC", "none")),
        (RiskLimits(max_slippage_bps=50), SELL, None),
        (RiskLimits(max_slippage_bps=49), SELL, (Rule.MAX_SLIPPAGE, "50 bps", "49 bps")),
        (RiskLimits(), SELL, None),
    ],
)
def test_tokens_and_slippage(
    limits: RiskLimits, request_: RouteRequest, expected: tuple[Rule, str, str] | None
) -> None:
    exc = refused(lambda: check_request(limits, request_))
    assert (exc and (exc.rule, exc.observed, exc.allowed)) == expected


def test_a_refusal_says_rule_and_numbers_and_whether_time_cures_it() -> None:
    limits = RiskLimits(max_notional=100_000_000, max_daily=5)
    exc = refused(lambda: check_notional(limits, 225_000_001))
    assert str(exc) == (
        "this order is worth 225.000001 USDC; the risk limit maxNotional allows at most 100 USDC: place a "
        "smaller one"
    )
    for rule in Rule:
        said = str(RiskRefused(rule, "SEEN", "MOST"))
        assert said.find("SEEN") < said.find(f"the risk limit {rule} allows") < said.find("MOST: ")
    cured = {rule: RiskRefused(rule, "1", "0").is_cured_by_time for rule in Rule}
    assert {rule for rule, by_time in cured.items() if by_time} == {Rule.MAX_DAILY, Rule.COLLAR}


def test_how_many_orders_may_wait() -> None:
    assert most_open(None) == most_open(RiskLimits()) == DEFAULT_MAX_OPEN == 1_000
    assert most_open(RiskLimits(max_open=0)) == 0
    check_open(3, 3)
    exc = refused(lambda: check_open(3, 4))
    assert exc is not None
    assert (exc.rule, exc.observed, exc.allowed) == (Rule.MAX_OPEN, "4", "3")


def test_no_limit_is_negative() -> None:
    with pytest.raises(Invalid, match="negative"):
        RiskLimits(max_daily=-1)
    assert RiskLimits(max_daily=0).max_daily == 0, "which allows nothing"


# --- switches ----------------------------------------------------------------------------------------

PAUSED, HALTED = Switch(Stop.PAUSED, NOW), Switch(Stop.HALTED, NOW, "alice")
REDUCING = Switch(Stop.REDUCING, NOW, token_out="USDC")


def test_who_is_held_by_what() -> None:
    switches = [REDUCING, HALTED, PAUSED]
    assert [*map(str, switches)] == [
        "trading is halted but for orders into USDC", "trading of alice is halted", "execution is paused"
    ]  # fmt: skip
    assert first_holding(switches, "bob", "USDC") is PAUSED
    assert first_holding([REDUCING, HALTED], "alice", "USDC") is HALTED
    assert first_holding([REDUCING, HALTED], "bob", "USDC") is None
    assert first_holding([REDUCING], "bob", "SOL") is REDUCING
    check_accepted([PAUSED, HALTED, REDUCING], "bob", "USDC")
    for client, token in (("alice", "USDC"), ("bob", "SOL")):
        with pytest.raises(TradingHalted, match="cancels still work"):
            check_accepted(switches, client, token)


@pytest.mark.parametrize("switch", [PAUSED, HALTED, REDUCING, replace(REDUCING, client_id="a b@c.d")])
def test_a_switch_is_known_by_its_name(switch: Switch) -> None:
    assert Switch.of(switch.name, NOW, switch.token_out) == switch


# --- committed ---------------------------------------------------------------------------------------


def of(request: RouteRequest, terms: Terms | None = None, fired: Kind | None = None) -> Order:
    waiting = None if terms is None else Waiting.of(terms, fired)
    status = Status.PENDING if terms is None else Status.OPEN
    return replace(new_order().order, request=request, waiting=waiting, status=status)


def price(text: str) -> Price:
    return Price(text, Pair("USDC", "SOL"), of_out=True)


LIMIT = Limit(price("150"))
BOUGHT = Terms(limit=LIMIT)
STOPPED = Terms(stop=StopCondition(price("160")))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (of(SELL), 1_500_000_000),
        (of(BUY), 0),
        (of(replace(BUY, limit=299_000_000)), 299_000_000),
        (of(BUY, BOUGHT), 300_000_000),
        (of(replace(BUY, limit=299_000_000), BOUGHT), 299_000_000),
        (of(BUY, STOPPED), 0),
        (of(BUY, replace(STOPPED, stop_limit=price("161"))), 322_000_000),
        (of(BUY, replace(STOPPED, limit=LIMIT, stop_limit=price("161"))), 322_000_000),
        (of(BUY, replace(STOPPED, limit=LIMIT)), 0),
        (of(BUY, replace(STOPPED, limit=LIMIT), Kind.LIMIT), 300_000_000),
    ],
)
def test_what_an_order_may_pay_at_the_most(order: Order, expected: int) -> None:
    assert most_in(order) == expected


def test_orders_may_be_worth_more_than_is_held() -> None:
    taken = committed([of(SELL), of(SELL), of(replace(BUY, limit=5))])
    assert taken == {"SOL": 3_000_000_000, "USDC": 5}
    assert Balance("SOL", 2_000_000_000, taken["SOL"]).available == 0
    assert Balance("USDC", 7, 5).available == 2
