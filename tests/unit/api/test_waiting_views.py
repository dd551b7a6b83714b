"""What clients see of orders that wait: their terms as sent and turned round, events, the market."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any, cast

import pytest

from dexec.api import frames
from dexec.api.order_body import OrderBody
from dexec.api.orders import accepted, event_view, marks_of, order_page, order_view, order_with_events
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Accepted, Activated, Detail, Event, Order, Refused, Triggered, Withdrawal
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Kind, PriceType
from dexec.domain.waiting.sights import Mark, Seen, Sight
from dexec.domain.waiting.steps import activate, trigger
from dexec.domain.waiting.terms import Waiting
from tests.contract.samples import new_order
from tests.support.fakes import START

SWAP = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1}
BUY = {"side": "buy", "baseAsset": "SOL", "quoteAsset": "USDC", "amount": 1}
OCO = {"orderType": "oco", "takeProfit": {"limitPrice": 170}, "stopLoss": {"triggerPrice": 140}}
TRAIL = {"orderType": "trailingStop", "trailingBps": 1000}


def waiting(fields: dict[str, object], status: Status = Status.OPEN, **waits: Any) -> Order:
    """Return an order that waits for what a body says."""
    body = OrderBody.model_validate(fields)
    terms = body.to_terms()
    assert terms is not None
    state = replace(Waiting.of(terms), **waits)
    return replace(new_order().order, request=body.to_request(50), status=status, waiting=state)


def shown(fields: dict[str, object]) -> dict[str, Any]:
    """Return the view of an open order."""
    return cast("dict[str, Any]", order_view(waiting(fields)))


def test_what_was_asked_is_shown_as_sent_under_the_main_names() -> None:
    stop = {"orderType": "stop", "stopPrice": "140.50", "limitPrice": 138, "timeInForce": "ioc"}
    view = shown({**SWAP, **stop})
    asked = ("orderType", "triggerPrice", "limitPrice", "triggerPriceType", "confirmTicks", "timeInForce")
    assert [view[name] for name in asked] == ["stop", "140.5", "138", "reference", 2, "ioc"]
    assert (view["priceUnit"], view["startsAt"], view["fired"]) == ("USDC per SOL", None, None)
    assert view["inverse"] == {"triggerPrice": "0.00711743772242", "limitPrice": "0.00724637681159"}
    assert not {"stopPrice", "takeProfit", "stopLoss", "trailingBps"} & view.keys()


def test_an_oco_shows_both_of_its_conditions() -> None:
    stop = {"trailingBps": 300, "activationPrice": "150", "limitPrice": "100", "triggerPriceType": "mid"}
    view = shown({**BUY, "orderType": "oco", "takeProfit": {"targetPrice": "140"}, "stopLoss": stop})
    assert view["takeProfit"] == {"limitPrice": "140"}
    assert view["stopLoss"] == {**stop, "confirmTicks": 2}
    assert view["priceUnit"] == "USDC per SOL"
    assert view["inverse"] == {
        "takeProfit": {"limitPrice": "0.00714285714286"},
        "stopLoss": {"activationPrice": "0.00666666666667", "limitPrice": "0.01"},
    }
    assert "limitPrice" not in view


def test_a_market_order_shows_nothing_of_it() -> None:
    view = order_view(new_order().order)
    assert (view["orderType"], view["market"], view["fired"], view["exitId"]) == ("market", None, None, None)
    assert not {"timeInForce", "priceUnit", "inverse", "limitPrice"} & view.keys()
    assert view["startsAt"] == "2026-01-01T00:00:00.000Z"


def test_the_answer_to_a_bracket_names_its_exit_and_no_start() -> None:
    order = replace(waiting({**SWAP, **OCO}), exit_id="ord_2", entry_id="ord_0", expires_at=START)
    answer = accepted(order, "wss://x")
    assert (answer["status"], answer["startsAt"], answer["exitId"]) == ("open", None, "ord_2")
    frame = frames.accepted(1, order)
    assert (frame["status"], frame["startsAt"], frame["exitId"]) == ("open", None, "ord_2")
    view = order_view(order)
    assert (view["exitId"], view["entryId"], view["expiresAt"]) == (
        "ord_2",
        "ord_0",
        "2026-01-01T00:00:00.000Z",
    )
    assert "exitId" not in accepted(new_order().order, "wss://x")


def seen(mark: Mark, reference: int, mid: int, highest: tuple[int, int] | None = None) -> dict[Mark, Seen]:
    """Return what was seen of the market, in USDC per SOL."""

    def scaled(price: int) -> Fraction:
        per_unit = Fraction(price, 1000)
        return per_unit if mark.pair.token_in == "SOL" else 1 / per_unit

    best = None if highest is None else (scaled(highest[0]), scaled(highest[1]))
    return {mark: Seen(Sight(7, START, scaled(reference), scaled(mid)), best)}


SELLING, BUYING = Pair("SOL", "USDC"), Pair("USDC", "SOL")


@pytest.mark.parametrize(
    ("fields", "waits", "distance"),
    [
        ({**SWAP, "orderType": "limit", "limitPrice": 165}, {}, 1000),
        ({**SWAP, "orderType": "limit", "limitPrice": 150}, {}, 0),
        ({**SWAP, "orderType": "stop", "triggerPrice": 120}, {}, 2000),
        ({**SWAP, "orderType": "stop", "triggerPrice": 144, "triggerPriceType": "mid"}, {}, 1000),
        ({**SWAP, **OCO}, {}, 667),
        ({**SWAP, **OCO}, {"fired": Kind.STOP}, None),
        (
            {**SWAP, "orderType": "stop", "triggerPrice": 160, "limitPrice": 165},
            {"fired": Kind.STOP},
            1000,
        ),
        ({**SWAP, **TRAIL, "activationPrice": 165}, {}, 1000),
        # A buyer waits for the price to fall, and his stop for it to rise.
        ({**BUY, "orderType": "limit", "limitPrice": 135}, {}, 1000),
        ({**BUY, "orderType": "stop", "triggerPrice": 165}, {}, 1000),
    ],
)
def test_how_far_the_market_is_from_the_nearest_trigger(
    fields: dict[str, object], waits: dict[str, Any], distance: int | None
) -> None:
    order = waiting(fields, **waits)
    (mark,) = marks_of([order])
    assert mark == Mark(BUYING if "side" in fields else SELLING)
    market = order_view(order, seen(mark, 150, 160))["market"]
    assert market == {
        "slot": 7,
        "at": "2026-01-01T00:00:00.000Z",
        "price": "150",
        "mid": "160",
        "distanceBps": distance,
    }


def test_a_trail_shows_where_its_stop_stands() -> None:
    order = waiting({**SWAP, **TRAIL}, since=3)
    (mark,) = marks_of([order])
    assert mark == Mark(SELLING, 3)
    market = order_view(order, seen(mark, 150, 160, (200, 210)))["market"]
    assert market is not None
    # 180 is above the market: the ticks that confirm it are still to come.
    assert (market["stopPrice"], market["distanceBps"]) == ("180", -2000)
    by_mid = waiting({**SWAP, **TRAIL, "triggerPriceType": "mid"}, since=3)
    market = order_view(by_mid, seen(mark, 150, 200, (200, 210)))["market"]
    assert market is not None
    assert (market["stopPrice"], market["distanceBps"]) == ("189", 550)
    market = order_view(order, seen(mark, 150, 160))["market"]
    assert market is not None
    assert market["distanceBps"] is None
    assert "stopPrice" not in market
    asleep = waiting({**SWAP, **TRAIL, "activationPrice": 165}, since=3)
    assert marks_of([asleep]) == {Mark(SELLING)}


def test_only_open_orders_show_the_market_and_have_it_read() -> None:
    order = waiting({**SWAP, **OCO})
    ticks = seen(Mark(SELLING), 150, 160)
    assert order_view(order)["market"] is None
    for status in set(Status) - {Status.OPEN}:
        other = replace(order, status=status)
        assert marks_of([other]) == set()
        assert order_view(other, ticks)["market"] is None
    assert marks_of([new_order().order]) == set()
    (view,) = order_page([order], None, ticks)["orders"]
    assert view["market"] is not None
    assert order_with_events(order, [], ticks)["market"] is not None


def told(status: Status, step: Step | None, detail: Detail) -> dict[str, Any]:
    """Return what an event says beside its head."""
    view = cast("dict[str, Any]", event_view(Event("ord_1", 1, status, step, 1, detail, START)))
    return {
        name: value for name, value in view.items() if name not in ("seq", "status", "step", "attempt", "at")
    }


def test_the_first_event_says_what_is_waited_for() -> None:
    order = waiting({**SWAP, **OCO})
    assert order.waiting is not None
    view = told(Status.OPEN, None, Accepted("mine", order.request, order.waiting.terms))
    assert (view["orderType"], view["takeProfit"]) == ("oco", {"limitPrice": "170"})
    assert (view["clientOrderId"], view["amount"], view["priceUnit"]) == ("mine", "1", "USDC per SOL")
    plain = told(Status.PENDING, None, Accepted("mine", order.request))
    assert not {"orderType", "priceUnit", "timeInForce"} & plain.keys()


def test_events_show_prices_in_the_unit_of_their_order() -> None:
    for fields, price, threshold in (
        ({**SWAP, "orderType": "limit", "limitPrice": 160}, Fraction(161, 1000), Fraction(160, 1000)),
        ({**BUY, "orderType": "limit", "limitPrice": 160}, Fraction(1000, 161), Fraction(1000, 160)),
    ):
        order = waiting(fields)
        change = trigger(order, START, Triggered(Kind.LIMIT, price, threshold, PriceType.REFERENCE, 9))
        (event,) = change.events
        assert told(event.status, event.step, event.detail) == {
            "by": "limit",
            "price": "161",
            "threshold": "160",
            "priceType": "reference",
            "slot": 9,
        }
    sleeping = waiting({**BUY, **TRAIL, "activationPrice": 150})
    (event,) = activate(sleeping, START, Activated(Fraction(1000, 150), 9)).events
    assert (event.status, event.step) == (Status.OPEN, Step.ACTIVATED)
    assert told(event.status, event.step, event.detail) == {"price": "150", "slot": 9}


def test_what_holds_an_order_back_or_ends_it_is_said() -> None:
    error = {"code": "cancelled", "message": "no"}
    failure = Failure("cancelled", "no")
    retry = Triggered(Kind.RETRY)
    assert told(Status.TRIGGERED, None, retry) == {"by": "retry", "priceType": "reference"}
    assert told(Status.OPEN, Step.RELEASED, failure) == {"error": error}
    assert told(Status.EXPIRED, None, failure) == {"error": error}
    assert told(Status.CANCELLED, None, Withdrawal("client", failure)) == {"by": "client", "error": error}
    assert told(Status.OPEN, Step.REFUSED, Refused("collar", "12 bps", "10 bps")) == {
        "rule": "collar",
        "observed": "12 bps",
        "allowed": "10 bps",
    }
