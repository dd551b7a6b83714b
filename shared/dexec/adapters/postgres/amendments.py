"""Amendments of waiting orders on PostgreSQL: one statement, judged by the order's own row."""

from __future__ import annotations

from typing import cast

from dexec.adapters.postgres import encoding, rows
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.order_params import to_add_waiting
from dexec.adapters.postgres.statements import Statement
from dexec.adapters.postgres.waiting_encoding import dump_waiting
from dexec.domain.order import Change
from dexec.domain.waiting.lookup import waiting_rows
from dexec.domain.waiting.refusals import not_amendable
from dexec.domain.waiting.terms import Waiting
from dexec.domain.waiting.ticks import shard_of
from dexec.ports import Watcher


def write(database: Database, change: Change, shards: int) -> tuple[Watcher, ...]:
    """Write an amendment where books are of so many shards; return the watchers to notify.

    Raises ``StaleSeq``, ``NotWaiting``, and what ``Database`` raises.
    """
    one = {"id": change.after.id}
    (written,), (watchers, found) = database.transact(
        [Statement("amend_order", to_amend(change, shards))],
        [Statement("order_watchers", one), Statement("orders_by_id", {"order_ids": [change.after.id]})],
        Repeat.NEVER,
    )
    if not written:
        # Its seq only ever rises, so an order that still waits is at another one now.
        raise not_amendable(rows.to_order(found[0]))
    return tuple(map(rows.to_watcher, watchers))


def to_amend(change: Change, shards: int) -> dict[str, object]:
    """Return the parameters of ``amend_order``; its rows are those of ``add_waiting``."""
    before, after = change.before, change.after
    (event,) = change.events
    # Only what waits is amended: the step itself sees to that.
    waiting = cast(Waiting, after.waiting)
    found = waiting_rows(after, waiting, after.updated_at)
    return {
        **to_add_waiting(after, found),
        "seen_seq": before.seq,
        "seq": after.seq,
        "status": before.status.value,
        "step": event.step,
        "request": encoding.dump_request(after.request),
        "waiting": dump_waiting(waiting),
        "restarts": waiting.since is None and not found.is_held,
        "shard": shard_of(found.pair, shards),
        "expires_at": after.expires_at,
        "now": after.updated_at,
        "detail": encoding.dump_detail(event.detail),
    }
