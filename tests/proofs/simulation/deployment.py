"""One deployment over the fakes: its use cases, with every call of a port on the tape, and its processes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from dexec.bootstrap import Container
from dexec.domain.errors import DexecError, OutcomeUnknown, Unavailable
from dexec.domain.ids import order_id as make_order_id
from dexec.settings import Settings
from dexec.usecases.halt import HaltUnconfirmed
from dexec.usecases.notify import Wait
from tests.proofs.simulation.backend import Backend, in_memory
from tests.proofs.simulation.leaks import Leaks
from tests.proofs.simulation.sightings import Sightings
from tests.proofs.simulation.tape import Crash, Tape
from tests.support.fakes import (
    START,
    FakeChain,
    FakeClock,
    FakeCluster,
    FakeEventReplay,
    FakeMarket,
    FakePush,
    FakeQueue,
    FakeSigner,
    FakeStarter,
    FakeVenue,
    FakeWallets,
    SameThread,
)

T = TypeVar("T")

SETTINGS = Settings.from_environ({"POLL_MS": "5000"})
SWEEP_EVERY_S = 60


@dataclass
class Deployment:
    """The parts that clients, functions and operators act on; each call of a use case is a process."""

    tape: Tape = field(default_factory=Tape)
    backend: Backend = field(default_factory=in_memory)
    start: datetime = START
    max_receives: int = 10
    seed: int = 1
    settings: Settings = SETTINGS
    surprises: list[Exception] = field(default_factory=list)
    """What a use case raised although it says that it does not."""
    redelivery: str = "once"
    threads: Executor = field(default_factory=SameThread)
    """What runs the pushes."""
    slow_threads: Executor | None = None
    waiting: Wait = wait
    """What waits for the pushes."""
    push_deadline_s: float = 2.0
    gather_s: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.threads, SameThread):
            self.waiting = self.threads.wait
        self.clock = FakeClock(self.start)
        self.dead_letters = FakeQueue(self.clock)
        self.queue = FakeQueue(self.clock, self.dead_letters, self.max_receives)
        self.market = FakeMarket(self.clock)
        self.cluster = FakeCluster(self.clock, market=self.market)
        self.signer = FakeSigner()
        self.venues = [FakeVenue(name, self.clock, market=self.market) for name in ("raydium", "meteora")]
        self.starter = FakeStarter()
        self.sightings = Sightings(self.backend.waits)
        self.push = FakePush()
        self.event_replay = FakeEventReplay()
        self.random = Random(self.seed)
        self._next_sweep = self.start + timedelta(seconds=SWEEP_EVERY_S)
        self._next_tick = self.start
        self.has_waited = False
        self._still_ticks = 0
        self._redelivered = False
        self._resumes_at: datetime | None = None
        self.leaks = Leaks(self.backend.audit)
        self.build()

    def build(self) -> None:
        """Make the use cases anew, as a deployment with other parameters does."""
        parts = self._composed()
        self.place_order = parts.place_order
        self.quote_route = parts.quote_route
        self.execute_order = parts.execute_order
        self.halt = parts.halt
        self.cancel_orders = parts.cancel_orders
        self.amend_order = parts.amend_order
        self.watch_market = parts.watch_market
        self.check_risk = parts.check_risk
        self.reference = parts.reference
        self.settle_letter = parts.settle_dead_letter
        self.sweep_up = parts.sweep
        self.watch_orders = parts.watch_orders

    def _composed(self) -> Container:
        """Return the use cases of a deployment, with every call of a port on the tape."""
        tape = self.tape
        chain = FakeChain(
            [tape.around(venue, "venue") for venue in self.venues],
            tape.around(self.cluster, "cluster"),
            tape.around(self.signer, "signer"),
            FakeWallets(self.cluster),
        )
        return Container(
            # Some deadlines lie outside of what may be configured: a copy is not validated.
            self.settings.model_copy(update={"push_deadline_ms": round(self.push_deadline_s * 1000)}),
            clock=self.clock,
            orders=tape.around(self.backend.orders, "orders"),
            watching=tape.around(self.backend.watching, "watching"),
            control=tape.around(self.backend.control, "control"),
            risk=tape.around(self.backend.risk, "risk"),
            waiting=tape.around(self.sightings, "waiting"),
            ticks=tape.around(self.backend.ticks, "ticks"),
            starter=tape.around(self.starter, "starter"),
            queue=tape.around(self.queue, "queue"),
            push=tape.around(self.push, "push"),
            event_replay=tape.around(self.event_replay, "event_replay"),
            chain=chain,
            new_order_id=self._new_id,
            new_token=self._token,
            jitter=self.random.random,
            venue_threads=SameThread(),
            push_threads=self.threads,
            slow_push_threads=self.slow_threads or self.threads,
            push_wait=self._wait,
            gather_s=self.gather_s,
        )

    def _new_id(self, now: datetime) -> str:
        return make_order_id(now, self.random.randbytes(10))

    def _wait(self, futures: Collection[Future[None]], seconds: float) -> object:
        return self.waiting(futures, seconds)

    def _token(self) -> str:
        return self.random.randbytes(8).hex()

    def _process(self, function: Callable[[], T]) -> T | None:
        """Run one invocation: None when it crashed or answered that something is not available."""
        with self.tape.process():
            try:
                return function()
            except (Crash, Unavailable, OutcomeUnknown, HaltUnconfirmed):
                return None
            except DexecError as exc:
                self.surprises.append(exc)
                return None
