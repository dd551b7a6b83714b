"""Orders and events as clients are sent them, over HTTP and the WebSocket alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NotRequired, TypedDict, cast

from dexec.api import answers
from dexec.domain.order import Event, Order
from dexec.domain.routing import FillDetails, RouteDetails
from dexec.domain.views import amount_of


def iso(moment: datetime) -> str:
    """Return a UTC time in ISO 8601, to the millisecond."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def order_view(order: Order) -> answers.Order:
    """Return an order without its events; ``amount`` counts the token that its mode fixes."""
    request, fill = order.request, cast("FillDetails | None", order.fill)
    return {
        "orderId": order.id,
        "label": order.label,
        "status": order.status,
        "seq": order.seq,
        "attempt": order.attempt,
        "mode": request.mode,
        "tokenIn": request.token_in,
        "tokenOut": request.token_out,
        "amount": amount_of(request.amount, request.exact_token),
        "slippageBps": request.slippage_bps,
        "amountIn": None if fill is None else fill["amountIn"],
        "amountOut": None if fill is None else fill["amountOut"],
        "createdAt": iso(order.created_at),
        "updatedAt": iso(order.updated_at),
        "startsAt": iso(order.run_at),
        "route": cast("RouteDetails | None", order.route),
        "signature": order.signature,
        "fill": fill,
        "error": cast("answers.OrderError | None", order.error),
    }


def order_with_events(order: Order, events: Sequence[Event]) -> answers.OrderWithEvents:
    """Return an order with its whole history."""
    return {**order_view(order), "events": [event_view(event) for event in events]}


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


def event_view(event: Event) -> answers.Event:
    """Return an event; its details stand beside its own fields."""
    step: _Step = {} if event.step is None else {"step": event.step}
    details = cast("answers.EventDetails", event.detail)
    return {
        "seq": event.seq,
        "status": event.status,
        **step,
        "attempt": event.attempt,
        "at": iso(event.at),
        **details,
    }
