"""Types of what clients receive of their webhooks: answers of the HTTP API, and the body of a delivery."""

from __future__ import annotations

from typing import Annotated, TypedDict

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
    PendingEvent,
    RoutingEvent,
    SubmittedEvent,
    TriggeredEvent,
)
from dexec.domain.lifecycle import Status
from dexec.domain.webhooks import DeliveryState, WebhookState

HookId = Annotated[
    str, Field(pattern="^hook_[0-9a-f]{32}$", examples=["hook_5f0c6a4be0d24f6f8f0d7f0a3a1b2c3d"])
]
DeliveryId = Annotated[
    str,
    Field(
        description="the header webhook-id: the same for every try of one event",
        examples=["msg_ord_01a1f8b319a27e91a730694d75677ea6_6"],
    ),
]


class Webhook(TypedDict):
    """An endpoint of the caller's."""

    hookId: HookId
    url: str
    events: Annotated[list[Status], Field(description="the statuses whose events it gets; empty: all")]
    state: Annotated[WebhookState, Field(description="disabled: it gets nothing until a test succeeds")]
    createdAt: Time
    failingSince: Annotated[Time | None, Field(description="since when every try has failed")]
    disabledAt: Time | None
    reason: Annotated[str | None, Field(description="why the last try failed")]


class WebhookCreated(Webhook):
    """A new endpoint, with the secret that its deliveries are signed with."""

    secret: Annotated[str, Field(pattern="^whsec_", description="shown this once; keep it")]


class WebhookList(TypedDict):
    """The caller's endpoints, oldest first."""

    webhooks: list[Webhook]


class WebhookDeleted(TypedDict):
    """The endpoint is deleted."""

    hookId: HookId


class WebhookDelivery(TypedDict):
    """An event, or a test, and what became of sending it."""

    deliveryId: DeliveryId
    orderId: Annotated[OrderId | None, Field(description="null for a test")]
    type: Annotated[str, Field(examples=["order.confirmed", "order.routing.quotes", "webhook.test"])]
    state: DeliveryState
    tries: Annotated[int, Field(ge=1)]
    answer: Annotated[int | None, Field(description="HTTP status of the last answer; null without one")]
    error: str | None
    firstAt: Time
    lastAt: Time


class WebhookDeliveries(TypedDict):
    """Some deliveries, latest order first."""

    deliveries: list[WebhookDelivery]
    nextCursor: Annotated[str | None, Field(description="for the next page; null on the last")]


class WebhookReplayed(TypedDict):
    """Deliveries are sent again soon."""

    replayed: Annotated[int, Field(ge=0, description="how many; ask again while it is 500")]


class WebhookTested(TypedDict):
    """A test is sent soon; its outcome is among the deliveries."""

    deliveryId: DeliveryId


class OfOrder(TypedDict):
    """Which order an event is of."""

    orderId: OrderId


class PendingDelivery(OfOrder, PendingEvent):
    """An order was accepted."""


class HeldDelivery(OfOrder, HeldEvent):
    """The exit of a bracket is held until its entry is filled."""


class OpenDelivery(OfOrder, OpenEvent):
    """The order waits for its price; ``step`` says why again: see ``OpenEvent``."""


class TriggeredDelivery(OfOrder, TriggeredEvent):
    """What the order waited for was seen: it is executed next."""


class RoutingDelivery(OfOrder, RoutingEvent):
    """Venues are being asked, or were: see ``RoutingEvent``."""


class BuildingDelivery(OfOrder, BuildingEvent):
    """The transaction is being built and signed."""


class SubmittedDelivery(OfOrder, SubmittedEvent):
    """The transaction is signed, stored and sent."""


class ConfirmedDelivery(OfOrder, ConfirmedEvent):
    """The order is filled: its last event."""


class FailedDelivery(OfOrder, FailedEvent):
    """The order has failed, with nothing traded: its last event."""


class CancelledDelivery(OfOrder, CancelledEvent):
    """The order was cancelled, with nothing traded: its last event."""


class ExpiredDelivery(OfOrder, ExpiredEvent):
    """The order's time is over, with nothing traded: its last event."""


WebhookEvent = TypeAliasType(
    "WebhookEvent",
    Annotated[
        PendingDelivery
        | HeldDelivery
        | OpenDelivery
        | TriggeredDelivery
        | RoutingDelivery
        | BuildingDelivery
        | SubmittedDelivery
        | ConfirmedDelivery
        | FailedDelivery
        | CancelledDelivery
        | ExpiredDelivery,
        Field(discriminator="status", description="What a delivery says: an event and its order."),
    ],
)


class WebhookPayload(TypedDict):
    """The body of a delivery."""

    type: str
    timestamp: Time
    data: WebhookEvent
