"""The ``Orders`` port on PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, cast

import psycopg

from dexec.adapters.postgres import amendments, encoding, rows
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.order_params import NO_LIMIT, rate_id, retry_after_s, to_repeat
from dexec.adapters.postgres.order_writes import ending, looking, placing, saving
from dexec.adapters.postgres.risk import DAY_LIMIT, PostgresRisk
from dexec.adapters.postgres.risk_encoding import load_limits
from dexec.adapters.postgres.statements import Row, Statement
from dexec.domain.claims import ClaimOutcome, claim_outcome
from dexec.domain.errors import (
    CancelWished,
    CommitUnknown,
    ConnectionUnknown,
    DeadlinePassed,
    IdempotencyConflict,
    LeaseLost,
    SigningHalted,
    StoreUnavailable,
    TooManyOrders,
)
from dexec.domain.failure import Failure
from dexec.domain.halts import check_accepted
from dexec.domain.lifecycle import RESTING, TERMINAL, Status
from dexec.domain.order import Change, Event, Order, routed
from dexec.domain.risk import RiskRefused, check_open, day_refused
from dexec.ports import Claim, NewOrder, Placed, RateLimit, StatusFilter, Watcher
from dexec.ports.orders import MOST_EVENTS

MOST_MARKED = 1_000
"""Orders marked as ended at once: Aurora DSQL changes 3,000 rows in a transaction at the most."""


class Held(Protocol):
    """Balances that lie in this database, too, and are read in the round trip of a claim."""

    def statement(self, order_id: str) -> Statement:
        """Return what reads those of an order's client."""

    def balances(self, found: Sequence[Row]) -> Mapping[str, int]:
        """Return base units by token symbol, of the rows that it found."""


class PostgresOrders:
    """Orders and their events, each method one round trip; a page of the history is two."""

    def __init__(self, database: Database, held: Held | None = None, trigger_shards: int = 1) -> None:
        self._database = database
        self._held = held
        self._risk = PostgresRisk(database)
        self._shards = trigger_shards

    def place(self, new: NewOrder, limit: RateLimit | None, watcher: str | None) -> Placed:
        """Store an order, or find the one that its idempotency key stands for."""
        statements = placing(new, limit, watcher)
        reads = looking(new, self._shards)
        try:
            found, seen = self._place(statements, reads)
        except psycopg.errors.UniqueViolation:
            # Only a repeat after a lost connection can find its own id: the first run did commit.
            known = self.find(new.order.id, new.order.client_id)
            if known is None:
                raise
            return Placed(known[0], is_new=True)
        if not found:
            raise self._not_placed(new, limit or NO_LIMIT, watcher)
        order_row = found[0]
        if order_row["spare_slot"]:
            # The order is stored whether or not this works; an unused slot only delays the next order.
            with suppress(StoreUnavailable, CommitUnknown):
                self._database.fetch(Statement("return_slot", statements[0].params), Repeat.NEVER)
        order = _honest(order_row, new)
        is_new = order.id == new.order.id
        if not reads:
            return Placed(order, is_new)
        streams, *ticked = seen
        return Placed(order, is_new, any(ticked), tuple(map(rows.to_watcher, streams)))

    def known(self, new: NewOrder) -> Order | None:
        """Return the order that an idempotency key stands for."""
        if new.idempotency_key is None:
            return None
        found, _ = self._place([Statement("place_order", to_repeat(new))], [])
        return _honest(found[0], new) if found else None

    def _place(
        self, statements: Sequence[Statement], reads: Sequence[Statement]
    ) -> tuple[list[Row], list[list[Row]]]:
        """Run ``place_order`` and what follows it, again where the order moved on meanwhile."""
        while True:
            (found, *_), seen = self._database.transact(statements, reads, Repeat.HARMLESS)
            if not (found and found[0]["raced"]):
                return found, seen

    def _not_placed(
        self, new: NewOrder, limit: RateLimit, watcher: str | None
    ) -> ConnectionUnknown | TooManyOrders:
        """Return why an order was not placed; raise ``TradingHalted``, ``RiskRefused``."""
        order = new.order
        switches = self._database.fetch(Statement("switches", {}), Repeat.READ)
        check_accepted(map(rows.to_switch, switches), order.client_id, order.request.token_out)
        if new.most_open is not None:
            check_open(new.most_open, self._risk.waiting(order.client_id, new.most_open) + new.resting)
        if watcher is not None:
            params = {"connection_id": watcher}
            known = self._database.fetch(Statement("find_connection", params), Repeat.READ)
            if not known or known[0]["client_id"] != new.order.client_id:
                return ConnectionUnknown()
        return self._backlog_full(new, limit)

    def _backlog_full(self, new: NewOrder, limit: RateLimit) -> TooManyOrders:
        params = {"rate_id": rate_id(new.order)}
        found = self._database.fetch(Statement("backlog_end", params), Repeat.READ)
        now = new.order.created_at
        again_s = retry_after_s(rows.moment(found[0]["tat"]), limit, now) if found else 1
        return TooManyOrders("too many orders are waiting already; send this one again later", again_s)

    def withdraw(self, order: Order, now: datetime, error: Failure) -> bool:
        """Fail a pending order that has not been placed again meanwhile, and free its idempotency key."""
        params = {
            "id": order.id,
            "seen_queued_at": order.queued_at,
            "now": now,
            "error": encoding.dump_failure(error),
            "detail": encoding.dump_detail(error),
        }
        withdrawn = replace(order, status=Status.FAILED, updated_at=now)
        statements = [Statement("withdraw_order", params), *ending(withdrawn)]
        return bool(self._database.transact(statements, [], Repeat.NEVER)[0][0])

    def claim(self, order_id: str, token: str, now: datetime, lease_until: datetime) -> Claim:
        """Take an order's lease and begin or resume its routing."""
        params = {"id": order_id, "token": token, "now": now, "lease_until": lease_until}
        about = {"id": order_id}
        reads = [Statement("order_events_since_open", about), Statement("order_watchers", about)]
        if self._held is not None:
            reads.append(self._held.statement(order_id))
        (claimed,), (events, watchers, *wallet) = self._database.transact(
            [Statement("claim_order", params)], reads, Repeat.HARMLESS
        )
        if not claimed:
            return Claim(ClaimOutcome.MISSING)
        order, so_far = rows.with_events(claimed[0], events)
        return Claim(
            _outcome(claimed[0], order, token, now),
            order,
            so_far,
            tuple(map(rows.to_watcher, watchers)),
            abandoned=bool(claimed[0]["abandoned"]),
            halted=bool(claimed[0]["halted"]),
            limits=load_limits(cast("str | None", claimed[0]["limits"])),
            held={} if self._held is None else self._held.balances(wallet[0]),
        )

    def save(self, change: Change) -> tuple[Watcher, ...]:
        """Write a change under the lease that it saw, with what waits because of it."""
        statements = saving(change)
        reads = [Statement("order_watchers", {"id": change.after.id})]
        if change.minds_cancel:
            reads.append(Statement("cancel_wish", statements[0].params))
        try:
            ((written,), *_), (watchers, *wish) = self._database.transact(statements, reads, Repeat.NEVER)
        except psycopg.errors.CheckViolation as exc:
            if exc.diag.constraint_name != DAY_LIMIT:
                raise
            raise self._day_refused(change.after) from exc
        if wish and wish[0]:
            raise CancelWished(cast(str, wish[0][0]["cancelled_by"]))
        if written["late"]:
            raise DeadlinePassed(change.after.request.deadline_s)
        if written["halted"]:
            raise SigningHalted("trading is paused or halted, or the order's client has no valid API key")
        if written["written"] != len(change.events):
            raise LeaseLost(f"{change.after.id} is leased by another executor")
        return tuple(map(rows.to_watcher, watchers))

    def _day_refused(self, order: Order) -> RiskRefused | LeaseLost:
        """Return why a reservation was refused, by what is used now."""
        reserved = order.reserved
        limits = self._risk.limits(order.client_id).get(order.client_id)
        if reserved is None or limits is None:
            return LeaseLost(f"the limits of {order.client_id} were removed meanwhile")
        used = self._risk.used(order.client_id, reserved.day, reserved.token)
        return day_refused(limits, used + reserved.amount)

    def amend(self, change: Change, limit: RateLimit | None) -> tuple[Watcher, ...]:
        """Write what the client of a waiting order wants instead."""
        return amendments.write(self._database, change, limit)

    def release(self, order: Order, run_at: datetime) -> None:
        """Release an order's lease."""
        params = {"id": order.id, "token": order.lease_token, "run_at": run_at}
        self._database.fetch(Statement("release_order", params), Repeat.HARMLESS)

    def find(
        self, order_id: str, client_id: str, after_seq: int | None = None
    ) -> tuple[Order, tuple[Event, ...]] | None:
        """Return a client's order and its last events, or those that follow one."""
        reads = [
            Statement("find_order", {"id": order_id, "client_id": client_id}),
            # The last ones know the route, whichever are asked for.
            Statement("order_events", {"id": order_id, "most": MOST_EVENTS}),
        ]
        if after_seq is not None:
            params = {"id": order_id, "after": after_seq, "most": MOST_EVENTS}
            reads.append(Statement("order_events_after", params))
        _, (orders, last, *later) = self._database.transact([], reads, Repeat.READ)
        if not orders:
            return None
        order, events = rows.with_events(orders[0], last)
        return order, tuple(map(rows.to_event, later[0])) if later else events

    def history(
        self, client_id: str, status: StatusFilter | None, before_id: str | None, limit: int
    ) -> tuple[Order, ...]:
        """Return a page of a client's orders, newest first."""
        params = {"client_id": client_id, "status": status, "before_id": before_id, "limit": limit}
        before = "_before" if before_id else ""
        page = Statement(f"order_history{_filter(status)}{before}", params)
        return self._with_routes(tuple(map(rows.to_order, self._database.fetch(page, Repeat.READ))))

    def _with_routes(self, orders: tuple[Order, ...]) -> tuple[Order, ...]:
        if not orders:
            return orders
        decisions = Statement("order_decisions", {"order_ids": [order.id for order in orders]})
        by_order = defaultdict(list)
        for row in self._database.fetch(decisions, Repeat.READ):
            by_order[row["order_id"]].append(rows.to_event(row))
        return tuple(routed(order, by_order[order.id]) for order in orders)

    def lost(
        self, now: datetime, grace_s: float, queue_is_empty: bool, stale_s: float, limit: int
    ) -> tuple[Order, ...]:
        """Return open orders whose message seems to be gone; those that ended unmarked are marked first."""
        params = {
            "now": now,
            "due_before": now - timedelta(seconds=grace_s),
            "stale_before": now - timedelta(seconds=stale_s),
            "queue_is_empty": queue_is_empty,
            "limit": limit,
        }
        marking = Statement("mark_ended_orders", {"limit": MOST_MARKED})
        _, (found,) = self._database.transact([marking], [Statement("lost_orders", params)], Repeat.HARMLESS)
        return tuple(map(rows.to_order, found))

    def requeue(self, order: Order, now: datetime) -> bool:
        """Record that an order's message is queued again."""
        params = {"id": order.id, "now": now, "seen_queued_at": order.queued_at}
        return bool(self._database.fetch(Statement("requeue_order", params), Repeat.NEVER))

    def end_round(self, order: Order, now: datetime, rounds: int, *, parks: bool) -> None:
        """Release an order's lease after a round through the dead-letter queue."""
        params = {
            "id": order.id,
            "token": order.lease_token,
            "now": now,
            "rounds": rounds,
            "parks": parks,
        }
        self._database.fetch(Statement("end_round", params), Repeat.HARMLESS)

    def unpark(self, order_id: str, now: datetime) -> bool:
        """Let a parked order be claimed again."""
        params = {"id": order_id, "now": now}
        return bool(self._database.fetch(Statement("unpark_order", params), Repeat.NEVER))

    def parked(self) -> int:
        """Return how many orders are parked."""
        (counted,) = self._database.fetch(Statement("count_parked", {}), Repeat.READ)
        return cast(int, counted["parked"])


def _honest(row: Row, new: NewOrder) -> Order:
    """Return the order of a row, of which ``new`` is a repeat; raise ``IdempotencyConflict``."""
    if row["request_hash"] not in new.request_hashes:
        raise IdempotencyConflict("this idempotency key was used for another order")
    return rows.to_order(row)


def _filter(status: StatusFilter | None) -> str:
    """Return what the statements of a history call this filter."""
    if status is None:
        return ""
    if status == "active":
        return "_open"
    if status in TERMINAL:
        return "_by_status"
    return "_resting_by_status" if status in RESTING else "_open_by_status"


def _outcome(row: Row, order: Order, token: str, now: datetime) -> ClaimOutcome:
    if row["claimed"]:
        return ClaimOutcome.CLAIMED
    held_by = rows.to_stop(row["held_by"])
    outcome = claim_outcome(order, token, now, held_by=held_by, keyless=bool(row["keyless"]))
    # Without any obstacle, another claim came between.
    return ClaimOutcome.HELD if outcome is ClaimOutcome.CLAIMED else outcome
