"""What clients send to amend and cancel: bodies, and what they make of an order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from dexec.api.amendments import AmendmentBody, CancelBody
from dexec.api.inputs import parse_frame
from dexec.domain.errors import Invalid
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.domain.quote import Mode, Pair, RouteRequest
from dexec.domain.waiting.amendment import amended
from dexec.domain.waiting.conditions import Kind, Limit, PriceType, Stop, Trail
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms, Waiting
from tests.support.fakes import START

PAIR = Pair("SOL", "USDC")
EXPIRY = START + timedelta(hours=1)
LIMIT = Terms(Limit(Price("160", PAIR)))
STOP = Terms(stop=Stop(Price("140", PAIR)))
TRAIL = Terms(stop=Trail(200))
ASLEEP = Terms(stop=Trail(200, Price("165", PAIR)))
OCO = Terms(Limit(Price("170", PAIR)), Stop(Price("140", PAIR)))


def an_order(terms: Terms, request: RouteRequest | None = None) -> Order:
    request = request or RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 10**9, deadline_s=60)
    return Order(
        id="ord_1",
        client_id="alice",
        label=None,
        request=request,
        status=Status.OPEN,
        seq=3,
        attempt=1,
        run_at=START,
        queued_at=START,
        created_at=START,
        updated_at=START,
        expires_at=EXPIRY,
        waiting=Waiting.of(terms),
    )


def amend(order: Order, **fields: object) -> Order:
    """Return an order with what a body makes of its request, terms and expiry."""
    waiting = order.waiting
    assert waiting is not None
    body = AmendmentBody.model_validate({"seq": 3, **fields})
    request, terms, expires_at = amended(order, waiting, body.wanted(), START)
    return replace(order, request=request, waiting=waiting.amended(terms), expires_at=expires_at)


def terms_of(order: Order) -> Terms:
    assert order.waiting is not None
    return order.waiting.terms


@pytest.mark.parametrize(
    ("before", "fields", "after"),
    [
        (LIMIT, {"limitPrice": "161.50"}, Terms(Limit(Price("161.5", PAIR)))),
        (LIMIT, {"targetPrice": 161}, Terms(Limit(Price("161", PAIR)))),
        (STOP, {"stopPrice": "139"}, Terms(stop=Stop(Price("139", PAIR)))),
        (STOP, {"limitPrice": "138"}, replace(STOP, stop_limit=Price("138", PAIR))),
        (replace(STOP, stop_limit=Price("138", PAIR)), {"limitPrice": None}, STOP),
        (
            STOP,
            {"triggerPriceType": "mid", "confirmTicks": 5},
            Terms(stop=Stop(Price("140", PAIR), PriceType.MID, 5)),
        ),
        (TRAIL, {"trailingBps": 300}, Terms(stop=Trail(300))),
        (ASLEEP, {"activationPrice": "170"}, Terms(stop=Trail(200, Price("170", PAIR)))),
        (ASLEEP, {"activationPrice": None}, TRAIL),
        (
            OCO,
            {"takeProfit": {"limitPrice": "180"}, "stopLoss": {"triggerPrice": "150"}},
            Terms(Limit(Price("180", PAIR)), Stop(Price("150", PAIR))),
        ),
        (OCO, {"takeProfit": None}, STOP),
        (OCO, {"stopLoss": None}, replace(OCO, stop=None)),
        (OCO, {"stopLoss": {"limitPrice": "139"}}, replace(OCO, stop_limit=Price("139", PAIR))),
    ],
)
def test_what_is_given_is_changed_and_nothing_else(
    before: Terms, fields: dict[str, object], after: Terms
) -> None:
    order = an_order(before)
    found = amend(order, **fields)
    assert terms_of(found) == after
    assert (found.request, found.expires_at) == (order.request, order.expires_at)


def test_prices_are_in_the_orders_own_unit() -> None:
    pair = Pair("USDC", "SOL")
    request = RouteRequest(Mode.EXACT_OUT, "USDC", "SOL", 10**9)
    order = an_order(Terms(Limit(Price("150", pair, of_out=True)), of_out=True), request)
    assert terms_of(amend(order, limitPrice="149")).limit == Limit(Price("149", pair, of_out=True))


def test_amount_and_limits_are_amended_in_whole_tokens() -> None:
    found = amend(an_order(LIMIT), amount="2.5", minAmountOut="300")
    assert (found.request.amount, found.request.limit) == (2_500_000_000, 300_000_000)
    assert found.request.deadline_s == 60
    assert amend(found, minAmountOut=None).request.limit is None


def test_a_later_expiry_takes_the_place_of_the_deadline() -> None:
    later = amend(an_order(LIMIT), expiresAt="2026-01-02T00:00:00+01:00")
    assert later.expires_at == START + timedelta(hours=23)
    assert later.request.deadline_s is None
    assert amend(later, expiresAt=None).expires_at is None


def test_an_amended_order_rests_no_longer_from_before() -> None:
    order = an_order(TRAIL)
    assert order.waiting is not None
    rested = replace(order.waiting, since=5).rested(START).rested(START)
    found = amend(replace(order, waiting=rested), trailingBps=300).waiting
    assert found is not None
    assert found.rests_until is None
    assert found.since == 5, "an active trail keeps what it has seen"
    stop = replace(Waiting.of(STOP), since=5).amended(replace(STOP, stop_limit=Price("1", PAIR)))
    assert stop.since is None, "ticks from now on count"


REFUSED: list[tuple[Terms, dict[str, object], str, str]] = [
    (LIMIT, {}, "", "name what is to be amended"),
    (
        LIMIT,
        {"triggerPrice": "1"},
        "triggerPrice",
        "of a limit order, only amount, expiresAt, limitPrice, max",
    ),
    (LIMIT, {"takeProfit": None}, "takeProfit", "cannot be amended of a limit order, only amount"),
    (OCO, {"limitPrice": "1"}, "limitPrice", "cannot be amended of an oco order, only amount"),
    (LIMIT, {"limitPrice": None}, "limitPrice", "all that the order waits for"),
    (LIMIT, {"targetPrice": "0"}, "targetPrice", "greater than zero"),
    (LIMIT, {"targetPrice": "1", "limitPrice": "1"}, "targetPrice", "another name of limitPrice"),
    (STOP, {"triggerPrice": None}, "triggerPrice", "must have a value"),
    (STOP, {"confirmTicks": None}, "confirmTicks", "must have a value"),
    (TRAIL, {"activationPrice": "170"}, "activationPrice", "follows the price already"),
    (OCO, {"takeProfit": None, "stopLoss": None}, "stopLoss", "nothing is left to wait for"),
    (OCO, {"takeProfit": {}}, "takeProfit", "name what is to be amended"),
    (OCO, {"stopLoss": {"trailingBps": 5}}, "stopLoss.trailingBps", "of this stopLoss, only confirmTicks"),
    (OCO, {"takeProfit": {"targetPrice": "x"}}, "takeProfit.targetPrice", "a plain decimal number"),
    (LIMIT, {"amount": None}, "amount", "must have a value"),
    (LIMIT, {"amount": "0"}, "amount", "greater than zero"),
    (LIMIT, {"maxAmountIn": "1"}, "maxAmountIn", "use minAmountOut"),
    (LIMIT, {"expiresAt": "2025-12-31T00:00:00Z"}, "expiresAt", "has passed already"),
    (LIMIT, {"expiresAt": "soon"}, "expiresAt", "ISO 8601"),
]


@pytest.mark.parametrize(("terms", "fields", "field", "message"), REFUSED)
def test_what_cannot_be_amended_is_refused_by_name(
    terms: Terms, fields: dict[str, object], field: str, message: str
) -> None:
    with pytest.raises(Invalid, match=message) as refused:
        amend(an_order(terms), **fields)
    assert refused.value.field == field


def test_an_exit_trades_what_its_entry_bought() -> None:
    with pytest.raises(Invalid, match="what its entry bought"):
        amend(replace(an_order(OCO), entry_id="ord_0"), amount="1")


def test_an_entry_names_the_exit_to_be_amended() -> None:
    with pytest.raises(Invalid, match="an order of its own: amend ord_9"):
        amend(replace(an_order(LIMIT), exit_id="ord_9"), takeProfit=None)


def test_a_stop_that_has_fired_takes_another_limit_only() -> None:
    order = an_order(STOP)
    fired = replace(order, waiting=Waiting.of(STOP, Kind.STOP))
    with pytest.raises(Invalid, match="its stop has fired"):
        amend(fired, triggerPrice="1")
    assert terms_of(amend(fired, limitPrice="139")).stop_limit == Price("139", PAIR)


@pytest.mark.parametrize("seq", [None, 0, "3", 2**31])
def test_the_seq_is_needed(seq: object) -> None:
    with pytest.raises(ValidationError, match="seq"):
        AmendmentBody.model_validate({"limitPrice": "1", **({} if seq is None else {"seq": seq})})


def test_all_is_cancelled_or_one_direction_of_a_pair() -> None:
    assert CancelBody.model_validate({}).to_pair() is None
    named = CancelBody.model_validate({"tokenIn": "sol", "tokenOut": "USDC"})
    assert named.to_pair() == PAIR
    for fields, missing in (({"tokenIn": "SOL"}, "tokenOut"), ({"tokenOut": "SOL"}, "tokenIn")):
        with pytest.raises(Invalid, match="name both tokens") as refused:
            CancelBody.model_validate(fields).to_pair()
        assert refused.value.field == missing


def test_frames_say_which_order() -> None:
    cancel = parse_frame('{"action": "cancel", "orderId": "ord_1", "id": 7}')
    assert (cancel.action, cancel.id) == ("cancel", 7)
    amendment = parse_frame('{"action": "amend", "orderId": "ord_1", "seq": 3, "limitPrice": null, "id": 7}')
    assert amendment.action == "amend"
    assert amendment.wanted().keys() == {"limitPrice"}
    with pytest.raises(Invalid, match="is missing"):
        parse_frame('{"action": "amend", "orderId": "ord_1"}')
