"""Views of orders and events for clients, over HTTP and the WebSocket alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import NotRequired, TypedDict, cast

from dexec.api import answers, asked_answers, event_answers
from dexec.api.explain import Explanation, explain_fill
from dexec.api.routes import fill_details, route_details
from dexec.api.times import iso, iso_or_none
from dexec.api.waiting_views import fired_view, mark_of, market_view, terms_view
from dexec.domain.error_code import ErrorCode
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import RESTING
from dexec.domain.order import (
    Accepted,
    Activated,
    Detail,
    Event,
    Filled,
    Order,
    Refused,
    Signed,
    Triggered,
    Withdrawal,
)
from dexec.domain.quote import Mode, RouteRequest
from dexec.domain.recorded import RecordedRoute
from dexec.domain.tokens import format_units
from dexec.domain.waiting.prices import Unit, decimal_text
from dexec.domain.waiting.sights import Mark, Seen
from dexec.domain.waiting.terms import OrderType, Terms

_CODES = frozenset(ErrorCode)


NO_TICKS: Mapping[Mark, Seen] = {}
"""What is seen of the market where nothing was read: no order is shown with it."""


def request_view(request: RouteRequest) -> asked_answers.Request:
    """Return what the client asked for; ``amount`` counts the token that its mode fixes."""
    view: asked_answers.Request = {
        "mode": request.mode,
        "tokenIn": request.token_in,
        "tokenOut": request.token_out,
        "amount": format_units(request.amount, request.exact_token),
        "slippageBps": request.slippage_bps,
    }
    if request.limit is not None:
        limit = format_units(request.limit, request.open_token)
        if request.mode is Mode.EXACT_IN:
            view["minAmountOut"] = limit
        else:
            view["maxAmountIn"] = limit
    if request.deadline_s is not None:
        view["deadline"] = request.deadline_s
    return view


def order_view(order: Order, ticks: Mapping[Mark, Seen] = NO_TICKS) -> answers.Order:
    """Return an order without its events; ``ticks`` is what was seen of the market of open ones."""
    fill = None if order.fill is None else fill_details(order.fill)
    terms = None if order.waiting is None else order.waiting.terms
    mark = mark_of(order)
    return {
        "orderId": order.id,
        "clientOrderId": order.label,
        "label": order.label,
        "orderType": OrderType.MARKET if terms is None else terms.order_type,
        "status": order.status,
        "seq": order.seq,
        "attempt": order.attempt,
        **request_view(order.request),
        **_terms(terms, order.request),
        "expiresAt": iso_or_none(order.expires_at),
        "entryId": order.entry_id,
        "exitId": order.exit_id,
        "fired": fired_view(order.waiting),
        "market": None if mark is None else market_view(order, ticks.get(mark)),
        "amountIn": None if fill is None else fill["amountIn"],
        "amountOut": None if fill is None else fill["amountOut"],
        "createdAt": iso(order.created_at),
        "updatedAt": iso(order.updated_at),
        "startsAt": iso_or_none(turn_of(order)),
        "route": None if order.route is None else route_details(order.route),
        "signature": order.signature,
        "fill": fill,
        "error": None if order.error is None else failure_details(order.error),
    }


def marks_of(orders: Sequence[Order]) -> set[Mark]:
    """Return what has to be read of the ticks to show orders."""
    return {mark for mark in map(mark_of, orders) if mark is not None}


def turn_of(order: Order) -> datetime | None:
    """Return when an order's turn comes under the rate limit; None if it only waited for a price."""
    is_due = order.waiting is None or order.waiting.fired is not None
    return order.run_at if is_due and order.status not in RESTING else None


def _terms(terms: Terms | None, request: RouteRequest) -> asked_answers.Asked:
    return {} if terms is None else terms_view(terms, request)


def order_with_events(
    order: Order, events: Sequence[Event], ticks: Mapping[Mark, Seen] = NO_TICKS
) -> answers.OrderWithEvents:
    """Return an order with its history, or the part of it that was read."""
    view = order_view(order, ticks)
    return {**view, "explanation": _explanation(view), "events": [event_view(event) for event in events]}


def _explanation(view: answers.Order) -> Explanation | None:
    if view["route"] is None or view["fill"] is None:
        return None
    return explain_fill(view["route"], view["fill"])


def order_page(
    orders: Sequence[Order], next_cursor: str | None, ticks: Mapping[Mark, Seen] = NO_TICKS
) -> answers.OrderPage:
    """Return one page of a client's history."""
    return {"orders": [order_view(order, ticks) for order in orders], "nextCursor": next_cursor}


def accepted(order: Order, websocket_url: str) -> answers.OrderAccepted:
    """Return the answer to an order that was taken, with the address that shows it."""
    view: answers.OrderAccepted = {
        "orderId": order.id,
        "status": order.status,
        "startsAt": iso_or_none(turn_of(order)),
        "websocketUrl": f"{websocket_url}?orderId={order.id}",
    }
    if order.exit_id is not None:
        view["exitId"] = order.exit_id
    return view


def event_view(event: Event) -> event_answers.OrderEvent:
    """Return an event; its details stand beside its own fields."""
    view = {
        "seq": event.seq,
        "status": event.status,
        **({} if event.step is None else {"step": event.step}),
        "attempt": event.attempt,
        "at": iso(event.at),
        **detail_view(event.detail),
    }
    # Which details go with which status is the lifecycle's to know, not mypy's.
    return cast("event_answers.OrderEvent", view)


def detail_view(detail: Detail) -> event_answers.EventDetails:
    """Return what an event says beside its status."""
    details: event_answers.EventDetails = {}
    match detail:
        case Accepted():
            details = _asked(detail)
        case RecordedRoute():
            details = route_details(detail)
        case Signed():
            details = {"signature": detail.signature}
        case Filled():
            # What fills an order is the transaction that it was submitted with.
            details = {"signature": cast(str, detail.signature), "fill": fill_details(detail.fill)}
        case Failure():
            details = {"error": failure_details(detail)}
        case Triggered():
            details = _triggered(detail)
        case Activated():
            details = {"price": _shown(detail.price, detail.unit), "slot": detail.slot}
        case Refused():
            details = {"rule": detail.rule, "observed": detail.observed, "allowed": detail.allowed}
        case Withdrawal():
            details = {"by": detail.by, "error": failure_details(detail.error)}
    return details


class _Type(TypedDict):
    orderType: NotRequired[OrderType]


def _asked(detail: Accepted) -> event_answers.PendingDetails:
    kind: _Type = {} if detail.terms is None else {"orderType": detail.terms.order_type}
    return {
        "clientOrderId": detail.label,
        "label": detail.label,
        **request_view(detail.request),
        **kind,
        **_terms(detail.terms, detail.request),
    }


def _triggered(detail: Triggered) -> event_answers.TriggeredDetails:
    view: event_answers.TriggeredDetails = {"by": detail.by, "priceType": detail.price_type}
    if detail.price is not None and detail.threshold is not None and detail.slot is not None:
        view["price"] = _shown(detail.price, detail.unit)
        view["threshold"] = _shown(detail.threshold, detail.unit)
        view["slot"] = detail.slot
    return view


def _shown(price: Fraction, unit: Unit | None) -> str:
    """Return a price of an event, in the unit of its order; without one, base units per base unit."""
    return decimal_text(price) if unit is None else unit.show(price)


def failure_details(failure: Failure) -> event_answers.OrderError:
    """Return why an attempt or an order failed as clients see it."""
    details = event_answers.OrderError(code=_known(failure.code), message=failure.message)
    if failure.shortfall_bps is not None:
        details["shortfallBps"] = failure.shortfall_bps
    return details


def _known(code: str) -> ErrorCode:
    """Return the code of a stored failure; a later version, rolled back since, may have stored another."""
    return ErrorCode(code) if code in _CODES else ErrorCode.ORDER_FAILED
