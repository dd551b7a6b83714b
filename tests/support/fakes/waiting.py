"""The ``Waiting`` port in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from dexec.domain.errors import Unavailable
from dexec.domain.lifecycle import CLAIMABLE, RESTING, Status
from dexec.domain.order import Change, Order
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Trail
from dexec.domain.waiting.lookup import Group, Part, WaitingRow
from dexec.ports import BookTick, Bound, Found, Moved, ShardLease, Watcher
from tests.support.fakes.store import Store, StoredWaiting

BATCH = 500


class FakeWaiting:
    """Ticks and waiting orders."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take_shard(
        self, shard: int, token: str, now: datetime, until: datetime, *, knocks: bool = False
    ) -> ShardLease | None:
        with self._store.lock:
            row = self._store.shards[shard]
            if row.token not in (None, token) and row.lease_until is not None and row.lease_until > now:
                row.wanted = row.wanted or knocks
                return None
            row.token, row.lease_until, row.wanted = token, until, False
            return ShardLease(shard, token, row.slot, row.judged, row.ticked_at, row.venues)

    def keep_shard(self, lease: ShardLease, until: datetime) -> ShardLease | None:
        with self._store.lock:
            row = self._store.shards[lease.shard]
            if row.token != lease.token:
                return None
            row.lease_until = until
            return replace(lease, is_wanted=row.wanted)

    def leave_shard(self, lease: ShardLease) -> None:
        with self._store.lock:
            row = self._store.shards[lease.shard]
            if row.token == lease.token:
                row.token = row.lease_until = None

    def is_ticked(self, shard: int, now: datetime) -> bool:
        row = self._store.shards[shard]
        return row.token is not None and row.lease_until is not None and row.lease_until > now

    def record(
        self, lease: ShardLease, ticks: Sequence[BookTick], venues: Sequence[str], until: datetime
    ) -> ShardLease | None:
        with self._store.lock:
            row, slot = self._store.shards[lease.shard], ticks[0].slot
            if row.token != lease.token or slot <= row.slot:
                return None
            row.slot, row.ticked_at, row.venues, row.lease_until = slot, ticks[0].at, tuple(venues), until
            for tick in ticks:
                if all(known.slot != slot for known in self._store.ticks[tick.pair]):
                    self._store.ticks[tick.pair].append(tick)
            venues = tuple(venues)
            return replace(lease, slot=slot, ticked_at=ticks[0].at, venues=venues, is_wanted=row.wanted)

    def judged(self, lease: ShardLease) -> None:
        with self._store.lock:
            row = self._store.shards[lease.shard]
            if (row.token, row.slot) == (lease.token, lease.slot):
                row.judged = lease.slot

    def void(self, lease: ShardLease, pairs: Sequence[Pair]) -> None:
        with self._store.lock:
            row = self._store.shards[lease.shard]
            if (row.token, row.slot) != (lease.token, lease.slot) or row.judged >= row.slot:
                return
            row.judged = row.slot
            for pair in pairs:
                kept = [tick for tick in self._store.ticks[pair] if tick.slot != lease.slot]
                self._store.ticks[pair] = kept

    def ticks(self, pairs: Sequence[Pair], after: int) -> tuple[BookTick, ...]:
        found = [tick for pair in pairs for tick in self._store.ticks[pair] if tick.slot > after]
        return tuple(sorted(found, key=lambda tick: tick.slot))

    def prune(self, pair: Pair, kept: Sequence[int], before: datetime) -> int:
        with self._store.lock:
            ticks = self._store.ticks[pair]
            old = [tick for tick in ticks if tick.at < before and tick.slot not in kept]
            self._store.ticks[pair] = [tick for tick in ticks if tick not in old]
            return len(old)

    def groups(self) -> Mapping[Pair, tuple[Group, ...]]:
        with self._store.lock:
            found: dict[Pair, set[Group]] = defaultdict(set)
            for stored in self._store.waiting.values():
                if stored.book is not None:
                    found[stored.book] |= {stored.row.group} - {None}  # type: ignore[arg-type]
            return {pair: tuple(sorted(groups, key=str)) for pair, groups in found.items()}

    def oldest_since(self, groups: Mapping[Pair, Sequence[Group]]) -> Mapping[Pair, int]:
        with self._store.lock:
            found: dict[Pair, int] = {}
            for stored in self._store.waiting.values():
                book, group = stored.book, stored.row.group
                if book is None or group is None or not group.is_trail:
                    continue
                if group in groups.get(book, ()):
                    found[book] = min(found.get(book, -stored.row.key), -stored.row.key)
            executed = [row.order for row in self._store.orders.values() if row.order.status in CLAIMABLE]
            for order in executed:
                book, waiting = Pair(order.request.token_in, order.request.token_out), order.waiting
                if book in groups and waiting is not None and isinstance(waiting.terms.stop, Trail):
                    found[book] = min(found.get(book, _since(order)), _since(order))
            return found

    def due_by_price(self, bounds: Sequence[Bound]) -> tuple[Found, ...]:
        with self._store.lock:
            return tuple(found for bound in bounds for found in self._reached(bound))

    def _reached(self, bound: Bound) -> list[Found]:
        found = [
            one
            for one, stored in self._open()
            if stored.book == bound.pair
            and stored.row.group == bound.group
            and stored.row.key >= bound.key
            and (bound.before is None or _since(one.order) < bound.before)
            and not self._store.may_not_trade(one.order)
        ]
        found.sort(key=lambda one: (one.row.key, one.order.id), reverse=True)
        found = sorted(found[:BATCH], key=lambda one: (-one.row.key, one.order.id))
        return _in_turn(found)[: bound.most]

    def _open(self) -> Iterable[tuple[Found, StoredWaiting]]:
        for (order_id, _), stored in self._store.waiting.items():
            order = self._store.orders[order_id].order
            if order.status is Status.OPEN:
                yield Found(order, stored.row, stored.version), stored

    def due_by_time(self, pairs: Sequence[Pair], now: datetime) -> tuple[Found, ...]:
        with self._store.lock:
            found = [
                one
                for one, stored in self._open()
                if stored.book in pairs
                and stored.row.at is not None
                and stored.row.at <= now
                and (stored.row.part is Part.EXPIRY or not self._store.may_not_trade(one.order))
            ]
        return tuple(sorted(found, key=lambda one: (_at(one.row), one.order.id))[:BATCH])

    def lost(self, before: datetime) -> tuple[Order, ...]:
        with self._store.lock:
            orders = [row.order for row in self._store.orders.values()]
        found = [
            order
            for order in orders
            if order.status is Status.TRIGGERED
            and max(order.run_at, order.queued_at) <= before
            and order.parked_at is None
        ]
        return tuple(sorted(found, key=lambda order: order.run_at)[:BATCH])

    def apply(self, changes: Sequence[Change]) -> Mapping[str, tuple[Watcher, ...]]:
        with self._store.lock:
            written = [change.after.id for change in changes if self._apply(change)]
            return {one: self._store.watchers_of(one, streams=True) for one in written}

    def _apply(self, change: Change) -> bool:
        order = self._store.orders[change.before.id].order
        if order.seq != change.before.seq or order.status is not Status.OPEN:
            return False
        if change.after.status is Status.TRIGGERED and self._store.may_not_trade(order):
            return False
        self._store.write(change)
        self._store.have_streams_hear(change.after)
        return True

    def move(self, moved: Sequence[Moved]) -> None:
        with self._store.lock:
            for one in moved:
                stored = self._store.waiting.get((one.order_id, one.part))
                if stored is not None and stored.version == one.version:
                    stored.row = WaitingRow(one.part, one.group, one.key, one.at)

    def ticked_at(self) -> Mapping[int, datetime]:
        return {shard: row.ticked_at for shard, row in self._store.shards.items() if row.ticked_at}

    def count(self, most: int) -> int:
        orders = [row.order for row in self._store.orders.values()]
        return min(most, sum(order.status in RESTING for order in orders))


def _since(order: Order) -> int:
    assert order.waiting is not None
    assert order.waiting.since is not None
    return order.waiting.since


def _at(row: WaitingRow) -> datetime:
    assert row.at is not None
    return row.at


def _in_turn(found: Sequence[Found]) -> list[Found]:
    """Return rows with their clients in turn; each client's stay in their order."""
    turns: dict[str, int] = defaultdict(int)
    places = []
    for one in found:
        places.append(turns[one.order.client_id])
        turns[one.order.client_id] += 1
    order = sorted(range(len(found)), key=lambda place: places[place])
    return [found[place] for place in order]


class FakeStarter:
    """The ``Starter`` port: ``started`` are the shards, ``is_away`` refuses."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.is_away = False

    def start(self, shard: int, *, scheduled: bool = False) -> None:
        if self.is_away:
            raise Unavailable("the trigger function cannot be started at the moment")
        self.started.append(shard)
