"""Whatever price a client writes, however it names the pair, it reads the same back, and its inverse."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from dexec.api.order_body import OrderBody
from dexec.api.orders import order_view
from dexec.domain.amounts import format_decimal
from dexec.domain.tokens import TOKENS, decimals_of
from dexec.domain.waiting.prices import SIGNIFICANT, Unit
from dexec.domain.waiting.terms import Waiting, unit_of
from tests.contract.samples import new_order

pairs = st.permutations(list(TOKENS)).map(lambda names: names[:2])
numbers, exponents = st.integers(1, 10**18), st.integers(-15, 6)
figures = st.builds(lambda number, exponent: Decimal(number).scaleb(exponent), numbers, exponents)
spellings = st.sampled_from(("tokenIn", "inputToken", "buy", "sell"))


def body(pair: list[str], spelling: str, **fields: object) -> OrderBody:
    """Return an order of a pair, in a spelling."""
    names = {"tokenIn": ("tokenIn", "tokenOut"), "inputToken": ("inputToken", "outputToken")}
    first, second = names.get(spelling, ("baseAsset", "quoteAsset"))
    side = {} if spelling in names else {"side": spelling}
    return OrderBody.model_validate({first: pair[0], second: pair[1], **side, "amount": "1", **fields})


def view_of(order: OrderBody) -> dict[str, Any]:
    """Return what a client reads of an order that waits."""
    terms = order.to_terms()
    assert terms is not None
    waits = replace(new_order().order, request=order.to_request(50), waiting=Waiting.of(terms))
    return cast("dict[str, Any]", order_view(waits))


@given(pairs, spellings, figures, figures)
def test_prices_come_back_as_they_were_sent(
    pair: list[str], spelling: str, take: Decimal, stop: Decimal
) -> None:
    fields = {"takeProfit": {"targetPrice": take}, "stopLoss": {"stopPrice": format_decimal(stop)}}
    order = body(pair, spelling, orderType="oco", **fields)
    view = view_of(order)
    sent = {"takeProfit": ("limitPrice", take), "stopLoss": ("triggerPrice", stop)}
    for holder, (name, price) in sent.items():
        assert view[holder][name] == format_decimal(price)
        turned = Fraction(view["inverse"][holder][name])
        assert abs(turned * Fraction(price) - 1) <= Fraction(1, 10 ** (SIGNIFICANT - 1))
    # A side counts the base in the quote; without one, it is the token in that is priced.
    assert view["priceUnit"] == f"{pair[1]} per {pair[0]}"


@given(pairs, spellings, figures)
def test_a_price_means_the_same_in_any_spelling(pair: list[str], spelling: str, price: Decimal) -> None:
    terms = body(pair, spelling, orderType="limit", limitPrice=price).to_terms()
    assert terms is not None
    assert terms.limit is not None
    per_unit = Fraction(price) * Fraction(10) ** (decimals_of(pair[1]) - decimals_of(pair[0]))
    assert terms.limit.price.value == (1 / per_unit if spelling == "buy" else per_unit)


@given(pairs, spellings, figures)
def test_an_exit_counts_its_prices_its_own_way(pair: list[str], spelling: str, price: Decimal) -> None:
    entry = body(pair, spelling, takeProfit={"limitPrice": price})
    exits = entry.to_exits()
    assert exits is not None
    assert exits.limit is not None
    shown = exits.limit.price
    request = entry.to_request(50)
    assert (shown.pair.token_in, shown.pair.token_out) == (request.token_out, request.token_in)
    assert shown.text == format_decimal(price)
    has_side = spelling in ("buy", "sell")
    base, quote = (pair[0], pair[1]) if has_side else (shown.pair.token_in, shown.pair.token_out)
    assert shown.unit == f"{quote} per {base}"


@given(pairs, st.booleans(), figures)
def test_a_unit_reads_what_it_shows(pair: list[str], of_out: bool, price: Decimal) -> None:
    order = body(pair, "buy" if of_out else "sell", orderType="limit", limitPrice=price)
    terms = order.to_terms()
    assert terms is not None
    unit: Unit = unit_of(order.to_request(50), terms)
    text = unit.show(unit.value(format_decimal(price)))
    assert abs(Fraction(text) / Fraction(price) - 1) <= Fraction(1, 10 ** (SIGNIFICANT - 1))
