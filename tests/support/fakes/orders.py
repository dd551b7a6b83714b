"""The ``Orders`` port in memory."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

from dexec.domain.claims import ClaimOutcome, claim_outcome
from dexec.domain.errors import (
    CancelWished,
    ConnectionUnknown,
    DeadlinePassed,
    IdempotencyConflict,
    LeaseLost,
    SigningHalted,
    TooManyOrders,
)
from dexec.domain.failure import Failure
from dexec.domain.halts import check_accepted
from dexec.domain.lifecycle import CLAIMABLE, RESTING, UNSIGNED, Status
from dexec.domain.order import Change, Event, Order, fail, take
from dexec.domain.risk import check_open
from dexec.domain.waiting.refusals import not_amendable
from dexec.domain.webhooks import WebhookState
from dexec.ports import Claim, NewOrder, Placed, RateLimit, StatusFilter, Watcher
from dexec.ports.orders import MOST_EVENTS, first_event
from tests.support.fakes.risk import count_usage
from tests.support.fakes.store import LineRow, Row, Store


def rate_of(order: Order) -> str:
    """Return the row of the rate that an order counts against."""
    return f"{order.client_id}/waiting" if order.status in RESTING else order.client_id


class FakeOrders:
    """Orders and their events."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def place(self, new: NewOrder, limit: RateLimit | None, watcher: str | None) -> Placed:
        with self._store.lock:
            known = self._known(new)
            if known is None:
                connection = self._store.connections.get(watcher or "")
                if watcher and (connection is None or connection.client_id != new.order.client_id):
                    raise ConnectionUnknown
                self._check_accepted(new)
                return Placed(self._insert(new, limit, watcher), is_new=True, streams=self._streams(new))
            if known.request_hash not in new.request_hashes:
                raise IdempotencyConflict("this idempotency key was used for another order")
            order = self._repeated(known, new)
            return Placed(order, order.id == new.order.id, streams=self._streams(new))

    def _streams(self, new: NewOrder) -> tuple[Watcher, ...] | None:
        """Return the client's streams where something waits: they hear of it at once."""
        return self._store.streams_of(new.order.client_id) if new.resting else None

    def _check_accepted(self, new: NewOrder) -> None:
        order, store = new.order, self._store
        check_accepted(store.switches.values(), order.client_id, order.request.token_out)
        if new.most_open is not None:
            orders = [row.order for row in store.orders.values() if row.order.client_id == order.client_id]
            check_open(new.most_open, sum(one.status in RESTING for one in orders) + new.resting)

    def known(self, new: NewOrder) -> Order | None:
        with self._store.lock:
            row = None if new.idempotency_key is None else self._known(new)
            if row is not None and row.request_hash not in new.request_hashes:
                raise IdempotencyConflict("this idempotency key was used for another order")
            return None if row is None else self._repeated(row, new)

    def _repeated(self, row: Row, new: NewOrder) -> Order:
        """Return the order of a repeated key, whose message is sent again where it is pending."""
        if row.order.status is Status.PENDING:
            row.order = replace(row.order, queued_at=new.order.created_at)
        return row.order

    def _known(self, new: NewOrder) -> Row | None:
        if new.idempotency_key is None:
            return self._store.orders.get(new.order.id)
        whose = (new.order.client_id, new.idempotency_key)
        rows = self._store.orders.values()
        return next((row for row in rows if (row.order.client_id, row.idempotency_key) == whose), None)

    def _insert(self, new: NewOrder, limit: RateLimit | None, watcher: str | None) -> Order:
        now = new.order.created_at
        run_at = now if limit is None else self._reserve(rate_of(new.order), limit, now)
        store = self._store
        hooks = self._hooks(new.order.client_id)
        order = replace(new.order, run_at=run_at, queued_at=now, hooks=hooks)
        if order.waiting is not None:
            order = replace(order, waiting=replace(order.waiting, since=store.newest_slot()))
        self._add(order, Row(order, new.idempotency_key, new.request_hashes[0]), watcher)
        if new.exit is not None:
            held = replace(new.exit, hooks=hooks)
            self._add(held, Row(held, None, ""), watcher)
        return store.orders[order.id].order

    def _add(self, order: Order, row: Row, watcher: str | None) -> None:
        store, now = self._store, order.created_at
        for hook_id in order.hooks:
            store.lines[hook_id, order.id] = LineRow(order.client_id, 0, 0, now, now)
        store.orders[order.id] = row
        store.events[order.id] = [first_event(order)]
        store.write_waiting(order.id, now)
        for connection in store.connections.values():
            is_watcher = connection.stream or connection.connection_id == watcher
            if is_watcher and connection.client_id == order.client_id:
                store.watchers.add((order.id, connection.connection_id))

    def _hooks(self, client_id: str) -> tuple[str, ...]:
        found = [self._store.webhook(hook_id) for hook_id in self._store.webhooks]
        return tuple(
            sorted(
                one.id
                for one in found
                if one and one.client_id == client_id and one.state is not WebhookState.DISABLED
            )
        )

    def _reserve(self, client_id: str, limit: RateLimit, now: datetime) -> datetime:
        interval = timedelta(seconds=limit.interval_s)
        tolerance = timedelta(seconds=limit.interval_s * limit.burst)
        last = max(self._store.rates.get(client_id, now), now)
        slot = last + interval
        wait_s = (slot - tolerance - now).total_seconds()
        if wait_s > limit.max_backlog_s:
            again_s = math.ceil(wait_s - limit.max_backlog_s)
            raise TooManyOrders("too many orders are waiting already", again_s)
        self._store.rates[client_id] = slot
        return now + timedelta(seconds=math.ceil(max(0.0, wait_s)))

    def withdraw(self, order: Order, now: datetime, error: Failure) -> bool:
        with self._store.lock:
            row = self._store.orders[order.id]
            if row.order.status is not Status.PENDING or row.order.queued_at != order.queued_at:
                return False
            self._store.write(fail(row.order, now, error))
            row.idempotency_key = None
            return True

    def claim(self, order_id: str, token: str, now: datetime, lease_until: datetime) -> Claim:
        with self._store.lock:
            row = self._store.orders.get(order_id)
            if row is None:
                return Claim(ClaimOutcome.MISSING)
            switch, keyless = self._store.held_by(row.order), not self._store.has_key(row.order.client_id)
            held_by = None if switch is None else switch.stop
            outcome = claim_outcome(row.order, token, now, held_by=held_by, keyless=keyless)
            unsigned = row.order.waiting is not None and row.order.status is not Status.SUBMITTED
            halted = outcome is ClaimOutcome.CLAIMED and unsigned and self._store.may_not_trade(row.order)
            held = row.order.lease_token not in (None, token)
            abandoned = held and outcome is ClaimOutcome.CLAIMED
            if outcome is ClaimOutcome.CLAIMED:
                change = take(row.order, now, token, lease_until)
                row.order = change.after
                self._store.events[order_id].extend(change.events)
            events = self._store.events_since_open(order_id)
            watchers = self._store.watchers_of(order_id, streams=True)
            limits = self._store.risk_limits.get(row.order.client_id)
            return Claim(outcome, row.order, events, watchers, abandoned, limits=limits, halted=halted)

    def save(self, change: Change) -> tuple[Watcher, ...]:
        with self._store.lock:
            row = self._store.orders[change.after.id]
            held = row.order.seq == change.before.seq and row.order.lease_token == change.before.lease_token
            if not held or row.order.lease_token is None:
                raise LeaseLost(f"{change.after.id} is leased by another executor")
            if change.signs and row.order.is_late(change.after.updated_at):
                raise DeadlinePassed(row.order.request.deadline_s)
            if change.signs and self._store.may_not_trade(row.order):
                raise SigningHalted("trading is paused or halted, or the order's client has no valid API key")
            if change.minds_cancel and row.order.cancelled_by is not None:
                raise CancelWished(row.order.cancelled_by)
            count_usage(self._store, change)
            kept = replace(change.after, queued_at=row.order.queued_at, cancelled_by=row.order.cancelled_by)
            self._store.write(replace(change, after=kept))
            return self._store.watchers_of(change.after.id, streams=True)

    def amend(self, change: Change, limit: RateLimit | None) -> tuple[Watcher, ...]:
        with self._store.lock:
            row = self._store.orders[change.after.id]
            if (row.order.seq, row.order.status) != (change.before.seq, change.before.status):
                raise not_amendable(row.order)
            token_out = row.order.request.token_out
            check_accepted(self._store.switches.values(), row.order.client_id, token_out)
            if limit is not None:
                self._reserve(rate_of(change.after), replace(limit, max_backlog_s=0), change.after.updated_at)
            self._store.write(change)
            return self._store.watchers_of(change.after.id, streams=True)

    def release(self, order: Order, run_at: datetime) -> None:
        with self._store.lock:
            row = self._store.orders[order.id]
            if row.order.lease_token is not None and row.order.lease_token == order.lease_token:
                row.order = replace(row.order, lease_token=None, lease_until=None, run_at=run_at)

    def find(
        self, order_id: str, client_id: str, after_seq: int | None = None
    ) -> tuple[Order, tuple[Event, ...]] | None:
        with self._store.lock:
            row = self._store.orders.get(order_id)
            if row is None or row.order.client_id != client_id:
                return None
            events = self._store.events[order_id]
            if after_seq is None:
                return row.order, tuple(events[-MOST_EVENTS:])
            return row.order, tuple([event for event in events if event.seq > after_seq][:MOST_EVENTS])

    def history(
        self, client_id: str, status: StatusFilter | None, before_id: str | None, limit: int
    ) -> tuple[Order, ...]:
        with self._store.lock:
            found = [
                row.order
                for row in self._store.orders.values()
                if row.order.client_id == client_id
                and (status in (None, row.order.status) or (status == "active" and not row.order.is_terminal))
                and (before_id is None or row.order.id < before_id)
            ]
        return tuple(sorted(found, key=lambda order: order.id, reverse=True)[:limit])

    def lost(
        self, now: datetime, grace_s: float, queue_is_empty: bool, stale_s: float, limit: int
    ) -> tuple[Order, ...]:
        due, stale = now - timedelta(seconds=grace_s), now - timedelta(seconds=stale_s)
        with self._store.lock:
            found = [
                row.order
                for row in self._store.orders.values()
                if row.order.status in CLAIMABLE
                and row.order.parked_at is None
                and (row.order.lease_until is None or row.order.lease_until <= now)
                and max(row.order.run_at, row.order.queued_at) <= due
                and (
                    row.order.status not in UNSIGNED
                    or row.order.waiting is not None
                    or not self._store.may_not_trade(row.order)
                )
                and (queue_is_empty or max(row.order.run_at, row.order.queued_at) <= stale)
            ]
        return tuple(sorted(found, key=lambda order: order.run_at)[:limit])

    def requeue(self, order: Order, now: datetime) -> bool:
        with self._store.lock:
            row = self._store.orders[order.id]
            if row.order.is_terminal or row.order.queued_at != order.queued_at:
                return False
            row.order = replace(row.order, queued_at=now)
            return True

    def end_round(self, order: Order, now: datetime, rounds: int, *, parks: bool) -> None:
        with self._store.lock:
            row = self._store.orders[order.id]
            if row.order.lease_token is not None and row.order.lease_token == order.lease_token:
                self.release(order, now)
                row.order = replace(row.order, rounds=rounds, parked_at=now if parks else None)

    def unpark(self, order_id: str, now: datetime) -> bool:
        with self._store.lock:
            row = self._store.orders.get(order_id)
            if row is None or row.order.parked_at is None or row.order.is_terminal:
                return False
            row.order = replace(row.order, parked_at=None, rounds=0, queued_at=now)
            return True

    def parked(self) -> int:
        with self._store.lock:
            rows = self._store.orders.values()
            return sum(not row.order.is_terminal and row.order.parked_at is not None for row in rows)
