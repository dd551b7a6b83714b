"""Domain objects as the named parameters of the statements that write orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from dexec.adapters.postgres import encoding
from dexec.domain.order import Change, Event, Order
from dexec.domain.waiting.lookup import WaitingRows
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


def to_add_waiting(order: Order, found: WaitingRows) -> dict[str, object]:
    """Return the parameters of ``add_waiting``; rows of a held order are in no book."""
    pair = f"{found.pair.token_in}>{found.pair.token_out}"
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
