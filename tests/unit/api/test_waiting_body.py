"""Orders that wait, as clients write them: what is read, what is refused and in which words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from dexec.api.inputs import ExecuteFrame, parse_frame
from dexec.api.order_body import OrderBody
from dexec.domain.errors import Invalid
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Condition, Limit, PriceType, Stop, Trail
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import OrderType, Terms, TimeInForce

SWAP = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1}
BUY = {"side": "buy", "baseAsset": "SOL", "quoteAsset": "USDC", "amount": 1}
SELL = {**BUY, "side": "sell"}
AHEAD, BACK = Pair("SOL", "USDC"), Pair("USDC", "SOL")
IOC = TimeInForce.IOC


def body(**fields: object) -> OrderBody:
    """Return the order of a bare frame."""
    frame = parse_frame(json.dumps(SWAP | fields))
    assert isinstance(frame, ExecuteFrame)
    return frame.order


def at(text: str) -> Price:
    """Return a price of SOL in USDC, of a seller."""
    return Price(text, AHEAD)


@pytest.mark.parametrize(
    ("fields", "terms"),
    [
        ({}, None),
        ({"orderType": "market"}, None),
        ({"orderType": "limit", "limitPrice": "155.50"}, Terms(Limit(at("155.5")))),
        ({"orderType": "limit", "targetPrice": 160}, Terms(Limit(at("160")))),
        (
            {"orderType": "limit", "limitPrice": 160, "timeInForce": "ioc"},
            Terms(Limit(at("160")), time_in_force=IOC),
        ),
        ({"orderType": "stop", "triggerPrice": "140"}, Terms(stop=Stop(at("140")))),
        (
            {
                "orderType": "stop",
                "stopPrice": 140.5,
                "triggerPriceType": "mid",
                "confirmTicks": 5,
                "limitPrice": 138,
                "timeInForce": "gtc",
            },
            Terms(stop=Stop(at("140.5"), PriceType.MID, 5), stop_limit=at("138")),
        ),
        ({"orderType": "trailingStop", "trailingBps": 200}, Terms(stop=Trail(200))),
        (
            {"orderType": "trailingStop", "trailingBps": 9000, "activationPrice": 165, "limitPrice": "130"},
            Terms(stop=Trail(9000, at("165")), stop_limit=at("130")),
        ),
        (
            {"orderType": "oco", "takeProfit": {"limitPrice": 170}, "stopLoss": {"triggerPrice": 140}},
            Terms(Limit(at("170")), Stop(at("140"))),
        ),
        (
            {
                "orderType": "oco",
                "takeProfit": {"targetPrice": 170},
                "stopLoss": {
                    "trailingBps": 300,
                    "activationPrice": 165,
                    "confirmTicks": 1,
                    "limitPrice": 120,
                },
            },
            Terms(Limit(at("170")), Trail(300, at("165"), confirm_ticks=1), at("120")),
        ),
    ],
)
def test_what_each_type_waits_for(fields: dict[str, object], terms: Terms | None) -> None:
    order = body(**fields)
    assert order.to_terms() == terms
    assert order.to_exits() is None
    if terms is not None:
        assert order.order_type is terms.order_type


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        (
            {"limitPrice": 1},
            "limitPrice",
            "does not apply to a market order, only to limit, stop and trailingStop",
        ),
        ({"limitPrice": 1}, "limitPrice", "orders: set orderType"),
        ({"timeInForce": "gtc"}, "timeInForce", "does not apply to a market order"),
        ({"orderType": "limit"}, "limitPrice", "is missing: the price at which it is to trade, or better"),
        ({"orderType": "limit", "limitPrice": 0}, "limitPrice", "must be greater than zero"),
        ({"orderType": "limit", "limitPrice": "-1"}, "limitPrice", "must be greater than zero"),
        ({"orderType": "limit", "limitPrice": "much"}, "limitPrice", "must be a plain decimal number"),
        ({"orderType": "limit", "limitPrice": "1e3"}, "limitPrice", "must be a plain decimal number"),
        ({"orderType": "limit", "limitPrice": True}, "limitPrice", "must be a plain decimal number"),
        ({"orderType": "limit", "limitPrice": 10**41}, "limitPrice", "has too many digits"),
        (
            {"orderType": "limit", "limitPrice": 1, "targetPrice": 1},
            "targetPrice",
            "is another name of limitPrice",
        ),
        ({"orderType": "limit", "limitPrice": 1, "triggerPrice": 1}, "triggerPrice", "only to stop orders"),
        (
            {"orderType": "limit", "limitPrice": 1, "confirmTicks": 1},
            "confirmTicks",
            "stop and trailingStop orders",
        ),
        (
            {"orderType": "limit", "limitPrice": 1, "timeInForce": "fok"},
            "timeInForce",
            "must be 'gtc' or 'ioc'",
        ),
        ({"orderType": "stop"}, "triggerPrice", "is missing: the price at which it is to stop"),
        (
            {"orderType": "stop", "triggerPrice": 1, "stopPrice": 1},
            "stopPrice",
            "is another name of triggerPrice",
        ),
        (
            {"orderType": "stop", "triggerPrice": 1, "trailingBps": 1},
            "trailingBps",
            "only to trailingStop orders",
        ),
        ({"orderType": "stop", "triggerPrice": 1, "targetPrice": 1}, "targetPrice", "only to limit orders"),
        ({"orderType": "stop", "triggerPrice": 1, "confirmTicks": 0}, "confirmTicks", "must be at least 1"),
        ({"orderType": "stop", "triggerPrice": 1, "confirmTicks": 11}, "confirmTicks", "must be at most 10"),
        ({"orderType": "stop", "triggerPrice": 1, "confirmTicks": "2"}, "confirmTicks", "must be an integer"),
        (
            {"orderType": "stop", "triggerPrice": 1, "triggerPriceType": "last"},
            "triggerPriceType",
            "must be 'reference' or 'mid'",
        ),
        (
            {"orderType": "trailingStop"},
            "trailingBps",
            "is missing: how far it trails the market, in bps; 200 is 2 %",
        ),
        ({"orderType": "trailingStop", "trailingBps": 0}, "trailingBps", "must be at least 1"),
        ({"orderType": "trailingStop", "trailingBps": 9001}, "trailingBps", "must be at most 9000"),
        ({"orderType": "trailingStop", "trailingBps": 2.5}, "trailingBps", "must be an integer"),
        (
            {"orderType": "trailingStop", "trailingBps": 1, "triggerPrice": 1},
            "triggerPrice",
            "only to stop orders",
        ),
        ({"orderType": "oco"}, "takeProfit", "is missing: an oco order has takeProfit and stopLoss"),
        ({"orderType": "oco", "takeProfit": {"limitPrice": 1}}, "stopLoss", "is missing: an oco order has"),
        (
            {"orderType": "oco", "limitPrice": 1},
            "limitPrice",
            "belongs inside takeProfit or stopLoss of an oco order",
        ),
        ({"orderType": "oco", "triggerPrice": 1}, "triggerPrice", "belongs inside stopLoss of an oco order"),
        ({"orderType": "oco", "targetPrice": 1}, "targetPrice", "belongs inside takeProfit of an oco order"),
        ({"orderType": "oco", "timeInForce": "ioc"}, "timeInForce", "does not apply to an oco order"),
        ({"takeProfit": {}}, "takeProfit.limitPrice", "is missing"),
        ({"takeProfit": 170}, "takeProfit", "must be a JSON object"),
        ({"takeProfit": {"price": 170}}, "takeProfit.price", "is not a known field"),
        (
            {"takeProfit": {"limitPrice": 1, "targetPrice": 1}},
            "takeProfit.targetPrice",
            "another name of limitPrice",
        ),
        (
            {"stopLoss": {}},
            "stopLoss.triggerPrice",
            "is missing: the price at which it is to stop, or trailingBps",
        ),
        ({"stopLoss": {"triggerPrice": "x"}}, "stopLoss.triggerPrice", "must be a plain decimal number"),
        ({"stopLoss": {"confirmTicks": 11}}, "stopLoss.confirmTicks", "must be at most 10"),
        (
            {"stopLoss": {"stopPrice": 1, "trailingBps": 1}},
            "stopLoss.stopPrice",
            "cannot be combined with trailingBps",
        ),
        (
            {"stopLoss": {"stopPrice": 1, "activationPrice": 2}},
            "stopLoss.activationPrice",
            "applies to a stop that trails only: give trailingBps",
        ),
        (
            {"deadline": 30, "expiresAt": "2030-01-01T00:00:00Z"},
            "expiresAt",
            "cannot be combined with deadline",
        ),
        ({"expiresAt": "soon"}, "expiresAt", "must be a time in ISO 8601"),
        ({"expiresAt": "2030-01-01T00:00:00"}, "expiresAt", "must have its offset from UTC"),
        ({"expiresAt": "0001-01-01T00:00:00+14:00"}, "expiresAt", "must be a time in ISO 8601"),
        ({"expiresAt": 1_900_000_000}, "expiresAt", "must be a string"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(fields: dict[str, object], field: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(body(**fields))
    assert refused.value.field == field
    assert words in str(refused.value)


def read(order: OrderBody) -> None:
    """Read all that an order says."""
    order.to_request(50)
    order.to_terms()
    order.to_exits()
    order.to_expiry()


@pytest.mark.parametrize("order_type", ["market", "limit", "stop", "trailingStop"])
def test_any_entry_may_have_exits_for_what_it_buys(order_type: str) -> None:
    waits: dict[str, dict[str, object]] = {
        "limit": {"limitPrice": 1},
        "stop": {"triggerPrice": 1},
        "trailingStop": {"trailingBps": 1},
    }
    given = {"orderType": order_type, **waits.get(order_type, {})}
    both = body(**given, takeProfit={"limitPrice": "0.005"}, stopLoss={"triggerPrice": "0.0075"}).to_exits()
    # What it buys is USDC: without a side, a price of the exit is SOL per USDC.
    assert both == Terms(Limit(Price("0.005", BACK)), Stop(Price("0.0075", BACK)))
    assert both.order_type is OrderType.OCO
    profit = body(**given, takeProfit={"targetPrice": "0.005"}).to_exits()
    assert profit is not None
    assert profit.order_type is OrderType.LIMIT
    trail = body(**given, stopLoss={"trailingBps": 100}).to_exits()
    assert trail is not None
    assert trail.order_type is OrderType.TRAILING_STOP


def price_of(condition: Condition | None) -> Price:
    """Return the price of a limit or a stop."""
    assert isinstance(condition, Limit | Stop)
    return condition.price


def test_with_a_side_every_price_is_quote_per_base() -> None:
    exits = {"takeProfit": {"limitPrice": 170}, "stopLoss": {"triggerPrice": 140}}
    bought = OrderBody.model_validate({**BUY, "orderType": "limit", "limitPrice": 150, **exits})
    entry, exit_ = bought.to_terms(), bought.to_exits()
    assert entry is not None
    assert exit_ is not None
    assert price_of(entry.limit) == Price("150", BACK, of_out=True)
    assert (price_of(exit_.limit), price_of(exit_.stop)) == (Price("170", AHEAD), Price("140", AHEAD))
    assert (entry.of_out, exit_.of_out) == (True, False)
    sold = OrderBody.model_validate({**SELL, "orderType": "stop", "triggerPrice": 150, **exits})
    entry, exit_ = sold.to_terms(), sold.to_exits()
    assert entry is not None
    assert exit_ is not None
    assert price_of(entry.stop) == Price("150", AHEAD)
    assert price_of(exit_.limit) == Price("170", BACK, of_out=True)
    assert (entry.of_out, exit_.of_out) == (False, True)
    # A trail without any price knows in which unit its client reads.
    trail = OrderBody.model_validate({**BUY, "orderType": "trailingStop", "trailingBps": 50}).to_terms()
    assert trail is not None
    assert trail.of_out


def test_an_order_expires_at_a_time_to_the_millisecond() -> None:
    assert body().to_expiry() is None
    assert body(expiresAt="2030-01-31T12:00:00.123456+02:00").to_expiry() == datetime(
        2030, 1, 31, 10, 0, 0, 123_000, tzinfo=UTC
    )


def test_a_price_is_never_a_float() -> None:
    swap = '"tokenIn":"SOL","tokenOut":"USDC","amount":1'
    frame = parse_frame("{" + swap + ',"orderType":"limit","limitPrice":155.00000000000000001}')
    assert isinstance(frame, ExecuteFrame)
    assert frame.order.limit_price == Decimal("155.00000000000000001")
    terms = frame.order.to_terms()
    assert terms is not None
    assert price_of(terms.limit).text == "155.00000000000000001"
