"""What clients do: place, amend and cancel orders, watch them, come and go."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from dexec.domain.errors import (
    ConnectionUnknown,
    ExitsCross,
    Invalid,
    NotFound,
    NotWaiting,
    StaleSeq,
    TooLateToCancel,
    TooManyOrders,
    WouldTrigger,
)
from dexec.domain.order import Order
from dexec.domain.quote import Mode, RouteRequest
from dexec.domain.waiting.amendment import Wanted
from dexec.domain.waiting.terms import Terms
from dexec.ports import ApiKey, Connection, MostConnections, Placed
from dexec.usecases.place_order import Submission
from tests.proofs.simulation.deployment import SETTINGS, Deployment

MOST = MostConnections(SETTINGS.max_connections_per_client, SETTINGS.max_streams_per_client)
SWAP = RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 1_500_000_000)


@dataclass
class Clients(Deployment):
    """A deployment with clients."""

    accepted: set[str] = field(default_factory=set)
    """Orders that a client was answered 202 for."""
    cancelled: set[str] = field(default_factory=set)
    """Orders that a client was told are cancelled."""
    watches: set[tuple[str, str]] = field(default_factory=set)
    """(connection, order) for each subscription that was acknowledged."""

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
        terms: Terms | None = None,
        exits: Terms | None = None,
        expires_s: float | None = None,
        key: str | None = None,
        watcher: str | None = None,
        tries: int = 1,
    ) -> Order | None:
        """Place an order as a client does that repeats its request until it is answered; None if refused."""
        expires_at = None if expires_s is None else self.clock.now() + timedelta(seconds=expires_s)
        self.has_waited = self.has_waited or terms is not None or exits is not None
        submission = Submission(request, None, key, watcher, terms, exits, expires_at)
        for _ in range(tries):
            answer = self._process(lambda: self._placed(submission, caller))
            if answer is not None:
                placed = answer.order
                self._accept(placed, watcher)
                return placed
        return None

    def _accept(self, placed: Order, watcher: str | None) -> None:
        both = [one for one in (placed.id, placed.exit_id) if one is not None]
        self.accepted.update(both)
        if watcher is not None:
            self.watches.update((watcher, one) for one in both)

    def _placed(self, submission: Submission, caller: ApiKey) -> Placed | None:
        try:
            return self.place_order(submission, caller)
        except (WouldTrigger, ExitsCross, TooManyOrders):
            return None
        except ConnectionUnknown:
            # Nothing was placed.
            if submission.watcher is None or not self._is_gone(submission.watcher):
                raise
            return None
        except Invalid:
            # Right where the request took longer than the order was to live.
            if submission.expires_at is None or submission.expires_at > self.clock.now():
                raise
            return None

    def _is_gone(self, connection_id: str) -> bool:
        """Whether a connection is stored no more, so that it is rightly not known."""
        return self.backend.watching.connection(connection_id) is None

    def cancel_one(self, caller: ApiKey, order: Order | None) -> None:
        """Cancel an order as a client does that asks again until it is answered."""
        for _ in range(3):
            if order is None or self._process(lambda: self._cancelled(caller, order)) is not None:
                return

    def _cancelled(self, caller: ApiKey, order: Order) -> bool:
        try:
            self.cancel_orders.one(order.id, caller.client_id)
        except TooLateToCancel:
            return False
        self.cancelled.add(order.id)
        return True

    def amend(self, caller: ApiKey, order: Order | None, wanted: Wanted) -> None:
        """Amend an order as its client knows it now; nothing is done where that is refused."""
        if order is not None:
            self._process(lambda: self._amended(caller, order, wanted))

    def _amended(self, caller: ApiKey, order: Order, wanted: Wanted) -> None:
        found = self.backend.orders.find(order.id, caller.client_id)
        if found is None:
            return
        with suppress(StaleSeq, NotWaiting, WouldTrigger, ExitsCross, Invalid, TooManyOrders):
            self.amend_order(order.id, caller, found[0].seq, wanted)

    def subscribe(self, connection_id: str, order: Order | None, after_seq: int = 0) -> None:
        """Subscribe as a client does that asks again until it is answered."""
        if order is None:
            return
        for _ in range(5):
            if self._process(lambda: self._subscribed(connection_id, order, after_seq)) is not None:
                self.watches.add((connection_id, order.id))
                return

    def _subscribed(self, connection_id: str, order: Order, after_seq: int) -> bool | None:
        try:
            self.watch_orders.subscribe(order.id, order.client_id, connection_id, after_seq)
        except NotFound as exc:
            self.surprises.append(exc)
        except ConnectionUnknown:
            if not self._is_gone(connection_id):
                raise
            return None
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
