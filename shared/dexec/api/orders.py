"""Views of orders and events for clients, over HTTP and the WebSocket alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NotRequired, TypedDict, cast

from dexec.api import answers
from dexec.api.explain import Explanation, explain_fill
from dexec.api.routes import fill_details, route_details
from dexec.domain.error_code import ErrorCode
from dexec.domain.failure import Failure
from dexec.domain.order import Accepted, Detail, Event, Filled, Order, Signed
from dexec.domain.quote import Mode, RouteRequest
from dexec.domain.recorded import RecordedRoute
from dexec.domain.tokens import format_units

_CODES = frozenset(ErrorCode)


def iso(moment: datetime) -> str:
    """Return a UTC time in ISO 8601, to the millisecond."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def request_view(request: RouteRequest) -> answers.Request:
    """Return what the client asked for; ``amount`` counts the token that its mode fixes."""
    view: answers.Request = {
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


def order_view(order: Order) -> answers.Order:
    """Return an order without its events."""
    fill = None if order.fill is None else fill_details(order.fill)
    return {
        "orderId": order.id,
        "clientOrderId": order.label,
        "label": order.label,
        "status": order.status,
        "seq": order.seq,
        "attempt": order.attempt,
        **request_view(order.request),
        "amountIn": None if fill is None else fill["amountIn"],
        "amountOut": None if fill is None else fill["amountOut"],
        "createdAt": iso(order.created_at),
        "updatedAt": iso(order.updated_at),
        "startsAt": iso(order.run_at),
        "route": None if order.route is None else route_details(order.route),
        "signature": order.signature,
        "fill": fill,
        "error": None if order.error is None else failure_details(order.error),
    }


def order_with_events(order: Order, events: Sequence[Event]) -> answers.OrderWithEvents:
    """Return an order with its whole history."""
    view = order_view(order)
    return {**view, "explanation": _explanation(view), "events": [event_view(event) for event in events]}


def _explanation(view: answers.Order) -> Explanation | None:
    if view["route"] is None or view["fill"] is None:
        return None
    return explain_fill(view["route"], view["fill"])


def order_page(orders: Sequence[Order], next_cursor: str | None) -> answers.OrderPage:
    """Return one page of a client's history."""
    return {"orders": [order_view(order) for order in orders], "nextCursor": next_cursor}


def accepted(order: Order, websocket_url: str) -> answers.OrderAccepted:
    """Return the answer to an order that was taken, with the address that shows it."""
    return {
        "orderId": order.id,
        "status": order.status,
        "startsAt": iso(order.run_at),
        "websocketUrl": f"{websocket_url}?orderId={order.id}",
    }


class _Step(TypedDict):
    step: NotRequired[answers.StepMark]


def event_view(event: Event) -> answers.OrderEvent:
    """Return an event; its details stand beside its own fields."""
    step: _Step = {} if event.step is None else {"step": event.step}
    view = {
        "seq": event.seq,
        "status": event.status,
        **step,
        "attempt": event.attempt,
        "at": iso(event.at),
        **detail_view(event.detail),
    }
    # Which details go with which status is the lifecycle's to know, not mypy's.
    return cast("answers.OrderEvent", view)


def detail_view(detail: Detail) -> answers.EventDetails:
    """Return what an event says beside its status."""
    match detail:
        case None:
            return {}
        case Accepted():
            return {"clientOrderId": detail.label, "label": detail.label, **request_view(detail.request)}
        case RecordedRoute():
            return route_details(detail)
        case Signed():
            return {"signature": detail.signature}
        case Filled():
            # What fills an order is the transaction that it was submitted with.
            return {"signature": cast(str, detail.signature), "fill": fill_details(detail.fill)}
        case Failure():
            return {"error": failure_details(detail)}


def failure_details(failure: Failure) -> answers.OrderError:
    """Return why an attempt or an order failed as clients see it."""
    details = answers.OrderError(code=_known(failure.code), message=failure.message)
    if failure.shortfall_bps is not None:
        details["shortfallBps"] = failure.shortfall_bps
    return details


def _known(code: str) -> ErrorCode:
    """Return the code of a stored failure; a later version, rolled back since, may have stored another."""
    return ErrorCode(code) if code in _CODES else ErrorCode.ORDER_FAILED
