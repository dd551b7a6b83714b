"""What the use cases need from the world, as Protocols; adapters and fakes implement them.

Every method that talks to something else may raise ``Unavailable`` (it had no effect) or
``OutcomeUnknown`` (it may have had one); what else it raises stands with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from dexec.domain.errors import AttemptFailed, OrderFailed
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Event, Order, SignedTransaction
from dexec.domain.quote import Fill, Pair, Reading, SwapPlan

# --- orders ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How fast a client's orders may start: GCRA with one slot every ``interval_s`` and a burst."""

    interval_s: float
    burst: int
    max_backlog_s: int


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order to be placed, before the rate limit says when it starts; ``detail`` is its first event's."""

    order: Order
    detail: Mapping[str, object]
    idempotency_key: str | None
    request_hash: str


@dataclass(frozen=True, slots=True)
class Placed:
    """The order that stands under this idempotency key now; ``is_new`` when this call made it."""

    order: Order
    is_new: bool


class ClaimOutcome(Enum):
    """What a claim came to."""

    CLAIMED = auto()
    MISSING = auto()
    TERMINAL = auto()
    HELD = auto()
    NOT_YET = auto()
    PAUSED = auto()


@dataclass(frozen=True, slots=True)
class Watcher:
    """A connection that is to be told about an order."""

    connection_id: str
    connected_at: datetime
    push_failures: int


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim; ``events`` are all of the order so far, where it is ours or over."""

    outcome: ClaimOutcome
    order: Order | None = None
    events: tuple[Event, ...] = ()
    watchers: tuple[Watcher, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """How the telling of one order went, by connection id."""

    order_id: str
    is_terminal: bool
    delivered: frozenset[str] = frozenset()
    recovered: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    missed: frozenset[str] = frozenset()


class Orders(Protocol):
    """Orders and their events."""

    def place(self, new: NewOrder, limit: RateLimit | None, watcher: str | None) -> Placed:
        """Store the order and its first event, reserve its slot, resolve a repeated idempotency key.

        ``order.run_at`` of the answer is its reserved start; a repeat renews a pending order's ``queued_at``.
        ``watcher`` and the client's stream connections become watchers. Raises ``IdempotencyConflict``,
        ``TooManyOrders``, ``CommitUnknown``.
        """

    def withdraw(self, order: Order, now: datetime, error: Mapping[str, object]) -> bool:
        """Fail a pending order and free its idempotency key.

        False when it is not pending any more, or was placed again meanwhile: that caller relies on it.
        """

    def claim(self, order_id: str, token: str, now: datetime, lease_until: datetime) -> Claim:
        """Take the lease of an order that is due and nobody's, and begin or resume its routing."""

    def save(self, change: Change) -> tuple[Watcher, ...]:
        """Write a change under the lease it saw; return who is to be told its events.

        Raises ``LeaseLost`` when the order is not as ``change.before`` any more.
        """

    def release(self, order: Order, run_at: datetime) -> None:
        """Give the lease back; the order may be claimed again from ``run_at``."""

    def find(self, order_id: str, client_id: str) -> tuple[Order, tuple[Event, ...]] | None:
        """Return a client's order with all its events."""

    def history(
        self, client_id: str, status: Status | None, before_id: str | None, limit: int
    ) -> tuple[Order, ...]:
        """Return a client's orders, newest first, those older than ``before_id``."""

    def lost(
        self, now: datetime, grace_s: float, queue_is_empty: bool, stale_s: float, limit: int
    ) -> tuple[Order, ...]:
        """Return open orders without a live lease whose message seems to be gone."""

    def requeue(self, order: Order, now: datetime) -> bool:
        """Note that the order's message is put on the queue again; False when somebody else did it."""


class Watching(Protocol):
    """WebSocket connections and who watches what."""

    def connect(self, connection: Connection) -> None:
        """Store a connection."""

    def disconnect(self, connection_id: str) -> None:
        """Forget a connection and all it watches."""

    def connection(self, connection_id: str) -> Connection | None:
        """Return a connection that is still known."""

    def watch(
        self, order_id: str, client_id: str, connection_id: str
    ) -> tuple[Order, tuple[Event, ...]] | None:
        """Register the watcher, commit, and only then read the order; None when it is not the client's."""

    def unwatch(self, order_id: str, connection_id: str) -> None:
        """Forget one watcher."""

    def settle(self, told: Told, max_failures: int) -> None:
        """Note how the telling of an order went: who is done, who is gone, who has to be told later."""

    def untold(
        self, before: datetime, limit: int
    ) -> tuple[tuple[Order, tuple[Event, ...], tuple[Watcher, ...]], ...]:
        """Return orders that ended before ``before`` and still have watchers to be told."""

    def drop_stale(self, before: datetime) -> int:
        """Forget connections made before ``before`` and watchers without a connection; return how many."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An open WebSocket; ``stream`` when it hears all of its client's orders."""

    connection_id: str
    client_id: str
    key_hash: str
    stream: bool
    connected_at: datetime


# --- keys --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored: its SHA-256 in hex, whose it is, and the client's limits.

    ``orders_per_minute``: None is the default rate, 0 is no limit. ``max_amounts`` bounds the
    amount that an order names, in base units by token symbol: a token that it does not list may not be named
    at all. None bounds nothing.
    """

    key_hash: str
    client_id: str
    orders_per_minute: int | None
    max_amounts: Mapping[str, int] | None
    created_at: datetime
    revoked_at: datetime | None = None


class ApiKeys(Protocol):
    """Who may call."""

    def find(self, key_hash: str) -> ApiKey | None:
        """Return the key with this hash, revoked or not."""

    def add(self, key: ApiKey) -> None:
        """Store a key; one with the same hash is replaced."""


# --- queue -------------------------------------------------------------------------------------------


class Queue(Protocol):
    """The queue that feeds the executor."""

    def send(self, order_id: str, client_id: str, delay_s: int) -> None:
        """Put an order's message on the queue; raises ``QueueUnavailable``."""

    def postpone(self, receipt: str, delay_s: int) -> None:
        """Make a received message visible again after ``delay_s``."""

    def is_empty(self) -> bool:
        """Whether the queue shows no visible message."""


# --- the market and the chain ------------------------------------------------------------------------


class Venue(Protocol):
    """A DEX: reads the state of its pools."""

    @property
    def name(self) -> str:
        """How quotes and legs call it."""

    def read(self, pairs: Sequence[Pair]) -> Reading:
        """Return the state of its pools for ``pairs``, all at one slot; raises ``VenueUnavailable``."""


@dataclass(frozen=True, slots=True)
class Blockhash:
    """A recent blockhash and the last block height at which a transaction with it can land."""

    value: str
    last_valid_block_height: int


@dataclass(frozen=True, slots=True)
class Landed:
    """How a transaction ended on chain: filled, or failed as a whole with ``error``."""

    slot: int
    fill: Fill | None
    error: AttemptFailed | OrderFailed | None = None


class Outcomes(Protocol):
    """What the chain says about transactions."""

    def block_height(self) -> int:
        """Return the current block height; to be read *before* ``outcome``."""

    def outcome(self, signature: str) -> Landed | None:
        """Return how the transaction ended, None while it is not seen on chain."""


class Cluster(Outcomes, Protocol):
    """The chain."""

    def latest_blockhash(self) -> Blockhash:
        """Return the blockhash to sign with."""

    def send(self, data: bytes) -> None:
        """Send signed bytes; sending the same bytes again is harmless.

        Raises ``BlockhashExpired``, ``SendUnknown``, ``ClusterUnavailable``; ``OrderFailed`` for bytes
        that no cluster would take.
        """

    def simulate(self, data: bytes) -> Landed:
        """Return how the transaction would end if it landed now, without any effect."""


class Signer(Protocol):
    """Builds and signs the transaction of a swap."""

    def sign(self, order_id: str, client_id: str, plan: SwapPlan, blockhash: Blockhash) -> SignedTransaction:
        """Return the signed transaction that carries ``plan`` out for the client's wallet."""


class Wallets(Protocol):
    """What clients hold."""

    def balances(self, client_id: str) -> dict[str, int]:
        """Return base units by token symbol."""


# --- pushes, time ------------------------------------------------------------------------------------


class Delivery(Enum):
    """What became of one frame."""

    DELIVERED = auto()
    GONE = auto()
    FAILED = auto()


class Push(Protocol):
    """API Gateway's connection management."""

    def post(self, connection_id: str, frame: bytes) -> Delivery:
        """Send one frame to a connection; never raises for what is the connection's own fault."""


class Backlogs(Protocol):
    """Sends a connection what it missed, after the handler that opens it has returned."""

    def send_soon(self, order_id: str, connection: Connection) -> None:
        """Subscribe a connection that is still opening to an order; raises ``Unavailable``."""


class Clock(Protocol):
    """Time, so that tests can move it."""

    def now(self) -> datetime:
        """Return the current time, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
