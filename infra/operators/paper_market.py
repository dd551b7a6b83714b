"""The paper market of the deployment on this machine: its prices, and the tape that moves them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dexec.adapters.clock import SystemClock
from dexec.adapters.paper.latency import LATENCIES
from dexec.adapters.paper.ledger import PaperLedger
from dexec.adapters.paper.live_tape import ALLOWANCE_SLOTS, lead_slots
from dexec.adapters.paper.market import SPREADS, VENUES, PaperMarket
from dexec.adapters.paper.slots import SLOT, slot_at
from dexec.adapters.paper.tape import NO_TAPE, PriceMove, Tape
from dexec.adapters.paper.tape_script import ScriptedMove, configured_tape, parse_script
from dexec.adapters.postgres.database import Database
from dexec.connecting import connect_to
from dexec.domain.errors import Invalid
from dexec.domain.quote import Pair
from dexec.domain.tokens import TOKENS
from dexec.ports import Clock
from dexec.settings import Settings
from infra.local import deployment, rollout
from infra.local.errors import LocalError
from infra.local.home import PROJECT, Home

LIVE = "live"
TAPES = PROJECT / "infra" / "tapes"
"""The tapes that have a name."""

_LARGEST_DENOMINATOR = 10**15
"""Of the move back to the untaped price, which is exact up to here, and to 15 digits beyond."""


class NotLive(LocalError):
    """The deployment's prices cannot be moved while it runs."""


class LateMove(LocalError):
    """A move was stored, but later than its slot was chosen for."""


@dataclass(frozen=True)
class MarketDesk:
    """The market of one deployment, as its functions have it, and the way to its stored moves."""

    settings: Settings
    ledger: PaperLedger
    clock: Clock

    @property
    def is_live(self) -> bool:
        """Whether moves can be written."""
        return self.settings.paper_tape == LIVE

    def now(self) -> int:
        """Return the current slot."""
        return slot_at(self.clock.now())

    def tape(self) -> Tape:
        """Return all moves: stored, or configured. Raises ``ClusterUnavailable``."""
        if self.is_live:
            return Tape(self.ledger.price_moves())
        return configured_tape(self.settings.paper_tape) if self.settings.paper_tape else NO_TAPE

    def mids(self, tape: Tape, pair: Pair, slot: int) -> dict[str, Fraction]:
        """Return the mid price of a pair on each venue, in whole tokens out per whole token in."""
        market = PaperMarket(self.settings.paper_seed, spread=SPREADS[self.settings.paper_spread], tape=tape)
        unit = Fraction(10) ** (TOKENS[pair.token_in].decimals - TOKENS[pair.token_out].decimals)
        return {
            venue: market.pools(venue, [pair], slot)[0].curve(pair.token_in).mid * unit for venue in VENUES
        }

    def write(self, script: Sequence[ScriptedMove]) -> list[PriceMove]:
        """Store moves from the earliest slot on that none of them can be missed in, and return them.

        Raises ``NotLive``, ``Invalid`` for a token that leaves the range, ``LateMove``.
        """
        self._check_live()
        lead = lead_slots(LATENCIES[self.settings.paper_latency])
        first = self.now() + lead
        drafts = [
            PriceMove(lead + one.after, one.token, one.factor, f"mv_{secrets.token_hex(8)}") for one in script
        ]
        self.tape().extended(PriceMove(first + one.after, one.token, one.factor) for one in script).check()
        began = time.monotonic()
        stored = self.ledger.add_price_moves(drafts)
        took = time.monotonic() - began
        if took > (allowed := (ALLOWANCE_SLOTS * SLOT).total_seconds()):
            raise LateMove(
                f"the moves are stored, but that took {took:.1f} s, and {allowed} s is allowed: "
                "a process may have computed prices without them for a moment after they began"
            )
        order = [draft.move_id for draft in drafts]
        return sorted(stored, key=lambda move: order.index(move.move_id))

    def reset(self, tokens: Sequence[str]) -> list[PriceMove]:
        """Move tokens, or all that were moved, back to their untaped prices; moves to come still come.

        Raises what ``write`` raises.
        """
        self._check_live()
        slot = self.now() + lead_slots(LATENCIES[self.settings.paper_latency])
        moved = {token: factor for token, factor in self.tape().factors(slot).items() if factor != 1}
        back = [
            ScriptedMove(0, token, (1 / moved[token]).limit_denominator(_LARGEST_DENOMINATOR))
            for token in (tokens or moved)
            if token in moved
        ]
        return self.write(back) if back else []

    def _check_live(self) -> None:
        if not self.is_live:
            has = "a configured tape" if self.settings.paper_tape else "no tape"
            raise NotLive(
                f"the deployment has {has}: start one with a live tape: dexec up --set PaperTape=live"
            )


@contextmanager
def local(home: Home) -> Iterator[MarketDesk]:
    """Reach the market of the deployment that runs under a home directory. Raises ``NotRunning``."""
    state = deployment.running(home)
    parameters = rollout.parameters_of(state)
    names = ("PaperSeed", "PaperSpread", "PaperLatency", "PaperTape")
    environ = {f"PAPER_{name.removeprefix('Paper').upper()}": parameters.get(name, "") for name in names}
    settings = Settings.from_environ({**environ, "DATABASE_URL": state.database_url})
    with closing(Database(connect_to(settings))) as database:
        yield MarketDesk(settings, PaperLedger(database), SystemClock())


def named_tapes() -> dict[str, str]:
    """Return what each tape that has a name does, as its first line says."""
    return {
        path.stem: path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        for path in sorted(TAPES.glob("*.tape"))
    }


def read_tape(name: str) -> list[ScriptedMove]:
    """Return the moves of a tape that has a name, or of a file. Raises ``Invalid``, which names the line."""
    known = TAPES / f"{name}.tape"
    path = known if known in TAPES.glob("*.tape") else Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is no text"
        names = ", ".join(named_tapes())
        raise Invalid(f"the tape {name} cannot be read: {reason}; tapes that have a name: {names}") from exc
    try:
        return parse_script(text)
    except Invalid as exc:
        raise Invalid(f"{path if path is not known else name}, {exc}") from exc
