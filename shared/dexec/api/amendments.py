"""What clients send to change or end orders that are under way, by the names that the order body has."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dexec.api.fields import (
    MAX_SEQ,
    Amount,
    ExpiresAt,
    FrameId,
    LeastOut,
    MostIn,
    Strict,
    TargetPrice,
    TokenName,
)
from dexec.api.waiting_body import StopFields, StopLossFields, TakeProfitFields, read_expiry
from dexec.domain.errors import Invalid
from dexec.domain.quote import Pair
from dexec.domain.tokens import find_token
from dexec.domain.waiting.amendment import Given, Wanted

OTHER_NAMES = {"targetPrice": "limitPrice", "stopPrice": "triggerPrice"}
DROPPABLE = frozenset(
    {
        "limitPrice",
        "activationPrice",
        "minAmountOut",
        "maxAmountIn",
        "expiresAt",
        "takeProfit",
        "stopLoss",
    }
)
"""What null takes away; every other field has to have a value."""

_NAMES_THE_ORDER = frozenset({"seq", "action", "orderId", "id"})

Seq = Annotated[
    int,
    Field(
        ge=1,
        le=MAX_SEQ,
        strict=True,
        description="the `seq` of the order as you know it: if it has changed since, nothing is amended",
    ),
]


class AmendmentFields(StopFields):
    """What is to be different: prices in the order's own `priceUnit`; null takes away what can be missing."""

    target_price: TargetPrice = None
    take_profit: Annotated[
        TakeProfitFields | None, Field(description="of an oco; null leaves a plain stop")
    ] = None
    stop_loss: Annotated[StopLossFields | None, Field(description="of an oco; null leaves a plain limit")] = (
        None
    )
    amount: Amount = None
    min_amount_out: LeastOut = None
    max_amount_in: MostIn = None
    expires_at: ExpiresAt | None = None

    def wanted(self) -> Wanted:
        """Return the fields that were given; raise ``Invalid`` naming the one at fault."""
        return _wanted(self)


class AmendmentBody(AmendmentFields):
    """An amendment of a waiting order: all of it, or nothing."""

    seq: Seq


class CancelBody(Strict):
    """Which orders to cancel: all, or those of one direction of a pair."""

    token_in: TokenName | None = None
    token_out: TokenName | None = None

    def to_pair(self) -> Pair | None:
        """Return the direction, None for all; raise ``Invalid`` naming the field at fault."""
        if self.token_in is None and self.token_out is None:
            return None
        if self.token_in is None or self.token_out is None:
            missing = "tokenIn" if self.token_in is None else "tokenOut"
            raise Invalid("is missing: name both tokens, or none to cancel all", missing)
        token_in, token_out = find_token(self.token_in, "tokenIn"), find_token(self.token_out, "tokenOut")
        return Pair(token_in.symbol, token_out.symbol)


class CancelFrame(Strict):
    """``{"action": "cancel", "orderId": "…"}``: cancel an order."""

    action: Literal["cancel"]
    order_id: str
    id: FrameId | None = None


class AmendFrame(AmendmentFields):
    """``{"action": "amend", "orderId": "…", "seq": …}``: amend a waiting order."""

    action: Literal["amend"]
    order_id: str
    seq: Seq
    id: FrameId | None = None


def _wanted(fields: Strict, place: str = "") -> Wanted:
    found: dict[str, Given] = {}
    for name, field in type(fields).model_fields.items():
        alias = str(field.alias)
        if name not in fields.model_fields_set or alias in _NAMES_THE_ORDER:
            continue
        main, value = OTHER_NAMES.get(alias, alias), getattr(fields, name)
        if main in found:
            raise Invalid(f"is another name of {main}: give the price once", place + alias)
        if value is None and main not in DROPPABLE:
            raise Invalid("must have a value", place + alias)
        if isinstance(value, Strict):
            value = _wanted(value, f"{alias}.")
        elif alias == "expiresAt":
            value = read_expiry(value)
        found[main] = Given(place + alias, value)
    return found
