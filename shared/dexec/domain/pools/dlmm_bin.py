"""DLMM pools: a swap within one bin, in the program's arithmetic, and the limit orders that lie there.

A bin has one price and up to three *layers* of what it gives: market making, then limit orders that are
being processed, then open ones. Each layer rounds on its own; the fee is taken once for the whole bin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from dexec.domain.arithmetic import BPS, ceil_div
from dexec.domain.pools.base import PRICE_BITS
from dexec.domain.pools.dlmm_fees import FEE_UNIT
from dexec.domain.pools.refusals import UndeterminedExactOut

Layers = tuple[int, int, int]
"""Amounts of the market making, the processed and the open limit orders, in the order they are filled."""


@dataclass(frozen=True, slots=True)
class LimitOrders:
    """The limit orders of one bin; amounts in base units of what they sell: x if ``ask_side``, else y.

    ``processed_remaining`` is what is left of ``processing_total``; ``open_amount`` was placed since and
    is processed next, when ``age`` counts one more. ``fulfilled_x`` and ``fulfilled_y`` are what was sold
    altogether, the fees are what asks and bids have earned.
    """

    open_amount: int = 0
    processing_total: int = 0
    processed_remaining: int = 0
    age: int = 0
    ask_side: bool = False
    fulfilled_x: int = 0
    fulfilled_y: int = 0
    fee_ask: int = 0
    fee_bid: int = 0

    def facing(self, *, sells_x: bool) -> tuple[int, int]:
        """Return what (processed, open) orders give to who sells x, or sells y; asks face who sells y."""
        return (0, 0) if self.ask_side is sells_x else (self.processed_remaining, self.open_amount)

    def filled(self, processed: int, opened: int, fee: int) -> LimitOrders:
        """Return the orders after these amounts were filled; the first open amount starts a new round."""
        total, remaining, open_amount, age = (
            self.processing_total,
            self.processed_remaining - processed,
            self.open_amount,
            self.age,
        )
        if opened:
            total, remaining, open_amount, age = open_amount, open_amount - opened, 0, age + 1
        sold, earned = processed + opened, fee
        asks = self.ask_side
        return replace(
            self,
            open_amount=open_amount,
            processing_total=total,
            processed_remaining=remaining,
            age=age,
            fulfilled_x=self.fulfilled_x + sold * asks,
            fulfilled_y=self.fulfilled_y + sold * (not asks),
            fee_ask=self.fee_ask + earned * asks,
            fee_bid=self.fee_bid + earned * (not asks),
        )


NO_ORDERS = LimitOrders()


class FeeShares(NamedTuple):
    """Who gets a bin's fee, in the token that it was taken in."""

    market_making: int
    orders: int
    protocol: int


class BinTrade(NamedTuple):
    """A swap within one bin: what is paid in and comes out, fee included and taken off, and its layers."""

    amount_in: int
    amount_out: int
    fee: int
    nets: Layers
    outs: Layers

    def fee_shares(self, protocol_share: int) -> FeeShares:
        """Return who gets the fee; ``protocol_share`` is in bps of the market makers' part."""
        whole = sum(self.nets)
        making = ceil_div(self.fee * self.nets[0], whole) if whole else 0
        orders = (self.fee - making) // 2
        kept = making - making * protocol_share // BPS
        return FeeShares(kept, orders, self.fee - kept - orders)


class TradingBin(NamedTuple):
    """A bin as a swap in one direction meets it; ``layers`` in base units of token out, price Q64.64."""

    price: int
    layers: Layers
    fee_rate: int
    sells_x: bool
    fee_on_input: bool

    @property
    def held(self) -> int:
        """All that the bin gives, fees not taken off."""
        return sum(self.layers)

    @property
    def drained(self) -> BinTrade:
        """The swap that takes all: each layer needs its own input rounded up."""
        first, second, third = self.layers
        nets = self.net_for(first), self.net_for(second), self.net_for(third)
        net, out = sum(nets), self.held
        if self.fee_on_input:
            fee = ceil_div(net * self.fee_rate, FEE_UNIT - self.fee_rate)
            return BinTrade(net + fee, out, fee, nets, self.layers)
        fee = ceil_div(out * self.fee_rate, FEE_UNIT)
        return BinTrade(net, out - fee, fee, nets, self.layers)

    def net_for(self, amount_out: int) -> int:
        """Return the least input after fees that buys ``amount_out``: ceil(out / P) or ceil(out * P)."""
        if self.sells_x:
            return ceil_div(amount_out << PRICE_BITS, self.price)
        return ceil_div(amount_out * self.price, 1 << PRICE_BITS)

    def out_for(self, net: int) -> int:
        """Return what ``net`` buys, rounded down: floor(net * P) or floor(net / P)."""
        return net * self.price >> PRICE_BITS if self.sells_x else (net << PRICE_BITS) // self.price

    def exact_in(self, left: int) -> BinTrade:
        """Swap what is ``left`` of the input; the bin takes less than that only if it is drained."""
        net = left - ceil_div(left * self.fee_rate, FEE_UNIT) if self.fee_on_input else left
        rest, nets, outs = net, [0, 0, 0], [0, 0, 0]
        for place, amount in enumerate(self.layers):
            needed = self.net_for(amount)
            nets[place] = min(rest, needed)
            outs[place] = amount if rest >= needed else self.out_for(rest)
            rest -= nets[place]
        if rest:
            return self.drained
        out = sum(outs)
        fee = left - net if self.fee_on_input else ceil_div(out * self.fee_rate, FEE_UNIT)
        amount_out = out if self.fee_on_input else out - fee
        return BinTrade(left, amount_out, fee, (nets[0], nets[1], nets[2]), (outs[0], outs[1], outs[2]))

    def exact_out(self, wanted: int) -> BinTrade:
        """Swap for ``wanted``, or all there is; what the input yields beyond it is in ``amount_out``.

        The input is rounded up once, not once a layer. Where that does not buy enough, as may be beyond
        the first layer, the program gives up: ``UndeterminedExactOut``.
        """
        gross = self._before_fee(wanted, self.fee_on_input)
        if gross >= self.held:
            return self.drained
        trade = self.exact_in(self._before_fee(self.net_for(gross), not self.fee_on_input))
        if trade.amount_out < wanted:
            raise UndeterminedExactOut
        return trade

    def least_in(self, wanted: int) -> int:
        """Return the least input whose ``exact_in`` yields ``wanted``, no more than what drains the bin."""
        rest, net = self._before_fee(wanted, self.fee_on_input), 0
        for amount in self.layers:
            net += self.net_for(min(rest, amount))
            rest -= min(rest, amount)
        return self._before_fee(net, not self.fee_on_input)

    def _before_fee(self, amount: int, is_free: bool) -> int:
        """Return the least amount that leaves ``amount`` after the fee, if it is the fee's side."""
        return amount if is_free else amount + ceil_div(amount * self.fee_rate, FEE_UNIT - self.fee_rate)
