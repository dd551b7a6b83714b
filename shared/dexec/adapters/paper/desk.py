"""The desk of a paper market: reads its prices, and writes the moves of its live tape. For tools alone."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from dexec.adapters.paper.ledger import PaperLedger
from dexec.adapters.paper.live_tape import ALLOWANCE_SLOTS
from dexec.adapters.paper.market import PaperMarket
from dexec.adapters.paper.slots import SLOT, slot_at
from dexec.adapters.paper.tape import PriceMove, Tape
from dexec.adapters.paper.tape_script import ScriptedMove
from dexec.domain.quote import Pair
from dexec.domain.tokens import TOKENS
from dexec.ports import Clock

_LARGEST_DENOMINATOR = 10**15
"""Of the move back to the untaped price, which is exact up to here, and to 15 digits beyond."""


class Written(NamedTuple):
    """Moves as they are stored, and how long that took, in seconds."""

    moves: list[PriceMove]
    took_s: float

    @property
    def is_late(self) -> bool:
        """Whether a process may have computed prices without the moves for a moment after they began."""
        return self.took_s > allowed_s()


def allowed_s() -> float:
    """Return how long storing a move may take, in seconds, for it to be in no process's past."""
    return (ALLOWANCE_SLOTS * SLOT).total_seconds()


@dataclass(frozen=True)
class PaperDesk:
    """A market, its stored moves, and how many slots ahead the next has to lie.

    ``fixed`` is the tape of a market that has no live one: it can be shown, and not moved.
    """

    market: PaperMarket
    ledger: PaperLedger
    clock: Clock
    lead: int
    fixed: Tape | None = None
    monotonic: Callable[[], float] = time.monotonic

    def now(self) -> int:
        """Return the current slot."""
        return slot_at(self.clock.now())

    def tape(self) -> Tape:
        """Return all moves: stored, or fixed. Raises ``ClusterUnavailable``."""
        return Tape(self.ledger.price_moves()) if self.fixed is None else self.fixed

    def mids(self, tape: Tape, pair: Pair, slot: int) -> dict[str, Fraction]:
        """Return the mid price of a pair on each venue, in whole tokens out per whole token in."""
        market = replace(self.market, tape=tape)
        unit = Fraction(10) ** (TOKENS[pair.token_in].decimals - TOKENS[pair.token_out].decimals)
        return {
            venue: market.pools(venue, [pair], slot)[0].curve(pair.token_in).mid * unit
            for venue in market.makers
        }

    def write(self, script: Sequence[ScriptedMove]) -> Written:
        """Store moves, the script's start being the earliest slot in which no process can miss one.

        Raises ``Invalid`` for a token that leaves the range, ``ClusterUnavailable``, ``SendUnknown``.
        """
        self.tape().extended(self._placed(script)).check()
        began = self.monotonic()
        moves = self._placed(script)
        self.ledger.add_price_moves(moves)
        return Written(moves, self.monotonic() - began)

    def _placed(self, script: Sequence[ScriptedMove]) -> list[PriceMove]:
        first = self.now() + self.lead
        return [
            PriceMove(first + one.after, one.token, one.factor, f"mv_{secrets.token_hex(8)}")
            for one in script
        ]

    def reset(self, tokens: Sequence[str]) -> Written:
        """Move tokens, or all that were moved, back to their untaped prices; moves to come still come.

        Raises what ``write`` raises.
        """
        factors = self.tape().factors(self.now() + self.lead)
        moved = {token: factor for token, factor in factors.items() if factor != 1}
        back = [
            ScriptedMove(0, token, (1 / moved[token]).limit_denominator(_LARGEST_DENOMINATOR))
            for token in (tokens or moved)
            if token in moved
        ]
        return self.write(back) if back else Written([], 0.0)
