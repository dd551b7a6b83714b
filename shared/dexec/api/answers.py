"""Types of the answers of the HTTP API about orders, the market and the deployment.

They are plain dictionaries, which cost nothing to build. The views and routes are declared to return these
types, so mypy finds a field that one of them lacks, or that the API documents do not have: those are
generated from here. Tests compare what a deployment really sends with them, field by field.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import Field

from dexec.api.asked_answers import (
    Amount,
    Asked,
    Attempt,
    ClientOrderId,
    Label,
    OrderId,
    Price,
    Request,
    Seq,
    Signature,
    SlippageBps,
    Slot,
    Time,
)
from dexec.api.event_answers import OrderError, OrderEvent
from dexec.api.explain import Explanation
from dexec.api.problems import Checks
from dexec.api.routes import FillDetails, QuoteDetails, RouteDetails
from dexec.domain.lifecycle import Status
from dexec.domain.quote import Mode
from dexec.domain.waiting.conditions import Kind
from dexec.domain.waiting.terms import OrderType

StartsAt = Annotated[
    Time | None,
    Field(description="when its turn comes under the rate limit; null while it waits for a price"),
]

SOCKETS_AT = (
    "the address of the WebSocket API: connect with the key in the header `x-api-key`, or, where no header "
    "can be set, as in browsers, with `?apiKey=KEY` appended"
)
WATCHED_AT = (
    "where this order can be watched, all its events so far and those to come: connect to it as it is with "
    "the key in the header `x-api-key`, or, where no header can be set, as in browsers, with `&apiKey=KEY` "
    "appended. It holds no secret itself"
)


class OrderAccepted(TypedDict):
    """An order that will be executed, at once or when it is due."""

    orderId: OrderId
    status: Status
    startsAt: StartsAt
    exitId: NotRequired[Annotated[OrderId, Field(description="of a bracket: the order that is its exit")]]
    websocketUrl: Annotated[str, Field(description=WATCHED_AT)]


class OrderHead(TypedDict):
    """What names an order, and where it stands."""

    orderId: OrderId
    clientOrderId: ClientOrderId
    label: Label
    status: Status
    seq: Seq
    attempt: Attempt


class Seen(TypedDict):
    """The market of an open order, by the newest tick of its pair and direction."""

    slot: Slot
    at: Time
    price: Annotated[Price, Field(description="what the market gives for a small amount")]
    mid: Annotated[Price, Field(description="between that and what the market asks")]
    distanceBps: Annotated[
        int | None,
        Field(
            description="how far the price has to go until the order is due, or its trail begins, in bps "
            "of it; of two conditions, the nearer. Null for a stop that goes on by time"
        ),
    ]
    stopPrice: NotRequired[Annotated[Price, Field(description="where a stop that trails stands now")]]


class OrderState(TypedDict):
    """What has become of an order."""

    orderType: OrderType
    expiresAt: Annotated[Time | None, Field(description="nothing is signed from then on")]
    entryId: Annotated[OrderId | None, Field(description="of the exit of a bracket: its entry")]
    exitId: Annotated[OrderId | None, Field(description="of the entry of a bracket: its exit")]
    fired: Annotated[Kind | None, Field(description="the condition that triggered it last")]
    market: Annotated[Seen | None, Field(description="of an open order; null where no tick was seen yet")]
    amountIn: Amount | None
    amountOut: Amount | None
    createdAt: Time
    updatedAt: Time
    startsAt: StartsAt
    route: RouteDetails | None
    signature: Signature | None
    fill: FillDetails | None
    error: OrderError | None


class Order(OrderHead, Request, Asked, OrderState):
    """An order without its events; ``amount`` counts the token that its mode fixes."""


class OrderWithEvents(Order):
    """An order with its last 200 events, or those after ``afterSeq``.

    ``explanation`` says what a fill cost, and why.
    """

    explanation: Explanation | None
    events: list[OrderEvent]


class OrderPage(TypedDict):
    """Some of the caller's orders, newest first."""

    orders: list[Order]
    nextCursor: Annotated[str | None, Field(description="for the next page; null on the last")]


class OrdersCancelled(TypedDict):
    """What became of orders that were to be cancelled; those of neither list were over."""

    cancelled: Annotated[list[OrderId], Field(description="ended by this call, held exits among them")]
    tooLate: Annotated[
        list[OrderId], Field(description="signed already: cancelled if their transactions do not fill them")
    ]


class Quotes(TypedDict):
    """Every venue's quote, and the route an order would take now."""

    tokenIn: str
    tokenOut: str
    mode: Mode
    amount: Amount
    quotes: list[QuoteDetails]
    route: RouteDetails


class PricePoint(TypedDict):
    """What one tick saw: prices are tokenOut per tokenIn."""

    slot: Slot
    at: Time
    price: Annotated[Price, Field(description="what the market gave for a small amount")]
    mid: Annotated[Price, Field(description="between that and what the market asked")]


class Prices(TypedDict):
    """The last minutes of a pair and direction, oldest first; empty where no order waits for it."""

    tokenIn: str
    tokenOut: str
    priceUnit: Annotated[str, Field(examples=["USDC per SOL"])]
    points: list[PricePoint]


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
