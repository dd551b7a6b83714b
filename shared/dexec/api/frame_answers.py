"""Types of the frames that clients receive over the WebSocket."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import Field
from typing_extensions import TypeAliasType

from dexec.api.asked_answers import OrderId, Time
from dexec.api.event_answers import (
    BuildingEvent,
    CancelledEvent,
    ConfirmedEvent,
    ExpiredEvent,
    FailedEvent,
    HeldEvent,
    OpenEvent,
    OrderEvent,
    PendingEvent,
    RoutingEvent,
    SubmittedEvent,
    TriggeredEvent,
)
from dexec.api.problems import FieldError
from dexec.domain.error_code import ErrorCode
from dexec.domain.lifecycle import Status

FrameId = Annotated[str | int, Field(description="of the frame that is answered, as the client gave it")]


class StatusHead(TypedDict):
    """What makes a frame of an event; ``earlier`` holds events before it that are sent in the same frame."""

    type: Literal["status"]
    orderId: OrderId
    earlier: NotRequired[list[OrderEvent]]


class PendingFrame(StatusHead, PendingEvent):
    """An order was accepted; ``startsAt`` is when its turn comes, where it has to wait."""

    startsAt: NotRequired[Time]


class HeldFrame(StatusHead, HeldEvent):
    """The exit of a bracket is held until its entry is filled."""


class OpenFrame(StatusHead, OpenEvent):
    """The order waits for its price; ``step`` says why again: see ``OpenEvent``."""


class TriggeredFrame(StatusHead, TriggeredEvent):
    """What the order waited for was seen: it is executed next."""


class RoutingFrame(StatusHead, RoutingEvent):
    """Venues are being asked, or were: see ``RoutingEvent``."""


class BuildingFrame(StatusHead, BuildingEvent):
    """The transaction is being built and signed."""


class SubmittedFrame(StatusHead, SubmittedEvent):
    """The transaction is signed, stored and sent."""


class ConfirmedFrame(StatusHead, ConfirmedEvent):
    """The order is filled: its last frame."""


class FailedFrame(StatusHead, FailedEvent):
    """The order has failed, with nothing traded: its last frame."""


class CancelledFrame(StatusHead, CancelledEvent):
    """The order was cancelled, with nothing traded: its last frame."""


class ExpiredFrame(StatusHead, ExpiredEvent):
    """The order's time is over, with nothing traded: its last frame."""


StatusFrame = TypeAliasType(
    "StatusFrame",
    Annotated[
        PendingFrame
        | HeldFrame
        | OpenFrame
        | TriggeredFrame
        | RoutingFrame
        | BuildingFrame
        | SubmittedFrame
        | ConfirmedFrame
        | FailedFrame
        | CancelledFrame
        | ExpiredFrame,
        Field(discriminator="status", description="One event of an order, by its `status`."),
    ],
)


class AckFrame(TypedDict):
    """What was asked for is done; ``status`` and ``startsAt`` answer an ``execute``.

    ``startsAt`` is null for an order that waits for a price; ``exitId`` is the exit of a bracket.
    """

    type: Literal["ack"]
    id: NotRequired[FrameId]
    orderId: OrderId
    status: NotRequired[Status]
    startsAt: NotRequired[Time | None]
    exitId: NotRequired[OrderId]


class ErrorFrame(TypedDict):
    """What was asked for is refused; ``status`` is what HTTP would have answered."""

    type: Literal["error"]
    id: NotRequired[FrameId]
    code: ErrorCode
    message: str
    status: int
    errors: NotRequired[list[FieldError]]
    orderId: NotRequired[str]
    retryAfter: NotRequired[int]


class PongFrame(TypedDict):
    """The answer to a ``ping``."""

    type: Literal["pong"]
    id: NotRequired[FrameId]
