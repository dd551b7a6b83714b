"""Models of what clients send: bodies, frames and query parameters, validated by pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Literal, TypeVar

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
from pydantic.fields import FieldInfo

from dexec.api.json_text import load_object
from dexec.api.problems import Malformed, invalid
from dexec.domain.addresses import MAX_URL
from dexec.domain.amounts import parse_amount, parse_decimal
from dexec.domain.arithmetic import BPS
from dexec.domain.errors import Invalid
from dexec.domain.lifecycle import Status
from dexec.domain.quote import Mode, RouteRequest
from dexec.domain.tokens import decimals_of, find_token

M = TypeVar("M", bound=BaseModel)

MAX_BODY_BYTES = 16 * 1024
MAX_SEQ = 2**31 - 1

MAX_DEADLINE_S = 86_400
"""A day: far above what the rate limit and the attempts of an order can take."""

MAX_PAGE = 100
"""Orders of a history that one answer holds."""

MAX_FRAME_ID = 2**53
"""Up to here every client reads back the integer that it sent: JavaScript's numbers are doubles."""

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
        json_schema_extra={"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\d*\.?\d+$"}]},
        description="in whole tokens; a number or a decimal string",
        examples=["1.5", 2],
    ),
]


def _limit(about: str) -> FieldInfo:
    field: FieldInfo = Field(
        json_schema_extra={"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\d*\.?\d+$"}]},
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

CLIENT_ORDER_ID = (
    "the client's own id of the order, which its answers and events carry; it need not be unique"
)

# Of query strings, whose values are texts.
Limit = Annotated[int, Field(ge=1, le=MAX_PAGE)]
Cursor = Annotated[str, StringConstraints(max_length=100)]
AmountText = Annotated[str, StringConstraints(max_length=50)]
SlippageBpsText = Annotated[int, Field(ge=0, le=BPS)]


class Strict(BaseModel):
    """A model in camelCase that takes no field it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class Side(StrEnum):
    """What is done with the base asset."""

    BUY = "buy"
    SELL = "sell"


class OrderBody(Strict):
    """An order in one of three spellings: tokenIn/tokenOut, inputToken/outputToken, or a side with a pair."""

    token_in: TokenName | None = None
    token_out: TokenName | None = None
    input_token: TokenName | None = None
    output_token: TokenName | None = None
    side: Side | None = None
    base_asset: TokenName | None = None
    quote_asset: TokenName | None = None
    amount: Amount
    slippage: Percent = None
    slippage_bps: SlippageBps | None = None
    mode: Mode | None = None
    min_amount_out: LeastOut = None
    max_amount_in: MostIn = None
    deadline: Deadline | None = None
    order_type: Annotated[Literal["market"], Field(description="the only type there is")] = "market"
    client_order_id: Annotated[Label | None, Field(description=CLIENT_ORDER_ID)] = None
    client_id: Annotated[
        Label | None,
        Field(description="the old name of `clientOrderId`", json_schema_extra={"deprecated": True}),
    ] = None

    def label(self) -> str | None:
        """Return the client's own id of the order; raise ``Invalid`` where its two names have two values."""
        if None not in (self.client_order_id, self.client_id) and self.client_order_id != self.client_id:
            raise Invalid("differs from clientOrderId, whose old name it is: send clientOrderId", "clientId")
        return self.client_id if self.client_order_id is None else self.client_order_id

    def to_request(self, default_slippage_bps: int) -> RouteRequest:
        """Return the swap; raise ``Invalid`` naming the field at fault."""
        (in_field, name_in), (out_field, name_out), mode = self._tokens()
        token_in, token_out = find_token(name_in, in_field), find_token(name_out, out_field)
        if token_in is token_out:
            raise Invalid(f"must differ from {in_field}: both are {token_in.symbol}", out_field)
        exact = token_in if mode is Mode.EXACT_IN else token_out
        amount = parse_amount(self.amount, exact.decimals)
        slippage_bps = self._slippage(default_slippage_bps)
        request = RouteRequest(mode, token_in.symbol, token_out.symbol, amount, slippage_bps)
        return replace(request, limit=self._limit(request), deadline_s=self.deadline)

    def _limit(self, request: RouteRequest) -> int | None:
        given = {"minAmountOut": self.min_amount_out, "maxAmountIn": self.max_amount_in}
        limit = given.pop(request.limit_name)
        ((other, wrong),) = given.items()
        if wrong is not None:
            raise Invalid(f"does not apply to an {request.mode} order: use {request.limit_name}", other)
        if limit is None:
            return None
        return parse_amount(limit, decimals_of(request.open_token), request.limit_name)

    def _tokens(self) -> tuple[tuple[str, str], tuple[str, str], Mode]:
        spellings = {
            "tokenIn": (self.token_in, self.token_out, "tokenOut"),
            "inputToken": (self.input_token, self.output_token, "outputToken"),
            "baseAsset": (self.base_asset, self.quote_asset, "quoteAsset"),
        }
        given = {field: pair for field, pair in spellings.items() if pair[0] or pair[1]}
        if self.side is not None:
            given.setdefault("baseAsset", spellings["baseAsset"])
        if not given:
            raise Invalid("is missing", "tokenIn")
        if len(given) > 1:
            used, other = list(given)[:2]
            raise Invalid(f"cannot be combined with {used}: name the tokens once", other)
        ((first_field, (first, second, second_field)),) = given.items()
        if first is None or second is None:
            raise Invalid("is missing", first_field if first is None else second_field)
        if first_field != "baseAsset":
            return (first_field, first), (second_field, second), self.mode or Mode.EXACT_IN
        if self.side is None or self.mode is not None:
            field = "side" if self.side is None else "mode"
            raise Invalid("is missing" if self.side is None else "cannot be combined with side", field)
        base, quote = (first_field, first), (second_field, second)
        # Amounts with a side count the base asset: buying fixes what comes out, selling what goes in.
        return (quote, base, Mode.EXACT_OUT) if self.side is Side.BUY else (base, quote, Mode.EXACT_IN)

    def _slippage(self, default_bps: int) -> int:
        if self.slippage is None:
            return default_bps if self.slippage_bps is None else self.slippage_bps
        if self.slippage_bps is not None:
            raise Invalid("cannot be combined with slippage: name the tolerance once", "slippageBps")
        percent = parse_decimal(self.slippage, "slippage")
        if not 0 <= percent <= 100:
            raise Invalid("must be between 0 and 100 percent", "slippage")
        bps = Fraction(percent) * 100
        if bps.denominator != 1:
            raise Invalid("can have two decimals at the most", "slippage")
        return int(bps)


class WebhookBody(Strict):
    """A new endpoint; ``events`` are the statuses whose events it gets, all of them unless named."""

    url: Annotated[
        str, Field(description="https://…", max_length=MAX_URL, examples=["https://example.com/dexec"])
    ]
    events: Annotated[list[Status], Field(max_length=len(Status))] = []


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


Frame = ExecuteFrame | SubscribeFrame | UnsubscribeFrame | PingFrame
FRAMES: dict[str, type[Frame]] = {
    "execute": ExecuteFrame,
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
    return load_object(text)


def _validated(model: type[M], fields: Mapping[str, object]) -> M:
    try:
        return model.model_validate(fields)
    except ValidationError as exc:
        raise invalid(exc.errors()) from exc
