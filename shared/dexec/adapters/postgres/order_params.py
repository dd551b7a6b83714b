"""Domain objects as the named parameters of the statements that write orders."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from dexec.adapters.postgres import encoding
from dexec.adapters.postgres.waiting_encoding import dump_waiting
from dexec.domain.lifecycle import RESTING
from dexec.domain.order import Change, Event, Order
from dexec.domain.quote import Pair
from dexec.domain.tokens import format_units
from dexec.domain.waiting.lookup import WaitingRows
from dexec.domain.waiting.ticks import shard_of
from dexec.domain.withdrawals import OF_EXIT
from dexec.ports import NewOrder, RateLimit
from dexec.ports.orders import first_event

NO_LIMIT = RateLimit(interval_s=0, burst=1, max_backlog_s=0)
RESTS = "resting"
"""The outcome of an order that no executor takes until it is triggered."""


def outcome_of(order: Order) -> str | None:
    """Return what the ``outcome`` column says of an order: null for what an executor may take."""
    if order.is_terminal:
        return order.status
    return RESTS if order.status in RESTING else None


def book_of(pair: Pair) -> str:
    """Return how the store spells a book."""
    return f"{pair.token_in}>{pair.token_out}"


def rate_id(order: Order) -> str:
    """Return the row of the rate that an order counts against: what waits has one of its own."""
    return f"{order.client_id}/waiting" if order.status in RESTING else order.client_id


def retry_after_s(taken_until: datetime, limit: RateLimit, now: datetime) -> int:
    """Return after how many whole seconds a rate takes an order again; ``taken_until`` is its ``tat``."""
    next_slot = taken_until + timedelta(seconds=limit.interval_s * (1 - limit.burst))
    return max(1, math.ceil((next_slot - now).total_seconds() - limit.max_backlog_s))


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
        "status": order.status,
        "outcome": outcome_of(order),
        "waiting": dump_waiting(order.waiting),
        "exit_id": order.exit_id,
        "rate_id": rate_id(order),
        "most_open": new.most_open,
        "adds": new.resting,
        "watcher": watcher,
        "limited": limit is not None,
        "interval": timedelta(seconds=rate.interval_s),
        "tolerance": timedelta(seconds=rate.interval_s * rate.burst),
        "max_backlog": timedelta(seconds=rate.max_backlog_s),
    }


def to_repeat(new: NewOrder) -> dict[str, object]:
    """Return the parameters of ``place_order`` that find the order of a key, or place nothing."""
    return {**to_place(new, None, None), "most_open": 0, "adds": 1}


def to_place_exit(held: Order) -> dict[str, object]:
    """Return the parameters of ``place_exit``; what its entry decides is read from its row."""
    return {
        "id": held.id,
        "entry_id": held.entry_id,
        "label": held.label,
        "request": encoding.dump_request(held.request),
        "status": held.status,
        "outcome": outcome_of(held),
        "waiting": dump_waiting(held.waiting),
        "detail": encoding.dump_detail(first_event(held).detail),
        "now": held.created_at,
    }


def to_open_exit(entry: Order, bought: int) -> dict[str, object]:
    """Return the parameters of ``open_exit``: ``bought`` is what the entry's fill gave, in base units."""
    token = entry.request.token_out
    return {
        "id": entry.exit_id,
        "entry_id": entry.id,
        "amount": str(bought),
        "shown": format_units(bought, token),
        "unit": format_units(1, entry.request.token_in),
        "now": entry.updated_at,
    }


def to_close_exits(entry_ids: Sequence[str], now: datetime) -> dict[str, object]:
    """Return the parameters of ``close_exits``: the exits of these entries, if those have ended unfilled."""
    return {
        "entry_ids": list(entry_ids),
        "now": now,
        "error": encoding.dump_failure(OF_EXIT.error),
        "detail": encoding.dump_detail(OF_EXIT),
    }


def shard(order: Order, shards: int) -> int:
    """Return the shard that an order's book is in."""
    return shard_of(Pair(order.request.token_in, order.request.token_out), shards)


def to_save(change: Change) -> dict[str, object]:
    """Return the parameters of ``save_order`` and ``sign_order``: what was seen, what is, and the events."""
    before, after = change.before, change.after
    transaction = after.transaction
    return {
        "id": after.id,
        "seen_seq": before.seq,
        "seen_token": before.lease_token,
        "status": after.status,
        "outcome": outcome_of(after),
        "waiting": dump_waiting(after.waiting),
        "minds_cancel": change.minds_cancel,
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
    pair = book_of(found.pair)
    return {
        "id": order.id,
        "seq": order.seq,
        "updated_at": order.updated_at,
        "pair": pair,
        "book": None if found.is_held else pair,
        "parts": [row.part.value for row in found.rows],
        "groups": [None if row.group is None else str(row.group) for row in found.rows],
        "keys": [row.key for row in found.rows],
        "times": [row.at for row in found.rows],
    }
