"""Types of what clients receive: the answers of the HTTP API, and the frames of the WebSocket.

They are plain dictionaries, which cost nothing to build. The views and routes are declared to return these
types, so mypy finds a field that one of them lacks, or that the API documents do not have: those are
generated from here. Tests compare what a deployment really sends with them, field by field.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import Field

from dexec.api.problems import Checks, FieldError
from dexec.api.routes import (
    AlternativeDetails,
    CostDetails,
    FillDetails,
    LegDetails,
    QuoteDetails,
    RouteDetails,
    VenueFailureDetails,
)
from dexec.domain.lifecycle import Status, Step
from dexec.domain.quote import Mode

OrderId = Annotated[
    str, Field(pattern="^ord_[0-9a-f]{32}$", examples=["ord_01a1f8b319a27e91a730694d75677ea6"])
]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="UTC, ISO 8601")]
Amount = Annotated[str, Field(pattern=r"^\d+(\.\d+)?$", description="in whole tokens", examples=["1.5"])]
Seq = Annotated[int, Field(ge=1, description="counts an order's events from 1")]
Attempt = Annotated[int, Field(ge=1, description="counts passes from routing on")]
Deadline = Annotated[int, Field(ge=1, description="seconds from acceptance; nothing is signed after it")]
SlippageBps = Annotated[int, Field(ge=0, le=10_000, description="tolerance in hundredths of a percent")]
StepMark = Annotated[Literal[Step.QUOTES], Field(description="the routing decision")]
Signature = Annotated[str, Field(description="id of the transaction on chain, base58")]


class OrderError(TypedDict):
    """Why an attempt or an order failed."""

    code: Annotated[str, Field(examples=["slippage_exceeded", "insufficient_funds"])]
    message: str
    shortfallBps: NotRequired[
        Annotated[int, Field(ge=0, description="slippage_exceeded: how far past the limit, rounded up")]
    ]


class OrderAccepted(TypedDict):
    """An order that will be executed."""

    orderId: OrderId
    status: Status
    startsAt: Annotated[Time, Field(description="when its turn comes under the rate limit")]
    websocketUrl: Annotated[str, Field(description="where it can be watched; wants apiKey as well")]


class EventHead(TypedDict):
    """What every event has."""

    seq: Seq
    status: Status
    step: NotRequired[StepMark]
    attempt: Attempt
    at: Time


class EventDetails(TypedDict):
    """What an event has besides: that depends on its status and step."""

    # pending: what was asked for
    label: NotRequired[str | None]
    mode: NotRequired[Mode]
    tokenIn: NotRequired[str]
    tokenOut: NotRequired[str]
    amount: NotRequired[Amount]
    slippageBps: NotRequired[SlippageBps]
    deadline: NotRequired[Deadline]
    # pending: the client's own limit; routing, step quotes: the one to be signed
    minAmountOut: NotRequired[Amount]
    maxAmountIn: NotRequired[Amount]
    # routing, step quotes: the decision, with the fields of RouteDetails
    amountIn: NotRequired[Amount]
    amountOut: NotRequired[Amount]
    reason: NotRequired[str]
    legs: NotRequired[list[LegDetails]]
    quotes: NotRequired[list[QuoteDetails]]
    alternatives: NotRequired[list[AlternativeDetails]]
    costs: NotRequired[CostDetails]
    bound: NotRequired[Amount]
    gapBps: NotRequired[str]
    leftOut: NotRequired[list[VenueFailureDetails]]
    slot: NotRequired[int]
    # submitted and confirmed
    signature: NotRequired[Signature]
    fill: NotRequired[FillDetails]
    # a new attempt, or the end
    error: NotRequired[OrderError]


class Event(EventHead, EventDetails):
    """One entry of an order's history; which details it has depends on its status and step."""


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


class OrderHead(TypedDict):
    """What names an order, and where it stands."""

    orderId: OrderId
    label: str | None
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
    """An order with all its events."""

    events: list[Event]


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


class Balance(TypedDict):
    """What a wallet holds of one token."""

    symbol: str
    mint: str
    amount: Amount


class Balances(TypedDict):
    """What the caller's wallet holds."""

    balances: list[Balance]


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
    websocketUrl: str
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


class StatusFrame(Event):
    """One event of an order; ``earlier`` holds those before it that are sent in the same frame."""

    type: Literal["status"]
    orderId: OrderId
    earlier: NotRequired[list[Event]]


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
    code: str
    message: str
    status: int
    errors: NotRequired[list[FieldError]]
    orderId: NotRequired[str]
    retryAfter: NotRequired[int]


class PongFrame(TypedDict):
    """The answer to a ``ping``."""

    type: Literal["pong"]
    id: NotRequired[FrameId]
