"""Amendments of waiting orders on PostgreSQL: one statement, judged by the order's own row."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from dexec.adapters.postgres import encoding, rows
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.order_params import NO_LIMIT, rate_id, retry_after_s, to_add_waiting
from dexec.adapters.postgres.statements import Statement
from dexec.adapters.postgres.waiting_encoding import dump_waiting
from dexec.domain.errors import TooManyOrders
from dexec.domain.halts import check_accepted
from dexec.domain.order import Change
from dexec.domain.waiting.lookup import waiting_rows
from dexec.domain.waiting.refusals import not_amendable
from dexec.domain.waiting.terms import Waiting
from dexec.ports import RateLimit, Watcher


def write(database: Database, change: Change, limit: RateLimit | None) -> tuple[Watcher, ...]:
    """Write an amendment; return the watchers to notify.

    Raises ``StaleSeq``, ``NotWaiting``, ``TradingHalted``, ``TooManyOrders``, and what ``Database`` raises.
    """
    one, rate = {"id": change.after.id}, {"rate_id": rate_id(change.after)}
    (written,), (watchers, found, ends, switches) = database.transact(
        [Statement("amend_order", to_amend(change, limit))],
        [
            Statement("order_watchers", one),
            Statement("orders_by_id", {"order_ids": [change.after.id]}),
            Statement("backlog_end", rate),
            Statement("switches", {}),
        ],
        Repeat.NEVER,
    )
    if written:
        return tuple(map(rows.to_watcher, watchers))
    now = rows.to_order(found[0])
    is_as_seen = (now.seq, now.status) == (change.before.seq, change.before.status)
    if is_as_seen:
        check_accepted(map(rows.to_switch, switches), now.client_id, now.request.token_out)
    if limit is not None and ends and is_as_seen:
        raise _too_often(rows.moment(ends[0]["tat"]), limit, change.after.updated_at)
    # Its seq only ever rises, so an order that still waits is at another one now.
    raise not_amendable(now)


def to_amend(change: Change, limit: RateLimit | None) -> dict[str, object]:
    """Return the parameters of ``amend_order``; its rows are those of ``add_waiting``."""
    rate = limit or NO_LIMIT
    before, after = change.before, change.after
    (event,) = change.events
    # Only what waits is amended: the step itself sees to that.
    waiting = cast(Waiting, after.waiting)
    found = waiting_rows(after, waiting, after.updated_at)
    return {
        **to_add_waiting(after, found),
        "seen_seq": before.seq,
        "seq": after.seq,
        "step": event.step,
        "request": encoding.dump_request(after.request),
        "waiting": dump_waiting(waiting),
        "restarts": waiting.since is None and not found.is_held,
        "expires_at": after.expires_at,
        "now": after.updated_at,
        "rate_id": rate_id(after),
        "limited": limit is not None,
        "interval": timedelta(seconds=rate.interval_s),
        "tolerance": timedelta(seconds=rate.interval_s * rate.burst),
        "detail": encoding.dump_detail(event.detail),
    }


def _too_often(taken_until: datetime, limit: RateLimit, now: datetime) -> TooManyOrders:
    again_s = retry_after_s(taken_until, replace(limit, max_backlog_s=0), now)
    return TooManyOrders("too many orders are placed and amended; send this again later", again_s)
