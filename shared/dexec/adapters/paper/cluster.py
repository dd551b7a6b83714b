"""The paper cluster: Solana's rules for a transaction, on the simulated market and the paper ledger."""

from __future__ import annotations

from decimal import Decimal

from dexec.adapters.paper import transaction as wire
from dexec.adapters.paper.latency import Latency
from dexec.adapters.paper.ledger import Booking, Moves, PaperLedger, Posting
from dexec.adapters.paper.market import PaperMarket, shifted
from dexec.adapters.paper.outcomes import PaperOutcomes, dump_error, dump_fill
from dexec.adapters.paper.randomness import happens
from dexec.adapters.paper.slots import BLOCKHASH_SLOTS, slot_at
from dexec.domain.errors import AttemptFailed, BlockhashExpired, InsufficientFunds, OrderFailed
from dexec.domain.pools.base import Pool
from dexec.domain.quote import Fill, SwapPlan
from dexec.domain.routing import execute_plan
from dexec.domain.tokens import TOKENS
from dexec.ports import Blockhash, Clock, Landed

SLIP_BPS = 500
"""How far the market moves against an order that is chosen to fail; no tolerance up to here saves it."""


class PaperCluster(PaperOutcomes):
    """Slots of 400 ms, blockhashes that live 150 of them, transactions that land whole or not at all."""

    def __init__(
        self,
        market: PaperMarket,
        ledger: PaperLedger,
        clock: Clock,
        latency: Latency,
        failure_rate: Decimal = Decimal(0),
    ) -> None:
        super().__init__(ledger, clock)
        self._market = market
        self._latency = latency
        self._failure_rate = failure_rate

    @property
    def lands_after_s(self) -> float:
        """The least time in which a transaction lands."""
        return self._latency.landing[0].total_seconds()

    def latest_blockhash(self) -> Blockhash:
        """Return the current slot's blockhash."""
        slot = self.block_height()
        return Blockhash(wire.blockhash(self._market.seed, slot), slot + BLOCKHASH_SLOTS)

    def send(self, data: bytes) -> None:
        """Check a transaction as the chain does and settle it for the slot in which it lands."""
        swap, now = wire.decode(data, self._market.seed), self._clock.now()
        if not 0 <= slot_at(now) - swap.blockhash_slot <= BLOCKHASH_SLOTS:
            raise BlockhashExpired("the transaction's blockhash is too old")
        lands_at = now + self._latency.landing_time(swap.signature)
        posting = Posting(swap.signature, swap.client_id, swap.order_id, slot_at(lands_at), lands_at)
        if posting.slot > swap.blockhash_slot + BLOCKHASH_SLOTS:
            # Taken too late to get into a block in which it is valid: it is never seen again.
            return
        try:
            self._settle(swap.plan, posting, self._fill(swap, posting.slot))
        except (AttemptFailed, OrderFailed) as exc:
            self._ledger.refuse(posting, dump_error(exc))

    def simulate(self, data: bytes) -> Landed:
        """Return how a transaction would end if it landed now; nothing moves."""
        swap, slot = wire.decode(data, self._market.seed), self.block_height()
        try:
            fill = self._fill(swap, slot)
        except (AttemptFailed, OrderFailed) as exc:
            return Landed(slot, None, exc)
        held = self._ledger.balances(swap.client_id).get(TOKENS[swap.plan.token_in].mint, 0)
        if held < fill.amount_in:
            return Landed(slot, None, InsufficientFunds("the wallet does not hold what the swap takes"))
        return Landed(slot, fill)

    def _fill(self, swap: wire.Swap, slot: int) -> Fill:
        slips = happens(self._failure_rate, "slip", self._market.seed, swap.order_id)
        sold = {leg.pool_id: leg.token_in for leg in swap.plan.legs}

        def pool_of(pool_id: str) -> Pool:
            pool = self._market.pool(pool_id, slot)
            return shifted(pool, sold[pool_id], SLIP_BPS) if slips else pool

        return execute_plan(swap.plan, pool_of, slot=slot)

    def _settle(self, plan: SwapPlan, posting: Posting, fill: Fill) -> None:
        moves = Moves(
            TOKENS[plan.token_in].mint, fill.amount_in, TOKENS[plan.token_out].mint, fill.amount_out
        )
        self._ledger.settle(posting, moves, _bookings(posting.owner, moves, fill), dump_fill(fill))


def _bookings(owner: str, moves: Moves, fill: Fill) -> list[Booking]:
    """Return a fill's double entry: the wallet, each leg's venue, dust between hops to the treasury."""
    bookings = [
        Booking(f"wallet:{owner}", moves.mint_in, -moves.amount_in),
        Booking(f"wallet:{owner}", moves.mint_out, moves.amount_out),
    ]
    for leg in fill.legs:
        bookings.append(Booking(f"venue:{leg.venue}", TOKENS[leg.token_in].mint, leg.amount_in))
        bookings.append(Booking(f"venue:{leg.venue}", TOKENS[leg.token_out].mint, -leg.amount_out))
    sums: dict[str, int] = {}
    for booking in bookings:
        sums[booking.mint] = sums.get(booking.mint, 0) + booking.amount
    return bookings + [Booking("treasury", mint, -rest) for mint, rest in sums.items() if rest]
