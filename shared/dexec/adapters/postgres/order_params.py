"""Domain objects as the named parameters of the statements that write orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from dexec.adapters.postgres import encoding
from dexec.adapters.postgres.waiting_encoding import dump_waiting
from dexec.domain.errors import Cancelled
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import RESTING
from dexec.domain.order import Change, Event, Order, Withdrawal
from dexec.domain.quote import Pair
from dexec.domain.waiting.lookup import WaitingRows, waiting_rows
from dexec.ports import NewOrder, RateLimit

NO_LIMIT = RateLimit(interval_s=0, burst=1, max_backlog_s=0)


def to_place(new: NewOrder, limit: RateLimit | None, watcher: str | None) -> dict[str, object]:
    """Return the parameters of ``place_order``: GCRA's intervals, and the watcher's connection, if any."""
    order = new.order
    rate = limit or NO_LIMIT
    return {
        "id": order.id,
        "client_id": order.client_id,
        "label": order.label,
        "request": encoding.dump_request(order.request),
        "now": order.created_at,
        "expires_at": order.expires_at,
        "idempotency_key": new.idempotency_key,
        "request_hash": new.request_hashes[0],
        "request_hashes": list(new.request_hashes),
        "detail": encoding.dump_detail(new.first_event.detail),
        "watcher": watcher,
        "limited": limit is not None,
        "interval": timedelta(seconds=rate.interval_s),
        "tolerance": timedelta(seconds=rate.interval_s * rate.burst),
        "max_backlog": timedelta(seconds=rate.max_backlog_s),
    }


def to_save(change: Change) -> dict[str, object]:
    """Return the parameters of ``save_order``: what was seen before, what is after, and the events."""
    before, after = change.before, change.after
    transaction = after.transaction
    return {
        "id": after.id,
        "seen_seq": before.seq,
        "seen_token": before.lease_token,
        "signs": change.signs,
        "status": after.status,
        "outcome": after.status if after.is_terminal else None,
        "seq": after.seq,
        "attempt": after.attempt,
        "lease_token": after.lease_token,
        "lease_until": after.lease_until,
        "run_at": after.run_at,
        "signature": after.signature,
        "signed_tx": transaction and transaction.data,
        "last_valid_block_height": transaction and transaction.last_valid_block_height,
        "fill": encoding.dump_fill(after.fill),
        "error": encoding.dump_failure(after.error),
        "updated_at": after.updated_at,
        **_columns(change.events),
    }


def _columns(events: Sequence[Event]) -> dict[str, object]:
    """Return events column by column."""
    return {
        "event_seqs": [event.seq for event in events],
        "event_statuses": [event.status.value for event in events],
        "event_steps": [event.step and event.step.value for event in events],
        "event_attempts": [event.attempt for event in events],
        "event_details": [encoding.dump_detail(event.detail) for event in events],
        "event_times": [event.at for event in events],
    }


def book_of(pair: Pair) -> str:
    """Return how the store spells a book."""
    return f"{pair.token_in}>{pair.token_out}"


def to_apply(changes: Sequence[Change]) -> dict[str, object]:
    """Return the parameters of ``apply_changes``: each change, and the rows of what still waits after it."""
    afters = [change.after for change in changes]
    rows = [
        (order.id, row)
        for order in afters
        if order.status in RESTING and order.waiting is not None
        for row in waiting_rows(order, order.waiting, order.updated_at).rows
    ]
    return {
        "ids": [order.id for order in afters],
        "seen_seqs": [change.before.seq for change in changes],
        "statuses": [order.status.value for order in afters],
        "outcomes": [_outcome(order) for order in afters],
        "seqs": [order.seq for order in afters],
        "waitings": [dump_waiting(order.waiting) for order in afters],
        "sinces": [order.waiting and order.waiting.since for order in afters],
        "runs": [order.run_at for order in afters],
        "queued": [order.queued_at for order in afters],
        "errors": [encoding.dump_failure(order.error) for order in afters],
        "times": [order.updated_at for order in afters],
        "steps": [change.events[-1].step for change in changes],
        "details": [encoding.dump_detail(change.events[-1].detail) for change in changes],
        "row_ids": [order_id for order_id, _ in rows],
        "parts": [row.part.value for _, row in rows],
        "groups": [None if row.group is None else str(row.group) for _, row in rows],
        "keys": [row.key for _, row in rows],
        "row_times": [row.at for _, row in rows],
    }


def to_end_exits(entries: Sequence[Order]) -> dict[str, object]:
    """Return the parameters of ``end_exits`` for entries that end unfilled at the same moment."""
    error = Failure(Cancelled.code, "its entry ended unfilled")
    return {
        "ids": [order.id for order in entries],
        "now": entries[0].updated_at,
        "error": encoding.dump_failure(error),
        "detail": encoding.dump_detail(Withdrawal("entry", error)),
    }


def _outcome(order: Order) -> str | None:
    """Return what the ``outcome`` column holds: how an order ended, or that it rests."""
    if order.is_terminal:
        return order.status.value
    return "resting" if order.status in RESTING else None


def to_add_waiting(order: Order, found: WaitingRows) -> dict[str, object]:
    """Return the parameters of ``add_waiting``; rows of a held order are in no book."""
    pair = book_of(found.pair)
    return {
        "id": order.id,
        "seq": order.seq,
        "pair": pair,
        "book": None if found.is_held else pair,
        "parts": [row.part.value for row in found.rows],
        "groups": [None if row.group is None else str(row.group) for row in found.rows],
        "keys": [row.key for row in found.rows],
        "times": [row.at for row in found.rows],
    }
