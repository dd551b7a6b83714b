"""How orders, events and fills look to a client: JSON-ready dictionaries, camelCase, amounts as decimals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from dexec.api.routes import failure_details, fill_details, route_details
from dexec.domain.amounts import format_amount
from dexec.domain.failure import Failure
from dexec.domain.order import Accepted, Detail, Event, Filled, Order, Signed
from dexec.domain.quote import RouteRequest
from dexec.domain.recorded import RecordedRoute
from dexec.domain.tokens import TOKENS

View = dict[str, object]

MAX_FRAME_BYTES = 30_000
"""API Gateway cuts a message into frames of 32 KB, which not every client puts together, and bills each."""

_ENCODER = json.JSONEncoder(separators=(",", ":"))


def iso(moment: datetime) -> str:
    """Return a UTC time in ISO 8601, to the millisecond."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def amount_of(base_units: int, symbol: str) -> str:
    """Return ``base_units`` of a token as a decimal in whole tokens."""
    return format_amount(base_units, TOKENS[symbol].decimals)


def request_view(request: RouteRequest) -> View:
    """Return what the client asked for; ``amount`` counts the token that its mode fixes."""
    return {
        "mode": request.mode.value,
        "tokenIn": request.token_in,
        "tokenOut": request.token_out,
        "amount": amount_of(request.amount, request.exact_token),
        "slippageBps": request.slippage_bps,
    }


def order_view(order: Order) -> View:
    """Return an order without its events."""
    fill = None if order.fill is None else fill_details(order.fill)
    return {
        "orderId": order.id,
        "label": order.label,
        "status": order.status.value,
        "seq": order.seq,
        "attempt": order.attempt,
        **request_view(order.request),
        "amountIn": fill and fill["amountIn"],
        "amountOut": fill and fill["amountOut"],
        "createdAt": iso(order.created_at),
        "updatedAt": iso(order.updated_at),
        "startsAt": iso(order.run_at),
        "route": None if order.route is None else route_details(order.route),
        "signature": order.signature,
        "fill": fill,
        "error": None if order.error is None else failure_details(order.error),
    }


def event_view(event: Event) -> View:
    """Return an event; its details stand beside its own fields."""
    step: View = {} if event.step is None else {"step": event.step.value}
    own: View = {"seq": event.seq, "status": event.status.value, **step, "attempt": event.attempt}
    return {**own, "at": iso(event.at), **detail_view(event.detail)}


def detail_view(detail: Detail) -> View:
    """Return what an event says beside its status."""
    match detail:
        case None:
            return {}
        case Accepted():
            return {"label": detail.label, **request_view(detail.request)}
        case RecordedRoute():
            return {**route_details(detail)}
        case Signed():
            return {"signature": detail.signature}
        case Filled():
            return {"signature": detail.signature, "fill": fill_details(detail.fill)}
        case Failure():
            return {"error": failure_details(detail)}


def status_frame(events: Sequence[Event]) -> bytes:
    """Return one WebSocket frame for one order's ``events``: the last on top, the others in ``earlier``."""
    latest = events[-1]
    frame: View = {"type": "status", "orderId": latest.order_id, **event_view(latest)}
    if len(events) > 1:
        frame["earlier"] = [event_view(event) for event in events[:-1]]
    return encode(frame)


def first_frame(events: Sequence[Event]) -> tuple[bytes, int]:
    """Return a frame of as many of the first ``events`` as fit, and how many these are: one at the least."""
    frame = status_frame(events)
    if len(frame) <= MAX_FRAME_BYTES or len(events) == 1:
        return frame, len(events)
    return first_frame(events[: len(events) // 2])


def encode(frame: View) -> bytes:
    """Return a frame as compact JSON, in ASCII: what a client sent and gets back may be half a character."""
    return _ENCODER.encode(frame).encode()
