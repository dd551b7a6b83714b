"""``dexec quote --market FILE``: prices an order against the pools of a file, with nothing else running."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StrictInt, TypeAdapter

from dexec.domain.amounts import parse_amount
from dexec.domain.arithmetic import BPS
from dexec.domain.errors import Invalid
from dexec.domain.pools import ConstantProductPool, CreatorFeeOn, Pool
from dexec.domain.pools.constant_product import RATE_UNIT, STANDARD_TRADE_RATE
from dexec.domain.quote import Mode, PoolSnapshot, Route, RouteRequest
from dexec.domain.routing import find_route
from dexec.domain.tokens import find_token
from infra.cli.pool_files import U64, DlmmState, PoolFileError, Positive, Strict, read_file

FeeRate = Annotated[StrictInt, Field(ge=0, lt=RATE_UNIT)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class ConstantProductEntry(Strict):
    """A constant product pool; reserves in base units."""

    kind: Literal["constant_product"]
    id: Name | None = None
    venue: Name
    token_x: str
    token_y: str
    reserve_x: Positive
    reserve_y: Positive
    fee_bps: Annotated[StrictInt, Field(ge=0, lt=10_000)] | None = None
    """The trade fee in bps, for short; ``trade_fee_rate`` has it in 10^-6, as the pools do."""
    trade_fee_rate: FeeRate = STANDARD_TRADE_RATE
    creator_fee_rate: FeeRate = 0
    creator_fee_on: Literal[0, 1, 2] = 0

    def open(self, pool_id: str, tokens: tuple[str, str]) -> Pool:
        """Return the pool; ``ValueError`` for fees that take everything, or two trade fees."""
        trade_rate = self.trade_fee_rate
        if self.fee_bps is not None:
            if "trade_fee_rate" in self.model_fields_set:
                raise ValueError("give fee_bps or trade_fee_rate, not both")
            trade_rate = self.fee_bps * RATE_UNIT // BPS
        creator = CreatorFeeOn(self.creator_fee_on)
        reserves = self.reserve_x, self.reserve_y
        return ConstantProductPool(
            pool_id, self.venue, *tokens, *reserves, trade_rate, self.creator_fee_rate, creator
        )


class DlmmEntry(DlmmState):
    """A DLMM pool, ``elapsed_s`` seconds after its last swap."""

    kind: Literal["dlmm"]
    id: Name | None = None
    venue: Name
    token_x: str
    token_y: str
    elapsed_s: U64 = 0
    cases: list[object] = Field(default_factory=list, repr=False)
    """Not used: a pool of the vector files may be pasted whole."""

    def open(self, pool_id: str, tokens: tuple[str, str]) -> Pool:
        """Return the pool; ``ValueError`` for impossible bins."""
        return self.pool(pool_id, self.venue, tokens, self.elapsed_s)


PoolEntry = Annotated[ConstantProductEntry | DlmmEntry, Field(discriminator="kind")]


class MarketFile(Strict):
    """Several pools at one slot; ``leg_cost`` in base units of the token whose amount is open."""

    slot: U64 = 0
    leg_cost: U64 = 0
    pools: Annotated[list[PoolEntry], Field(min_length=1)]


_FORM = TypeAdapter(MarketFile)


def price_market(
    path: Path,
    token_in: str,
    token_out: str,
    amount: str,
    *,
    mode: Mode = Mode.EXACT_IN,
    slippage_bps: int = 50,
) -> Route:
    """Return the best route for an order over the pools of the file at ``path``.

    ``amount`` is a plain decimal in units of token in (exact in) or token out (exact out). Raises
    ``PoolFileError`` for a file of another form, ``Invalid`` for the order, and what ``find_route`` raises.
    """
    sold, bought = find_token(token_in, "tokenIn"), find_token(token_out, "tokenOut")
    if sold == bought:
        raise Invalid("must differ from tokenIn", "tokenOut")
    counted = sold if mode is Mode.EXACT_IN else bought
    base_units = parse_amount(amount, counted.decimals)
    market = read_file(path, _FORM)
    request = RouteRequest(mode, sold.symbol, bought.symbol, base_units, slippage_bps)
    return find_route(request, _snapshots(path, market), leg_cost=market.leg_cost)


def _snapshots(path: Path, market: MarketFile) -> list[PoolSnapshot]:
    pools: dict[str, Pool] = {}
    for place, entry in enumerate(market.pools):
        try:
            tokens = (find_token(entry.token_x).symbol, find_token(entry.token_y).symbol)
            pool_id = entry.id or f"{entry.venue}:{tokens[0]}-{tokens[1]}#{place}"
            if tokens[0] == tokens[1] or pool_id in pools:
                raise ValueError("a pool needs two tokens and an id of its own")
            pools[pool_id] = entry.open(pool_id, tokens)
        except (Invalid, ValueError) as exc:
            raise PoolFileError(f"{path}: pools.{place}: {exc}") from exc
    venues = dict.fromkeys(pool.venue for pool in pools.values())
    return [
        PoolSnapshot(venue, market.slot, tuple(pool for pool in pools.values() if pool.venue == venue), 0)
        for venue in venues
    ]
