"""Builds the WebSocket frames that clients receive, within the size limit of one frame."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NotRequired, TypedDict, cast

from dexec.api import asked_answers, event_answers
from dexec.api import frame_answers as answers
from dexec.api.orders import event_view, turn_of
from dexec.api.problems import code_of, problem
from dexec.api.times import iso, iso_or_none
from dexec.domain.errors import DexecError
from dexec.domain.order import Event, Order

MAX_FRAME_BYTES = 30_000
"""API Gateway cuts a message into frames of 32 KB, which not every client puts together, and bills each."""

_ENCODER = json.JSONEncoder(separators=(",", ":"))

FrameId = str | int | None
"""The id that a client gave its frame; None where it gave none, or none that is valid."""


class _Earlier(TypedDict):
    earlier: NotRequired[list[event_answers.OrderEvent]]


class _Start(TypedDict):
    startsAt: NotRequired[asked_answers.Time]


def status_frame(events: Sequence[Event], starts_at: datetime | None = None) -> answers.StatusFrame:
    """Return the frame of one order's ``events``: the last on top, the others in ``earlier``.

    ``starts_at`` is when the order's turn comes, where it waits.
    """
    *before, latest = events
    earlier: _Earlier = {"earlier": [event_view(event) for event in before]} if before else {}
    start: _Start = {} if starts_at is None else {"startsAt": iso(starts_at)}
    frame = {"type": "status", "orderId": latest.order_id, **event_view(latest), **start, **earlier}
    return cast("answers.StatusFrame", frame)


def first_frame(events: Sequence[Event], starts_at: datetime | None = None) -> tuple[bytes, int]:
    """Return a frame of as many of the first ``events`` as fit, and how many these are: one at the least."""
    frame = encode(status_frame(events, starts_at))
    if len(frame) <= MAX_FRAME_BYTES or len(events) == 1:
        return frame, len(events)
    return first_frame(events[: len(events) // 2], starts_at)


def pong(answering: FrameId) -> answers.PongFrame:
    """Return the answer to a ``ping``."""
    return {"type": "pong"} if answering is None else {"type": "pong", "id": answering}


def ack(answering: FrameId, order_id: str) -> answers.AckFrame:
    """Return the answer to a frame that was obeyed."""
    if answering is None:
        return {"type": "ack", "orderId": order_id}
    return {"type": "ack", "id": answering, "orderId": order_id}


def accepted(answering: FrameId, order: Order) -> answers.AckFrame:
    """Return the answer to an ``execute``: the order, and when its turn comes."""
    frame = ack(answering, order.id)
    frame["status"] = order.status
    frame["startsAt"] = iso_or_none(turn_of(order))
    if order.exit_id is not None:
        frame["exitId"] = order.exit_id
    return frame


def refusal(answering: FrameId, error: DexecError) -> answers.ErrorFrame:
    """Return the answer to a frame that is refused: what HTTP would answer, as a frame."""
    view = problem(error)
    frame: answers.ErrorFrame = {
        "type": "error",
        "code": code_of(error),
        "message": view["detail"],
        "status": view["status"],
    }
    if "errors" in view:
        frame["errors"] = view["errors"]
    if "orderId" in view:
        frame["orderId"] = view["orderId"]
    if "retryAfter" in view:
        frame["retryAfter"] = view["retryAfter"]
    if answering is not None:
        frame["id"] = answering
    return frame


def encode(frame: Mapping[str, object]) -> bytes:
    """Return a frame as compact JSON, in ASCII: what a client sent and gets back may be half a character."""
    return _ENCODER.encode(frame).encode()
