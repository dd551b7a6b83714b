"""Types of an order's request as answers repeat it, and of the fields that many answers share."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from pydantic import Field

from dexec.api.routes import Decimal
from dexec.domain.quote import Mode
from dexec.domain.waiting.conditions import PriceType
from dexec.domain.waiting.terms import TimeInForce

OrderId = Annotated[
    str, Field(pattern="^ord_[0-9a-f]{32}$", examples=["ord_01a1f8b319a27e91a730694d75677ea6"])
]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="UTC, ISO 8601")]
Amount = Annotated[Decimal, Field(pattern=r"^\d+(\.\d+)?$", description="in whole tokens", examples=["1.5"])]
Seq = Annotated[int, Field(ge=1, description="counts an order's events from 1")]
Attempt = Annotated[int, Field(ge=1, description="counts passes from routing on")]
Deadline = Annotated[int, Field(ge=1, description="seconds from acceptance; nothing is signed after it")]
SlippageBps = Annotated[int, Field(ge=0, le=10_000, description="tolerance in hundredths of a percent")]
Price = Annotated[
    Decimal,
    Field(
        description="in `priceUnit`: tokenOut per tokenIn, or as the client writes it",
        examples=["155.5"],
    ),
]
Slot = Annotated[int, Field(ge=0, description="slot of the tick that was seen")]
ClientOrderId = Annotated[str | None, Field(description="the client's own id of the order, null without one")]
Label = Annotated[str | None, Field(deprecated=True, description="the old name of `clientOrderId`")]
Signature = Annotated[str, Field(description="id of the transaction on chain, base58")]


class TakeProfit(TypedDict):
    """Where the profit is taken: at ``limitPrice`` or better."""

    limitPrice: Price


class StopLoss(TypedDict):
    """Where a loss is stopped: at ``triggerPrice``, or ``trailingBps`` below the best price."""

    triggerPrice: NotRequired[Price]
    trailingBps: NotRequired[int]
    activationPrice: NotRequired[Price]
    triggerPriceType: PriceType
    confirmTicks: int
    limitPrice: NotRequired[Price]


class StopPrices(TypedDict):
    """The prices of a stop."""

    triggerPrice: NotRequired[Price]
    activationPrice: NotRequired[Price]
    limitPrice: NotRequired[Price]


class TermPrices(StopPrices):
    """The prices that an order waits for, under the names that its body has."""

    takeProfit: NotRequired[TakeProfit]
    stopLoss: NotRequired[StopPrices]


class Asked(TypedDict):
    """What an order waits for, as it was sent; an order of the type market has none of this."""

    limitPrice: NotRequired[Annotated[Price, Field(description="the worst price of a fill")]]
    triggerPrice: NotRequired[Annotated[Price, Field(description="a stop is due here, or at a worse price")]]
    triggerPriceType: NotRequired[PriceType]
    confirmTicks: NotRequired[Annotated[int, Field(description="ticks in a row that confirm a stop")]]
    trailingBps: NotRequired[Annotated[int, Field(description="how far the stop is below the best price")]]
    activationPrice: NotRequired[Annotated[Price, Field(description="from which price on it trails")]]
    takeProfit: NotRequired[TakeProfit]
    stopLoss: NotRequired[StopLoss]
    timeInForce: NotRequired[TimeInForce]
    priceUnit: NotRequired[Annotated[str, Field(description="what prices count", examples=["USDC per SOL"])]]
    inverse: NotRequired[Annotated[TermPrices, Field(description="the same prices turned round")]]


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
