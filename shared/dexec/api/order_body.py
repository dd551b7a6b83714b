"""The body of an order, validated by pydantic: a swap, its type, what it waits for, and its exits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from dexec.api.fields import (
    Amount,
    Deadline,
    ExpiresAt,
    Label,
    LeastOut,
    MostIn,
    Percent,
    SlippageBps,
    Strict,
    TokenName,
)
from dexec.api.waiting_body import WaitingFields, check_fields, read_exits, read_expiry, read_terms
from dexec.domain.amounts import parse_amount, parse_decimal
from dexec.domain.errors import Invalid
from dexec.domain.quote import Mode, Pair, RouteRequest
from dexec.domain.tokens import Token, decimals_of, find_token
from dexec.domain.waiting.prices import Unit
from dexec.domain.waiting.terms import OrderType, Terms

CLIENT_ORDER_ID = (
    "the client's own id of the order, which its answers and events carry; it need not be unique"
)


class Side(StrEnum):
    """What is done with the base asset."""

    BUY = "buy"
    SELL = "sell"


class SwapFields(Strict):
    """A swap in one of three spellings: tokenIn/tokenOut, inputToken/outputToken, or a side with a pair."""

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
    expires_at: ExpiresAt | None = None

    def to_request(self, default_slippage_bps: int) -> RouteRequest:
        """Return the swap; raise ``Invalid`` naming the field at fault."""
        token_in, token_out, mode = self._tokens()
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

    def _tokens(self) -> tuple[Token, Token, Mode]:
        (in_field, name_in), (out_field, name_out), mode = self._named()
        token_in, token_out = find_token(name_in, in_field), find_token(name_out, out_field)
        if token_in is token_out:
            raise Invalid(f"must differ from {in_field}: both are {token_in.symbol}", out_field)
        return token_in, token_out, mode

    def _named(self) -> tuple[tuple[str, str], tuple[str, str], Mode]:
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


class OrderBody(WaitingFields, SwapFields):
    """An order: a swap, and what it waits for, by its ``orderType``; market unless it is given."""

    order_type: OrderType = OrderType.MARKET
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

    def to_terms(self) -> Terms | None:
        """Return what the order waits for, None of a market order; raise ``Invalid`` naming the field."""
        check_fields(self, self.order_type)
        return (
            None if self.order_type is OrderType.MARKET else read_terms(self, self.order_type, self._unit())
        )

    def to_exits(self) -> Terms | None:
        """Return what the exit of a bracket waits for: an order of the reversed pair. None without one."""
        if self.order_type is OrderType.OCO or (self.take_profit is None and self.stop_loss is None):
            return None
        entry = self._unit()
        pair = Pair(entry.pair.token_out, entry.pair.token_in)
        # With a side, prices are quote per base for both; without one, each of its own tokenIn.
        of_out = self.side is not None and not entry.of_out
        return read_exits(self.take_profit, self.stop_loss, Unit(pair, of_out))

    def to_expiry(self) -> datetime | None:
        """Return from when on nothing is signed, where the client says so by a time, not by ``deadline``."""
        if self.deadline is not None and self.expires_at is not None:
            raise Invalid("cannot be combined with deadline: say once how long it may take", "expiresAt")
        return read_expiry(self.expires_at)

    def _unit(self) -> Unit:
        token_in, token_out, _ = self._tokens()
        return Unit(Pair(token_in.symbol, token_out.symbol), of_out=self.side is Side.BUY)
