"""Types of what clients read in an order's events, over HTTP, the WebSocket and webhooks alike."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import Field
from typing_extensions import TypeAliasType

from dexec.api.asked_answers import (
    Amount,
    Asked,
    Attempt,
    ClientOrderId,
    Deadline,
    Label,
    Price,
    Request,
    Seq,
    Signature,
    SlippageBps,
    Slot,
    Time,
)
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
from dexec.domain.waiting.conditions import Kind, PriceType
from dexec.domain.waiting.terms import OrderType

StepMark = Annotated[Literal[Step.QUOTES], Field(description="the routing decision")]


class OrderError(TypedDict):
    """Why an attempt or an order failed."""

    code: ErrorCode
    message: str
    shortfallBps: NotRequired[
        Annotated[int, Field(ge=0, description="slippage_exceeded: how far past the limit, rounded up")]
    ]


class EventHead(TypedDict):
    """What every event has, beside its status."""

    seq: Seq
    attempt: Attempt
    at: Time


class PendingDetails(Request, Asked, TypedDict):
    """What an order's first event says: what was asked for. A market order has no ``orderType`` here."""

    clientOrderId: ClientOrderId
    label: Label
    orderType: NotRequired[OrderType]


class RestingDetails(Asked, TypedDict):
    """What was asked for, where an order begins to wait or is amended; else nothing of this."""

    orderType: NotRequired[OrderType]
    clientOrderId: NotRequired[ClientOrderId]
    label: NotRequired[Label]
    mode: NotRequired[Mode]
    tokenIn: NotRequired[str]
    tokenOut: NotRequired[str]
    amount: NotRequired[Amount]
    slippageBps: NotRequired[SlippageBps]
    minAmountOut: NotRequired[Amount]
    maxAmountIn: NotRequired[Amount]
    deadline: NotRequired[Deadline]


class TriggeredDetails(TypedDict):
    """Why an order that waited is due: ``price`` was seen, and it passed ``threshold``."""

    by: Annotated[
        Kind, Field(description="which condition; `retry`: a stop goes on after a rest, without a price")
    ]
    price: NotRequired[Price]
    threshold: NotRequired[Price]
    priceType: PriceType
    slot: NotRequired[Slot]


class ActivatedDetails(TypedDict):
    """From which price on a trail follows the market."""

    price: Price
    slot: Slot


class RefusedDetails(TypedDict):
    """A rule that holds the order back for now, what was seen, and what the rule allows."""

    rule: str
    observed: str
    allowed: str


class CancelledDetails(TypedDict):
    """Who or what cancelled the order, and why."""

    by: Annotated[str, Field(description="client, operator, key_revoked, entry or ioc", examples=["client"])]
    error: OrderError


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


EventDetails = (
    PendingDetails
    | RouteDetails
    | SubmittedDetails
    | ConfirmedDetails
    | FailedDetails
    | TriggeredDetails
    | ActivatedDetails
    | RefusedDetails
    | CancelledDetails
    | NoDetails
)


class PendingEvent(EventHead, PendingDetails):
    """The order was accepted: what was asked for."""

    status: Literal[Status.PENDING]


class HeldEvent(EventHead, RestingDetails):
    """The order, the exit of a bracket, is held until its entry is filled; or it was amended while held."""

    status: Literal[Status.HELD]
    step: NotRequired[Literal[Step.AMENDED]]


class OpenEvent(EventHead, RestingDetails):
    """The order waits for its price; ``step`` says why there is another such event.

    ``released``: it was due and did not fill, because of ``error``, and waits again. ``amended``: its client
    asks for something else now. ``activated``: its trail follows the market from ``price`` on. ``refused``: a
    ``rule`` holds it back for now.
    """

    status: Literal[Status.OPEN]
    step: NotRequired[Literal[Step.RELEASED, Step.AMENDED, Step.ACTIVATED, Step.REFUSED]]
    error: NotRequired[OrderError]
    price: NotRequired[Price]
    slot: NotRequired[Slot]
    rule: NotRequired[str]
    observed: NotRequired[str]
    allowed: NotRequired[str]


class TriggeredEvent(EventHead, TriggeredDetails):
    """What the order waited for was seen: it is executed next."""

    status: Literal[Status.TRIGGERED]


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


class CancelledEvent(EventHead, CancelledDetails):
    """The order was cancelled, with nothing traded: its last event."""

    status: Literal[Status.CANCELLED]


class ExpiredEvent(EventHead, FailedDetails):
    """The order's time is over, with nothing traded: its last event."""

    status: Literal[Status.EXPIRED]


OrderEvent = TypeAliasType(
    "OrderEvent",
    Annotated[
        PendingEvent
        | HeldEvent
        | OpenEvent
        | TriggeredEvent
        | RoutingEvent
        | BuildingEvent
        | SubmittedEvent
        | ConfirmedEvent
        | FailedEvent
        | CancelledEvent
        | ExpiredEvent,
        Field(discriminator="status", description="One entry of an order's history, by its `status`."),
    ],
)
