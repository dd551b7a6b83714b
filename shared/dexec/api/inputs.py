"""Models of what clients send beside orders: frames, bodies of webhooks; validated by pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from dexec.api.amendments import AmendFrame, CancelFrame
from dexec.api.fields import MAX_SEQ, FrameId, IdempotencyKey, Strict
from dexec.api.json_text import load_object
from dexec.api.order_body import OrderBody
from dexec.api.problems import Malformed, invalid
from dexec.domain.addresses import MAX_URL
from dexec.domain.errors import Invalid
from dexec.domain.lifecycle import Status

M = TypeVar("M", bound=BaseModel)

MAX_BODY_BYTES = 16 * 1024


class WebhookBody(Strict):
    """A new endpoint; ``events`` are the statuses whose events it gets, all of them unless named."""

    url: Annotated[
        str, Field(description="https://…", max_length=MAX_URL, examples=["https://example.com/dexec"])
    ]
    events: Annotated[list[Status], Field(max_length=len(Status))] = Field(default_factory=list)


class ReplayBody(Strict):
    """What is to be sent again: one delivery, or, without one, all that failed or wait for another try."""

    delivery_id: Annotated[str, Field(max_length=100)] = ""


class ExecuteFrame(Strict):
    """``{"action": "execute", "order": {…}}``: place an order and watch it."""

    action: Literal["execute"]
    order: OrderBody
    id: FrameId | None = None
    idempotency_key: IdempotencyKey | None = None


class SubscribeFrame(Strict):
    """Watch an order; ``afterSeq`` is the last event that the client has."""

    action: Literal["subscribe"]
    order_id: str
    after_seq: Annotated[int, Field(ge=0, le=MAX_SEQ, strict=True)] = 0
    id: FrameId | None = None


class UnsubscribeFrame(Strict):
    """Stop watching an order."""

    action: Literal["unsubscribe"]
    order_id: str
    id: FrameId | None = None


class PingFrame(Strict):
    """Keep the connection from being idle."""

    action: Literal["ping"]
    id: FrameId | None = None


Frame = ExecuteFrame | CancelFrame | AmendFrame | SubscribeFrame | UnsubscribeFrame | PingFrame
FRAMES: dict[str, type[Frame]] = {
    "execute": ExecuteFrame,
    "cancel": CancelFrame,
    "amend": AmendFrame,
    "subscribe": SubscribeFrame,
    "unsubscribe": UnsubscribeFrame,
    "ping": PingFrame,
}


def parse_frame(text: str) -> Frame:
    """Return the frame in ``text``; an object without an action is an order to execute.

    Raises ``Malformed`` and ``Invalid``.
    """
    fields = _load_frame(text)
    if "action" not in fields:
        return _validated(ExecuteFrame, {"action": "execute", "order": fields})
    action = fields["action"]
    model = FRAMES.get(action) if isinstance(action, str) else None
    if model is None:
        raise Invalid(f"must be one of {', '.join(FRAMES)}", "action")
    return _validated(model, fields)


def frame_id(text: str) -> str | int | None:
    """Return the id under which to refuse the frame in ``text``, None without a valid one. Raises nothing."""
    try:
        return _validated(PingFrame, {"action": "ping", "id": _load_frame(text).get("id")}).id
    except (Malformed, Invalid):
        return None


def _load_frame(text: str) -> dict[str, object]:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BODY_BYTES:
        raise Malformed("the frame is over 16 KB, the most that is accepted")
    return load_object(text, "frame")


def _validated(model: type[M], fields: Mapping[str, object]) -> M:
    try:
        return model.model_validate(fields)
    except ValidationError as exc:
        raise invalid(exc.errors()) from exc
