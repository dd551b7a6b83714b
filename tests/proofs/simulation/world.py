"""One engine with its surroundings: clients, queue, chain; each call of a function is a process."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from dexec.bootstrap import Container
from dexec.domain.errors import ConnectionUnknown, DexecError, NotFound, OutcomeUnknown, Unavailable
from dexec.domain.halts import Stop
from dexec.domain.ids import order_id as make_order_id
from dexec.domain.order import Order, Withdrawal
from dexec.domain.quote import Mode, RouteRequest
from dexec.domain.withdrawals import BY_OPERATOR
from dexec.ports import ApiKey, Connection, MostConnections, Placed
from dexec.settings import Settings
from dexec.usecases.halt import Halted, HaltUnconfirmed
from dexec.usecases.notify import Wait
from dexec.usecases.place_order import Submission
from dexec.usecases.settle_dead_letter import MAX_ROUNDS, Letter
from tests.proofs.simulation.backend import Backend, in_memory
from tests.proofs.simulation.leaks import Leaks
from tests.proofs.simulation.tape import Crash, Tape
from tests.support.fakes import (
    START,
    FakeChain,
    FakeClock,
    FakeCluster,
    FakeEventReplay,
    FakePush,
    FakeQueue,
    FakeSigner,
    FakeStarter,
    FakeVenue,
    FakeWallets,
    Message,
    SameThread,
)

T = TypeVar("T")

FUNCTION_S = 20
SWEEP_EVERY_S = 60
PATIENCE_S = 4 * 3600
SETTINGS = Settings.from_environ({"POLL_MS": "5000"})
MOST = MostConnections(SETTINGS.max_connections_per_client, SETTINGS.max_streams_per_client)
SWAP = RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 1_500_000_000)
_EXECUTORS = ThreadPoolExecutor(2, "executor")


@dataclass
class World:
    """Everything; ``turn`` lets the next thing happen, ``settle`` all of it."""

    tape: Tape = field(default_factory=Tape)
    backend: Backend = field(default_factory=in_memory)
    start: datetime = START
    max_receives: int = 10
    seed: int = 1
    settings: Settings = SETTINGS
    accepted: set[str] = field(default_factory=set)
    """Orders that a client was answered 202 for."""
    watches: set[tuple[str, str]] = field(default_factory=set)
    """(connection, order) for each subscription that was acknowledged."""
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
        self.cluster = FakeCluster(self.clock)
        self.signer = FakeSigner()
        self.venues = [FakeVenue(name, self.clock) for name in ("raydium", "meteora")]
        self.push = FakePush()
        self.event_replay = FakeEventReplay()
        self.starter = FakeStarter()
        self.random = Random(self.seed)
        self._next_sweep = self.start + timedelta(seconds=SWEEP_EVERY_S)
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
        self.check_risk = parts.check_risk
        self.reference = parts.reference
        self.cancel_orders = parts.cancel_orders
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
            waiting=tape.around(self.backend.waits, "waiting"),
            control=tape.around(self.backend.control, "control"),
            risk=tape.around(self.backend.risk, "risk"),
            queue=tape.around(self.queue, "queue"),
            push=tape.around(self.push, "push"),
            event_replay=tape.around(self.event_replay, "event_replay"),
            starter=tape.around(self.starter, "starter"),
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

    # --- clients -------------------------------------------------------------------------------------

    def client(self, name: str = "alice", orders_per_minute: int | None = None) -> ApiKey:
        """Return a client's key, which is stored."""
        key = ApiKey(f"hash of {name}", name, orders_per_minute, None, self.clock.now())
        self.backend.api_keys.add(key)
        return key

    def connect(self, connection_id: str, caller: ApiKey, *, stream: bool = False) -> None:
        """Open a connection that was open for long enough to be known as such."""
        connected_at = self.clock.now() - timedelta(seconds=60)
        connection = Connection(connection_id, caller.client_id, caller.key_hash, stream, connected_at)
        self.backend.watching.connect(connection, MOST)

    def place(
        self,
        caller: ApiKey,
        request: RouteRequest = SWAP,
        *,
        key: str | None = None,
        watcher: str | None = None,
        tries: int = 1,
    ) -> Order | None:
        """Place an order as a client does that repeats its request until it is answered."""
        submission = Submission(request, None, key, watcher)
        for _ in range(tries):
            answer = self._process(lambda: self._placed(submission, caller))
            if answer is not None:
                placed = answer.order
                self.accepted.add(placed.id)
                if watcher is not None:
                    self.watches.add((watcher, placed.id))
                return placed
        return None

    def _placed(self, submission: Submission, caller: ApiKey) -> Placed | None:
        try:
            return self.place_order(submission, caller)
        except ConnectionUnknown:
            # Right where the connection is gone: nothing was placed.
            if submission.watcher is None or self.backend.watching.connection(submission.watcher) is not None:
                raise
            return None

    def subscribe(self, connection_id: str, order: Order | None, after_seq: int = 0) -> None:
        """Subscribe as a client does that asks again until it is answered."""
        if order is None:
            return
        for _ in range(5):
            if self._process(lambda: self._subscribed(connection_id, order, after_seq)) is not None:
                self.watches.add((connection_id, order.id))
                return

    def _subscribed(self, connection_id: str, order: Order, after_seq: int) -> bool:
        try:
            self.watch_orders.subscribe(order.id, order.client_id, connection_id, after_seq)
        except NotFound as exc:
            self.surprises.append(exc)
        return True

    def open(self, connection_id: str, caller: ApiKey, order_id: str) -> None:
        """Open a connection on an order; its past events are sent by ``replay_events``."""
        for _ in range(3):
            if self._process(lambda: self._opened(connection_id, caller, order_id)):
                return

    def _opened(self, connection_id: str, caller: ApiKey, order_id: str) -> bool:
        self.watch_orders.connect(connection_id, caller, stream=False, order_id=order_id)
        return True

    def unsubscribe(self, connection_id: str, order: Order) -> None:
        """Stop watching an order."""
        self.watches.discard((connection_id, order.id))
        self._process(lambda: self.watch_orders.unsubscribe(order.id, connection_id))

    def hang_up(self, connection_id: str) -> None:
        """Close a connection from the client's side."""
        self.push.gone.add(connection_id)
        self.watches = {watch for watch in self.watches if watch[0] != connection_id}
        self._process(lambda: self.watch_orders.disconnect(connection_id))

    # --- functions -----------------------------------------------------------------------------------

    def deliver(self) -> bool:
        """Give one visible message to an executor; False when there is none."""
        message = self.queue.receive()
        if message is not None:
            self._process(lambda: self._execute(message))
        return message is not None

    def _execute(self, message: Message) -> None:
        ends_at = self.clock.now() + timedelta(seconds=FUNCTION_S)
        redelivery = self.execute_order(message.order_id, message.receives, ends_at)
        if redelivery is None:
            self.queue.delete(message.receipt)
        else:
            self.queue.postpone(message.receipt, max(1, math.ceil(redelivery.delay_s)))

    def settle_one(self) -> bool:
        """Settle one dead letter; False when there is none to be seen."""
        letter = self.dead_letters.receive()
        if letter is not None:
            ends_at = self.clock.now() + timedelta(seconds=FUNCTION_S)
            fate = self._process(lambda: self.settle_letter(letter.order_id, ends_at))
            if fate not in (None, Letter.KEPT):
                self.dead_letters.delete(letter.receipt)
        return letter is not None

    def sweep(self) -> None:
        """Run the sweeper."""
        ends_at = self.clock.now() + timedelta(seconds=FUNCTION_S)
        self._process(lambda: self.sweep_up(ends_at))

    def replay_events(self) -> None:
        """Run the asynchronous invocations that wait."""
        while self.event_replay.waiting:
            self._replay_events_of(*self.event_replay.waiting.pop(0))

    def _replay_events_of(self, order_id: str, connection: Connection) -> None:
        one, client_id = connection.connection_id, connection.client_id
        self._process(lambda: self.watch_orders.replay_events(order_id, client_id, one))

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

    # --- operators -----------------------------------------------------------------------------------

    def pause(self, for_s: float | None = None) -> None:
        """Pause execution, until ``resume`` or for some seconds."""
        if for_s is not None:
            self._resumes_at = self.clock.now() + timedelta(seconds=for_s)
        self._halted(None, self.halt.everything)

    def resume(self) -> None:
        """Let execution go on."""
        self._resumes_at = None
        self.backend.control.lift([Stop.PAUSED], None)
        self.leaks.lifted(None)

    def revoke(self, key: ApiKey) -> None:
        """Revoke a client's only key."""
        self.backend.api_keys.add(replace(key, revoked_at=self.clock.now()))
        self._halted(key.client_id, lambda: self.halt.client(key.client_id))

    def restore(self, key: ApiKey) -> None:
        """Give a client its key back."""
        self.backend.api_keys.add(key)
        self.leaks.lifted(key.client_id)

    def cancel(self, caller: ApiKey, why: Withdrawal = BY_OPERATOR) -> None:
        """Cancel a client's orders, as an operator does who repeats it until it is answered."""
        for _ in range(5):
            if self._process(lambda: self.cancel_orders.of_client(caller.client_id, why)) is not None:
                return

    def _halted(self, client_id: str | None, halt: Callable[[], Halted]) -> None:
        """Halt; from the moment at which that has returned nothing new may be signed."""
        if self._process(halt) is not None:
            self.leaks.halted(client_id)

    # --- time ----------------------------------------------------------------------------------------

    def turn(self) -> bool:
        """Let one thing happen; False when nothing is due at this moment."""
        if self._resumes_at is not None and self.clock.now() >= self._resumes_at:
            self.resume()
        if self.tape.fired and not self._redelivered:
            self._redelivered = True
            self.redeliver()
        if self.deliver() or self.settle_one():
            return True
        if self.clock.now() >= self._next_sweep:
            self._next_sweep = self.clock.now() + timedelta(seconds=SWEEP_EVERY_S)
            self.sweep()
            return True
        return False

    def redeliver(self) -> None:
        """Deliver the messages of open orders more than once, as ``redelivery`` says."""
        if self.redelivery == "once":
            return
        self.duplicate()
        if self.redelivery == "at once":
            self.duplicate()
            for future in [_EXECUTORS.submit(self.deliver) for _ in range(2)]:
                future.result()

    def duplicate(self) -> None:
        """Put another message of every open order on the queue."""
        for order, _ in self.backend.audit.histories():
            if not order.is_terminal:
                self.queue.send(order.id, order.client_id, 0)

    def meanwhile(self, seconds: float) -> None:
        """Let time pass and others work while a process stands still between two lines."""
        self.clock.advance(seconds)
        self.duplicate()
        for _ in range(3):
            self.deliver()
        self.settle_one()
        self.sweep()

    def settle(self) -> None:
        """Let everything happen until nothing is left to do; raise when that takes hours."""
        until = self.clock.now() + timedelta(seconds=PATIENCE_S)
        while not self.is_quiet():
            if self.tape.fired >= MAX_ROUNDS and self.backend.orders.parked():
                self.release()
            if not self.turn():
                self.clock.advance((self._next_event() - self.clock.now()).total_seconds())
            if self.clock.now() > until:
                raise AssertionError(f"not settled: {self.backend.audit.histories()}")

    def release(self) -> None:
        """Put what is parked back on the queue, as an operator does."""
        for order, _ in self.backend.audit.histories():
            if self.backend.orders.unpark(order.id, self.clock.now()):
                self.queue.send(order.id, order.client_id, 0)

    def is_quiet(self) -> bool:
        """Whether nothing is left to do."""
        messages = self.queue.messages or self.dead_letters.messages
        return not messages and self.backend.audit.is_settled()

    def _next_event(self) -> datetime:
        queues = (self.queue.next_visible_at(), self.dead_letters.next_visible_at())
        times = (*queues, self._next_sweep, self._resumes_at)
        return min(time for time in times if time is not None)
