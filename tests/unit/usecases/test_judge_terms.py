"""What the market says of terms: due at once, refused in the trader's words, or they wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from dexec.domain.errors import ExitsCross, NoPrice, WouldTrigger
from dexec.domain.quote import Mode, Pair, RouteRequest
from dexec.domain.waiting.conditions import Kind, Limit, PriceType, Stop, Trail
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms, TimeInForce
from dexec.ports import BookTick
from dexec.usecases.judge_terms import JudgeTerms
from dexec.usecases.reference import Look, Prices
from tests.support.fakes import FakeClock, FakeTicks, Store

SELL, BUY = Pair("SOL", "USDC"), Pair("USDC", "SOL")
SELLS = RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 1_500_000_000)
BUYS = RouteRequest(Mode.EXACT_IN, "USDC", "SOL", 150_000_000)


def price(text: str, pair: Pair = SELL) -> Price:
    """Return a price in USDC per SOL, whichever way is traded."""
    return Price(text, pair, of_out=pair == BUY)


class Market:
    """SOL at 150 USDC, by the newest tick if there is one, and else by a look."""

    def __init__(self, usdc: str = "150", mid: str = "151", tick_age_s: float | None = 1.0) -> None:
        self.clock = FakeClock()
        self.age_s = tick_age_s
        self.looks = 0
        self.found = {pair: Prices(price(usdc, pair).value, price(mid, pair).value) for pair in (SELL, BUY)}

    @property
    def ticks(self) -> FakeTicks:
        store = Store()
        for pair, found in self.found.items() if self.age_s is not None else ():
            at = self.clock.now() - timedelta(seconds=self.age_s or 0)
            store.ticks[pair].append(BookTick(pair, 7, at, found.reference, found.mid))
        return FakeTicks(store)

    def look(self, pairs: Sequence[Pair]) -> Look:
        self.looks += 1
        found = {pair: self.found[pair] for pair in pairs if pair in self.found}
        return Look(self.clock.now(), 8, found, frozenset(), ())

    def judge(self, request: RouteRequest, terms: Terms | None, exits: Terms | None = None) -> Kind | None:
        return JudgeTerms(self.ticks, self.look, self.clock)(request, terms, exits)


def limit(text: str, pair: Pair = SELL, tif: TimeInForce = TimeInForce.GTC) -> Terms:
    return Terms(limit=Limit(price(text, pair)), time_in_force=tif)


def stop(text: str, pair: Pair = SELL, price_type: PriceType = PriceType.REFERENCE) -> Terms:
    return Terms(stop=Stop(price(text, pair), price_type))


def pair_of_exits(profit: str, loss: str, pair: Pair) -> Terms:
    return Terms(limit=Limit(price(profit, pair)), stop=Stop(price(loss, pair)))


@pytest.mark.parametrize(
    ("request_", "text", "fired"),
    [
        (SELLS, "150", Kind.LIMIT),
        (SELLS, "150.000001", None),
        (SELLS, "149", Kind.LIMIT),
        (BUYS, "150", Kind.LIMIT),
        (BUYS, "149.999999", None),
        (BUYS, "151", Kind.LIMIT),
    ],
)
def test_a_limit_is_due_at_once_where_the_reference_meets_it(
    request_: RouteRequest, text: str, fired: Kind | None
) -> None:
    pair = Pair(request_.token_in, request_.token_out)
    assert Market().judge(request_, limit(text, pair)) is fired


def test_a_limit_that_tries_once_is_due_whatever_the_price() -> None:
    market = Market(tick_age_s=None)
    assert market.judge(SELLS, limit("999", tif=TimeInForce.IOC)) is Kind.LIMIT
    assert market.looks == 0


@pytest.mark.parametrize(
    ("request_", "terms", "says"),
    [
        (SELLS, stop("150"), "the reference price is 150 USDC per SOL now, at the trigger price of 150"),
        (SELLS, stop("160"), "is 150 USDC per SOL now, below the trigger price of 160"),
        (BUYS, stop("140", BUY), "is 150 USDC per SOL now, above the trigger price of 140. Name"),
        (SELLS, stop("151", price_type=PriceType.MID), "the mid price is 151 USDC per SOL now, at"),
        (SELLS, pair_of_exits("170", "160", SELL), "below the trigger price of 160"),
    ],
)  # fmt: skip
def test_a_stop_that_is_through_is_refused_with_both_prices(
    request_: RouteRequest, terms: Terms, says: str
) -> None:
    with pytest.raises(WouldTrigger, match=says) as refused:
        Market().judge(request_, terms)
    assert refused.value.field == ("triggerPrice" if terms.limit is None else "stopLoss.triggerPrice")


@pytest.mark.parametrize(
    ("request_", "terms"),
    [
        (SELLS, stop("149.999999")),
        (BUYS, stop("150.000001", BUY)),
        (SELLS, stop("150.5")),
        (SELLS, Terms(stop=Trail(100))),
        (SELLS, pair_of_exits("170", "140", SELL)),
    ],
)
def test_a_stop_that_is_not_reached_waits(request_: RouteRequest, terms: Terms) -> None:
    market = Market() if terms != stop("150.5") else Market(usdc="151")
    assert market.judge(request_, terms) is None


def test_a_take_profit_that_is_met_is_due_at_once() -> None:
    assert Market().judge(SELLS, pair_of_exits("150", "140", SELL)) is Kind.LIMIT


@pytest.mark.parametrize(("age_s", "looks"), [(2, 0), (2.001, 1), (None, 1)])
def test_a_tick_of_over_two_seconds_says_nothing(age_s: float | None, looks: int) -> None:
    market = Market(tick_age_s=age_s)
    assert market.judge(SELLS, limit("150")) is Kind.LIMIT
    assert market.looks == looks


def test_without_a_price_a_stop_is_refused_and_a_limit_waits() -> None:
    market = Market(tick_age_s=None)
    market.found = {}
    with pytest.raises(NoPrice, match="no price of SOL in USDC now"):
        market.judge(SELLS, stop("140"))
    assert market.judge(SELLS, limit("140")) is None


@pytest.mark.parametrize(
    ("terms", "exits", "says"),
    [
        (None, pair_of_exits("170", "140", SELL), None),
        (None, pair_of_exits("150", "140", SELL), "profit of 150 USDC per SOL has to be above the price"),
        (None, pair_of_exits("170", "150", SELL), "stop-loss of 150 USDC per SOL has to be below the price"),
        (None, pair_of_exits("160", "160", SELL), "take-profit of 160 USDC per SOL has to be above the stop"),
        (limit("140", BUY), pair_of_exits("145", "135", SELL), None),
        (limit("140", BUY), pair_of_exits("140", "135", SELL), "has to be above the entry, 140"),
        (limit("140", BUY), pair_of_exits("145", "141", SELL), "has to be below the entry, 140"),
        (stop("160", BUY), pair_of_exits("159", "140", SELL), "has to be above the entry, 160"),
        (stop("160", BUY), pair_of_exits("170", "155", SELL), None),
        (Terms(stop=Trail(100)), pair_of_exits("100", "90", SELL), None),
        (limit("140", BUY), Terms(stop=Trail(500)), None),
    ],
)  # fmt: skip
def test_exits_have_to_be_on_their_sides_of_the_entry(
    terms: Terms | None, exits: Terms, says: str | None
) -> None:
    market = Market()
    if says is None:
        assert market.judge(BUYS, terms, exits) is None
        return
    with pytest.raises(ExitsCross, match=says):
        market.judge(BUYS, terms, exits)


def test_exits_of_a_sale_are_on_the_other_sides() -> None:
    """Who sells short of a rise buys back: take profit below, stop above."""
    market = Market()
    assert market.judge(SELLS, None, pair_of_exits("140", "160", BUY)) is None
    for crossed, says in (
        (pair_of_exits("150", "160", BUY), "take-profit of 150 USDC per SOL has to be below the price now"),
        (pair_of_exits("140", "150", BUY), "stop-loss of 150 USDC per SOL has to be above the price now"),
        (pair_of_exits("155", "152", BUY), "has to be below the stop-loss of 152"),
    ):
        with pytest.raises(ExitsCross, match=says):
            market.judge(SELLS, None, crossed)


def test_a_take_profit_is_on_the_better_side_of_the_stop_loss_beside_it() -> None:
    with pytest.raises(ExitsCross, match="140 USDC per SOL has to be above the stop-loss of 145"):
        Market().judge(SELLS, pair_of_exits("140", "145", SELL))
