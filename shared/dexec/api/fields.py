"""Types of the fields of what clients send: texts, amounts, prices, limits."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

from dexec.domain.arithmetic import BPS
from dexec.domain.waiting.conditions import MOST_CONFIRM_TICKS

MAX_DEADLINE_S = 86_400
"""A day: far above what the rate limit and the attempts of an order can take."""

MAX_PAGE = 100
"""Orders of a history that one answer holds."""

MAX_FRAME_ID = 2**53
"""Up to here every client reads back the integer that it sent: JavaScript's numbers are doubles."""

MAX_SEQ = 2**31 - 1

MOST_TRAILING_BPS = 9_000

_DECIMAL: JsonDict = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\d*\.?\d+$"}]}


class Strict(BaseModel):
    """A model in camelCase that takes no field it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


# No control characters: PostgreSQL would refuse some of them. (What is no text at all pydantic refuses.)
Label = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
IdempotencyKey = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+$")]
TokenName = Annotated[
    str, StringConstraints(min_length=1, max_length=64), Field(description="symbol (`SOL`) or mint address")
]


def _frame_id(value: object, check: ValidatorFunctionWrapHandler) -> object:
    try:
        return check(value)
    except ValidationError as exc:
        raise ValueError("must be a string of at most 100 characters, or an integer within ±2^53") from exc


FrameId = Annotated[
    Annotated[str, StringConstraints(max_length=100, strict=True)]
    | Annotated[int, Field(ge=-MAX_FRAME_ID, le=MAX_FRAME_ID, strict=True)],
    WrapValidator(_frame_id),
]

Amount = Annotated[
    object,
    Field(
        json_schema_extra=_DECIMAL,
        description="in whole tokens; a number or a decimal string",
        examples=["1.5", 2],
    ),
]


def _limit(about: str) -> FieldInfo:
    field: FieldInfo = Field(
        json_schema_extra=_DECIMAL,
        description=f"{about}, in whole tokens: the transaction itself holds it. Without it only the "
        "slippage limits, measured from the quote at signing",
        examples=["155.5"],
    )
    return field


LeastOut = Annotated[object, _limit("exactIn (a sell) only: the least to receive")]
MostIn = Annotated[object, _limit("exactOut (a buy) only: the most to pay")]
Deadline = Annotated[
    int,
    Field(
        ge=1,
        le=MAX_DEADLINE_S,
        strict=True,
        description="seconds from acceptance after which nothing is signed any more; what is signed settles",
    ),
]
Percent = Annotated[
    object,
    Field(
        json_schema_extra={"anyOf": [{"type": "number"}, {"type": "string"}]},
        description="in percent, 0 to 100, two decimals at the most",
        examples=[0.5],
    ),
]
SlippageBps = Annotated[
    int, Field(ge=0, le=BPS, strict=True, description="tolerance in bps, instead of `slippage`")
]

# --- of orders that wait ------------------------------------------------------------------------------


def _price(about: str, example: str) -> FieldInfo:
    field: FieldInfo = Field(json_schema_extra=_DECIMAL, description=about, examples=[example])
    return field


LimitPrice = Annotated[object, _price("the worst price of a fill: the transaction holds it", "160")]
TargetPrice = Annotated[object, _price("another name of `limitPrice`", "160")]
TriggerPrice = Annotated[object, _price("the stop is due at this price or worse", "140")]
StopPrice = Annotated[object, _price("another name of `triggerPrice`", "140")]
ActivationPrice = Annotated[object, _price("it trails from this price on; without it, at once", "165")]
TrailingBps = Annotated[
    int,
    Field(
        ge=1,
        le=MOST_TRAILING_BPS,
        strict=True,
        description="how far the market falls from its best price since it is active, in bps: 200 is 2 %",
    ),
]
ConfirmTicks = Annotated[
    int,
    Field(
        ge=1,
        le=MOST_CONFIRM_TICKS,
        strict=True,
        description="how many ticks in a row have to be at the stop's price or worse; 2 unless given",
    ),
]
ExpiresAt = Annotated[
    str,
    StringConstraints(max_length=40),
    Field(
        json_schema_extra={"format": "date-time"},
        description="nothing is signed from then on: ISO 8601 with an offset from UTC; instead of `deadline`",
        examples=["2030-01-31T12:00:00Z"],
    ),
]

# --- of query strings, whose values are texts ---------------------------------------------------------

Limit = Annotated[int, Field(ge=1, le=MAX_PAGE)]
Cursor = Annotated[str, StringConstraints(max_length=100)]
AmountText = Annotated[str, StringConstraints(max_length=50)]
SlippageBpsText = Annotated[int, Field(ge=0, le=BPS)]
AfterSeq = Annotated[int, Field(ge=0, le=MAX_SEQ)]
