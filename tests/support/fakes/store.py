"""What the fakes of the store share: its tables."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from threading import RLock

from dexec.domain.halts import Switch, first_holding
from dexec.domain.lifecycle import RESTING, Status
from dexec.domain.order import Change, Event, Order
from dexec.domain.quote import Pair
from dexec.domain.risk import RiskLimits
from dexec.domain.waiting.bracket import after_entry
from dexec.domain.waiting.lookup import Part, WaitingRow, waiting_rows
from dexec.domain.webhooks import Recorded, Webhook
from dexec.ports import ApiKey, BookTick, Connection, Watcher


@dataclass
class Row:
    """A row of the orders table."""

    order: Order
    idempotency_key: str | None
    request_hash: str


@dataclass
class LineRow:
    """A row of the table of what is to be sent to endpoints."""

    client_id: str
    sent_seq: int
    failures: int
    due_at: datetime
    queued_at: datetime
    lease_token: str | None = None
    lease_until: datetime | None = None

    def is_leased(self, now: datetime) -> bool:
        """Whether a sender has it."""
        return self.lease_until is not None and self.lease_until > now


@dataclass
class StoredWaiting:
    """A row of the table of what waits; ``book`` is None while its order is held."""

    client_id: str
    pair: Pair
    book: Pair | None
    row: WaitingRow
    version: int


@dataclass
class ShardRow:
    """A row of the table of who ticks."""

    token: str | None = None
    lease_until: datetime | None = None
    slot: int = 0
    judged: int = 0
    ticked_at: datetime | None = None
    venues: tuple[str, ...] = ()
    wanted: bool = False


@dataclass
class Store:
    """Tables in memory; ``lock`` makes each method of a port one transaction."""

    orders: dict[str, Row] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    connections: dict[str, Connection] = field(default_factory=dict)
    push_failures: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    watchers: set[tuple[str, str]] = field(default_factory=set)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    rates: dict[str, datetime] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    lines: dict[tuple[str, str], LineRow] = field(default_factory=dict)
    deliveries: dict[tuple[str, str, int], Recorded] = field(default_factory=dict)
    waiting: dict[tuple[str, Part], StoredWaiting] = field(default_factory=dict)
    shards: dict[int, ShardRow] = field(default_factory=lambda: defaultdict(ShardRow))
    ticks: dict[Pair, list[BookTick]] = field(default_factory=lambda: defaultdict(list))
    switches: dict[str, Switch] = field(default_factory=dict)
    risk_limits: dict[str, RiskLimits] = field(default_factory=dict)
    risk_days: dict[tuple[str, date, str], int] = field(default_factory=lambda: defaultdict(int))
    lock: RLock = field(default_factory=RLock)

    def has_key(self, client_id: str) -> bool:
        """Whether a client has a valid key."""
        return any(key.client_id == client_id and key.revoked_at is None for key in self.keys.values())

    def webhook(self, hook_id: str) -> Webhook | None:
        """Return an endpoint, and whether its key is valid."""
        found = self.webhooks.get(hook_id)
        if found is None:
            return None
        key = self.keys.get(found.key_hash)
        return replace(found, is_keyless=key is None or key.revoked_at is not None)

    def held_by(self, order: Order) -> Switch | None:
        """Return the switch that holds an order back."""
        return first_holding(self.switches.values(), order.client_id, order.request.token_out)

    def may_not_trade(self, order: Order) -> bool:
        """Whether no signature may be stored for an order now."""
        return self.held_by(order) is not None or not self.has_key(order.client_id)

    def newest_slot(self) -> int:
        """Return the slot of the newest tick; 0 before the first."""
        return max((row.slot for row in self.shards.values()), default=0)

    def write(self, change: Change) -> None:
        """Store an order after a change, its events, and the rows of what waits."""
        row = self.orders[change.after.id]
        row.order = replace(change.after, queued_at=max(row.order.queued_at, change.after.queued_at))
        self.events[change.after.id].extend(change.events)
        self.write_waiting(change.after.id, change.after.updated_at)
        if change.ends_entry:
            self._end_entry(change.after)

    def _end_entry(self, entry: Order) -> None:
        """Open the held exit of an entry that has ended, or cancel it."""
        held = self.orders.get(entry.exit_id or "")
        if held is None:
            return
        change = after_entry(held.order, entry, max(entry.updated_at, held.order.updated_at))
        if change is not None:
            self.write(change)
            self.have_streams_hear(held.order)

    def have_streams_hear(self, order: Order) -> None:
        """Have its client's streams watch an order that has ended."""
        if order.is_terminal:
            self.watchers |= {(order.id, one.connection_id) for one in self.streams_of(order.client_id)}

    def events_since_open(self, order_id: str) -> tuple[Event, ...]:
        """Return the events of an order since it last became open, or all."""
        events = self.events[order_id]
        opened = [place for place, event in enumerate(events) if event.status is Status.OPEN]
        return tuple(events[opened[-1] if opened else 0 :])

    def write_waiting(self, order_id: str, now: datetime) -> None:
        """Write the rows of an order anew if it waits, or delete them."""
        for key in [key for key in self.waiting if key[0] == order_id]:
            del self.waiting[key]
        row = self.orders[order_id]
        waiting = row.order.waiting
        if row.order.status not in RESTING or waiting is None:
            return
        pair = Pair(row.order.request.token_in, row.order.request.token_out)
        if waiting.since is None and row.order.status is not Status.HELD:
            waiting = replace(waiting, since=self.newest_slot())
            row.order = replace(row.order, waiting=waiting)
        found = waiting_rows(row.order, waiting, now)
        for one in found.rows:
            book = None if found.is_held else pair
            stored = StoredWaiting(row.order.client_id, pair, book, one, row.order.seq)
            self.waiting[order_id, one.part] = stored

    def watchers_of(self, order_id: str, *, streams: bool) -> tuple[Watcher, ...]:
        """Return who watches an order, with ``streams`` its client's stream connections as well."""
        client_id = self.orders[order_id].order.client_id if streams and order_id in self.orders else None
        return self._watchers(client_id, order_id)

    def streams_of(self, client_id: str) -> tuple[Watcher, ...]:
        """Return a client's stream connections."""
        return self._watchers(client_id, None)

    def _watchers(self, client_id: str | None, order_id: str | None) -> tuple[Watcher, ...]:
        found = []
        for connection_id, connection in self.connections.items():
            key = self.keys.get(connection.key_hash)
            if key is None or key.revoked_at is not None:
                continue
            hears = connection.stream and connection.client_id == client_id
            if hears or (order_id, connection_id) in self.watchers:
                failures = self.push_failures[connection_id]
                found.append(Watcher(connection_id, connection.connected_at, failures))
        return tuple(found)

    def forget(self, connection_ids: set[str]) -> None:
        """Remove connections and all that they watch."""
        for connection_id in connection_ids:
            self.connections.pop(connection_id, None)
            self.push_failures.pop(connection_id, None)
        self.watchers = {pair for pair in self.watchers if pair[1] not in connection_ids}


class FakeApiKeys:
    """The ``ApiKeys`` port."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, key_hash: str) -> ApiKey | None:
        found = self._store.keys.get(key_hash)
        return found and replace(found, limits=self._store.risk_limits.get(found.client_id))

    def add(self, key: ApiKey) -> None:
        with self._store.lock:
            old = self._store.keys.get(key.key_hash)
            if old is not None:
                key = replace(key, client_id=old.client_id, created_at=old.created_at)
            self._store.keys[key.key_hash] = key
