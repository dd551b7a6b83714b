"""Types of what clients receive: the answers of the HTTP API, and the frames of the WebSocket.

They are plain dictionaries, which cost nothing to build. The views and routes are declared to return these
types, so mypy finds a field that one of them lacks, or that the API documents do not have: those are
generated from here. Tests compare what a deployment really sends with them, field by field.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import Field
from typing_extensions import TypeAliasType

from dexec.api.explain import Explanation
from dexec.api.problems import Checks, FieldError
from dexec.api.routes import (
    AlternativeDetails,
    CostDetails,
    Decimal,
    FillDetails,
    LegDetails,
    QuoteDetails,
    RouteDetails,
    VenueFailureDetails,
)
from dexec.domain.error_code import ErrorCode
from dexec.domain.lifecycle import Status, Step
from dexec.domain.quote import Mode

OrderId = Annotated[
    str, Field(pattern="^ord_[0-9a-f]{32}$", examples=["ord_01a1f8b319a27e91a730694d75677ea6"])
]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="UTC, ISO 8601")]
Amount = Annotated[Decimal, Field(pattern=r"^\d+(\.\d+)?$", description="in whole tokens", examples=["1.5"])]
Seq = Annotated[int, Field(ge=1, description="counts an order's events from 1")]
Attempt = Annotated[int, Field(ge=1, description="counts passes from routing on")]
Deadline = Annotated[int, Field(ge=1, description="seconds from acceptance; nothing is signed after it")]
SlippageBps = Annotated[int, Field(ge=0, le=10_000, description="tolerance in hundredths of a percent")]
StepMark = Annotated[Literal[Step.QUOTES], Field(description="the routing decision")]
ClientOrderId = Annotated[str | None, Field(description="the client's own id of the order, null without one")]
Label = Annotated[str | None, Field(deprecated=True, description="the old name of `clientOrderId`")]
Signature = Annotated[str, Field(description="id of the transaction on chain, base58")]


SOCKETS_AT = (
    "the address of the WebSocket API: connect with the key in the header `x-api-key`, or, where no header "
    "can be set, as in browsers, with `?apiKey=KEY` appended"
)
WATCHED_AT = (
    "where this order can be watched, all its events so far and those to come: connect to it as it is with "
    "the key in the header `x-api-key`, or, where no header can be set, as in browsers, with `&apiKey=KEY` "
    "appended. It holds no secret itself"
)


class OrderError(TypedDict):
    """Why an attempt or an order failed."""

    code: ErrorCode
    message: str
    shortfallBps: NotRequired[
        Annotated[int, Field(ge=0, description="slippage_exceeded: how far past the limit, rounded up")]
    ]


class OrderAccepted(TypedDict):
    """An order that will be executed."""

    orderId: OrderId
    status: Status
    startsAt: Annotated[Time, Field(description="when its turn comes under the rate limit")]
    websocketUrl: Annotated[str, Field(description=WATCHED_AT)]


class Request(TypedDict):
    """A swap as it was asked for; ``amount`` counts the token that its mode fixes."""

    mode: Mode
    tokenIn: str
    tokenOut: str
    amount: Amount
    slippageBps: SlippageBps
    minAmountOut: NotRequired[Annotated[Amount, Field(description="exactIn: the client's own limit, if any")]]
    maxAmountIn: NotRequired[Annotated[Amount, Field(description="exactOut: the client's own limit, if any")]]
    deadline: NotRequired[Deadline]


class EventHead(TypedDict):
    """What every event has, beside its status."""

    seq: Seq
    attempt: Attempt
    at: Time


class PendingDetails(Request):
    """What an order's first event says: what was asked for."""

    clientOrderId: ClientOrderId
    label: Label


class SubmittedDetails(TypedDict):
    """Which transaction was sent."""

    signature: Signature


class ConfirmedDetails(TypedDict):
    """Which transaction landed, and what it traded."""

    signature: Signature
    fill: FillDetails


class FailedDetails(TypedDict):
    """Why an attempt, or the order, failed."""

    error: OrderError


class NoDetails(TypedDict):
    """The status says it all."""


EventDetails = PendingDetails | RouteDetails | SubmittedDetails | ConfirmedDetails | FailedDetails | NoDetails


class PendingEvent(EventHead, PendingDetails):
    """The order was accepted: what was asked for."""

    status: Literal[Status.PENDING]


class RoutingEvent(EventHead):
    """Venues are being asked; with ``error``, for another attempt, since the one before failed.

    With ``step: quotes``: their answers, and the route chosen. Such an event has every field of a ``Route``,
    any other has none of them.
    """

    status: Literal[Status.ROUTING]
    step: NotRequired[StepMark]
    error: NotRequired[OrderError]
    mode: NotRequired[Mode]
    tokenIn: NotRequired[str]
    tokenOut: NotRequired[str]
    amountIn: NotRequired[Amount]
    amountOut: NotRequired[Amount]
    minAmountOut: NotRequired[Annotated[Amount, Field(description="exactIn: the limit that is signed")]]
    maxAmountIn: NotRequired[Annotated[Amount, Field(description="exactOut: the limit that is signed")]]
    reason: NotRequired[Annotated[str, Field(description="why this route")]]
    legs: NotRequired[list[LegDetails]]
    quotes: NotRequired[list[QuoteDetails]]
    alternatives: NotRequired[list[AlternativeDetails]]
    costs: NotRequired[CostDetails]
    bound: NotRequired[Amount]
    gapBps: NotRequired[Decimal]
    leftOut: NotRequired[list[VenueFailureDetails]]
    slot: NotRequired[int]


class BuildingEvent(EventHead):
    """The transaction is being built and signed."""

    status: Literal[Status.BUILDING]


class SubmittedEvent(EventHead, SubmittedDetails):
    """The transaction is signed, stored and sent."""

    status: Literal[Status.SUBMITTED]


class ConfirmedEvent(EventHead, ConfirmedDetails):
    """The order is filled: its last event."""

    status: Literal[Status.CONFIRMED]


class FailedEvent(EventHead, FailedDetails):
    """The order has failed, with nothing traded: its last event."""

    status: Literal[Status.FAILED]


OrderEvent = TypeAliasType(
    "OrderEvent",
    Annotated[
        PendingEvent | RoutingEvent | BuildingEvent | SubmittedEvent | ConfirmedEvent | FailedEvent,
        Field(discriminator="status", description="One entry of an order's history, by its `status`."),
    ],
)


class OrderHead(TypedDict):
    """What names an order, and where it stands."""

    orderId: OrderId
    clientOrderId: ClientOrderId
    label: Label
    status: Status
    seq: Seq
    attempt: Attempt


class OrderState(TypedDict):
    """What has become of an order."""

    amountIn: Amount | None
    amountOut: Amount | None
    createdAt: Time
    updatedAt: Time
    startsAt: Time
    route: RouteDetails | None
    signature: Signature | None
    fill: FillDetails | None
    error: OrderError | None


class Order(OrderHead, Request, OrderState):
    """An order without its events; ``amount`` counts the token that its mode fixes."""


class OrderWithEvents(Order):
    """An order with all its events; ``explanation`` says what a fill cost, and why."""

    explanation: Explanation | None
    events: list[OrderEvent]


class OrderPage(TypedDict):
    """Some of the caller's orders, newest first."""

    orders: list[Order]
    nextCursor: Annotated[str | None, Field(description="for the next page; null on the last")]


class Quotes(TypedDict):
    """Every venue's quote, and the route an order would take now."""

    tokenIn: str
    tokenOut: str
    mode: Mode
    amount: Amount
    quotes: list[QuoteDetails]
    route: RouteDetails


class Token(TypedDict):
    """A token that can be swapped."""

    symbol: str
    name: str
    mint: str
    decimals: int


class Tokens(TypedDict):
    """All tokens that can be swapped."""

    tokens: list[Token]


class Config(TypedDict):
    """What a client has to know before it has a key."""

    version: str
    websocketUrl: Annotated[str, Field(description=SOCKETS_AT)]
    ordersPerMinute: int
    orderBurst: int
    defaultSlippageBps: SlippageBps
    cluster: Literal["paper"]
    paperSpread: Annotated[
        Literal["default", "tight"],
        Field(description="paper: how far apart the venues' prices lie; default 2-5 %, tight 5-30 bps"),
    ]


class Health(TypedDict):
    """Requests are served."""

    status: Literal["ok"]
    version: str


class Ready(TypedDict):
    """Orders are taken."""

    status: Literal["ready"]
    version: str
    checks: Checks


FrameId = Annotated[str | int, Field(description="of the frame that is answered, as the client gave it")]


class StatusHead(TypedDict):
    """What makes a frame of an event; ``earlier`` holds events before it that are sent in the same frame."""

    type: Literal["status"]
    orderId: OrderId
    earlier: NotRequired[list[OrderEvent]]


class PendingFrame(StatusHead, PendingEvent):
    """An order was accepted; ``startsAt`` is when its turn comes, where it has to wait."""

    startsAt: NotRequired[Time]


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


StatusFrame = TypeAliasType(
    "StatusFrame",
    Annotated[
        PendingFrame | RoutingFrame | BuildingFrame | SubmittedFrame | ConfirmedFrame | FailedFrame,
        Field(discriminator="status", description="One event of an order, by its `status`."),
    ],
)


class AckFrame(TypedDict):
    """What was asked for is done; ``status`` and ``startsAt`` answer an ``execute``."""

    type: Literal["ack"]
    id: NotRequired[FrameId]
    orderId: OrderId
    status: NotRequired[Status]
    startsAt: NotRequired[Time]


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
