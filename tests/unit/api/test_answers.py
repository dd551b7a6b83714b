"""Types of answers that repeat each other stay alike."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_type_hints

from dexec.api import answers, asked_answers, event_answers, frames
from dexec.api.explain import explain_fill
from dexec.api.orders import event_view, order_view, order_with_events
from dexec.api.routes import RouteDetails, fill_details, route_details
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Event
from dexec.domain.quote import Mode
from tests.contract.samples import FILL, ROUTE, new_order
from tests.support.fakes import START

EVENT = Event("ord_1", 1, Status.ROUTING, Step.QUOTES, 1, None, START)


def test_an_event_can_have_all_that_a_route_has() -> None:
    assert get_type_hints(RouteDetails).keys() <= get_type_hints(event_answers.RoutingEvent).keys()


def test_an_order_has_every_field_of_its_type() -> None:
    optional = {"minAmountOut", "maxAmountIn", "deadline", *get_type_hints(asked_answers.Asked)}
    order = new_order().order
    assert order_view(order).keys() == get_type_hints(answers.Order).keys() - optional
    limited = replace(order, request=replace(order.request, limit=155_500_000, deadline_s=30))
    shown = order_view(limited)
    assert (shown["minAmountOut"], shown["deadline"]) == ("155.5", 30)
    asked = replace(order.request, mode=Mode.EXACT_OUT, limit=1_500_000_000)
    assert order_view(replace(order, request=asked))["maxAmountIn"] == "1.5"
    found = order_with_events(new_order().order, [EVENT])
    assert found.keys() == get_type_hints(answers.OrderWithEvents).keys() - optional


def test_the_answer_to_one_order_explains_its_fill() -> None:
    order = new_order().order
    assert order_with_events(order, [EVENT])["explanation"] is None
    assert order_with_events(replace(order, route=ROUTE), [EVENT])["explanation"] is None
    shown = order_with_events(replace(order, route=ROUTE, fill=FILL), [EVENT])
    assert shown["explanation"] == explain_fill(route_details(ROUTE), fill_details(FILL))
    causes = [part["cause"] for part in shown["explanation"]["parts"]]
    assert causes == ["fees", "impact", "rounding", "drift"]


def test_states_and_modes_are_plain_words_in_json() -> None:
    shown = json.loads(frames.encode(order_view(new_order().order)))
    assert (shown["status"], shown["mode"]) == ("pending", "exactIn")
    assert json.loads(frames.encode(event_view(EVENT)))["step"] == "quotes"


def test_a_frame_of_one_event_has_no_earlier_ones() -> None:
    assert "earlier" not in frames.status_frame([EVENT])
    frame = frames.status_frame([EVENT, replace(EVENT, seq=2)])
    assert (frame["seq"], [event["seq"] for event in frame["earlier"]]) == (2, [1])


def test_an_answer_has_the_id_of_its_frame_where_that_has_one() -> None:
    assert frames.pong(0) == {"type": "pong", "id": 0}
    assert frames.pong(None) == {"type": "pong"}
    assert frames.ack("a", "ord_1") == {"type": "ack", "id": "a", "orderId": "ord_1"}
    assert frames.ack(None, "ord_1") == {"type": "ack", "orderId": "ord_1"}
