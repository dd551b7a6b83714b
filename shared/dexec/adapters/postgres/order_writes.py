"""The statements of one transaction that writes an order: its own, then those of what waits with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dexec.adapters.postgres.order_params import (
    shard,
    to_add_waiting,
    to_close_exits,
    to_open_exit,
    to_place,
    to_place_exit,
    to_save,
)
from dexec.adapters.postgres.risk import counting
from dexec.adapters.postgres.statements import Statement
from dexec.domain.lifecycle import RESTING, Status
from dexec.domain.order import Change, Order
from dexec.domain.waiting.lookup import waiting_rows
from dexec.ports import NewOrder, RateLimit


def placing(new: NewOrder, limit: RateLimit | None, watcher: str | None) -> list[Statement]:
    """Return what places an order: of a market order, one statement."""
    statements = [Statement("place_order", to_place(new, limit, watcher)), *adding(new.order)]
    if new.exit is not None:
        statements += [Statement("place_exit", to_place_exit(new.exit)), *adding(new.exit)]
    return statements


def looking(new: NewOrder, shards: int) -> list[Statement]:
    """Return what is read once an order is committed: where nothing waits, nothing.

    Its client's streams, which hear of what waits at once, and whether a function ticks the book of an order
    that is open.
    """
    order = new.order
    if not new.resting:
        return []
    streams = Statement("stream_connections", {"client_id": order.client_id})
    if order.status is not Status.OPEN:
        return [streams]
    return [streams, Statement("shard_is_ticked", {"shard": shard(order, shards), "now": order.created_at})]


def saving(change: Change) -> list[Statement]:
    """Return what writes a change under its executor's lease: of a market order, one statement."""
    params = to_save(change)
    return [
        Statement("sign_order", params) if change.signs else Statement("save_order", params),
        *counting(change),
        *adding(change.after),
        *(ending(change.after) if change.ends_entry else ()),
    ]


def adding(order: Order) -> list[Statement]:
    """Return what adds the rows of an order that rests, after it was written in the same transaction."""
    if order.status not in RESTING or order.waiting is None:
        return []
    found = waiting_rows(order, order.waiting, order.updated_at)
    return [Statement("add_waiting", to_add_waiting(order, found))]


def ending(entry: Order) -> list[Statement]:
    """Return what the end of a bracket's entry makes of its exit, after that in the same transaction.

    Each checks what it finds: where the entry was not written, or the exit is not held, nothing changes.
    """
    if entry.exit_id is None:
        return []
    if entry.fill is None:
        return closing([entry.id], entry.updated_at)
    return [
        Statement("open_exit", to_open_exit(entry, entry.fill.amount_out)),
        Statement("open_waiting", {"id": entry.exit_id}),
    ]


def closing(order_ids: Sequence[str], now: datetime) -> list[Statement]:
    """Return what cancels the held exits of orders that ended unfilled, and deletes the rows of both.

    It runs after what ended the orders, in the same transaction.
    """
    return [
        Statement("close_exits", to_close_exits(order_ids, now)),
        Statement("close_waiting", {"order_ids": list(order_ids)}),
    ]
