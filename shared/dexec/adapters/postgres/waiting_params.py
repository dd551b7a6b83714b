"""Changes of orders that wait as the named parameters of the statement that writes many at once."""

from __future__ import annotations

from collections.abc import Sequence

from dexec.adapters.postgres import encoding
from dexec.adapters.postgres.order_params import outcome_of
from dexec.adapters.postgres.waiting_encoding import dump_waiting
from dexec.domain.lifecycle import RESTING
from dexec.domain.order import Change
from dexec.domain.waiting.lookup import waiting_rows


def to_apply(changes: Sequence[Change]) -> dict[str, object]:
    """Return the parameters of ``apply_changes``: each change, and the rows of what still waits after it."""
    afters = [change.after for change in changes]
    events = [change.events[-1] for change in changes]
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
        "outcomes": [outcome_of(order) for order in afters],
        "seqs": [order.seq for order in afters],
        "waitings": [dump_waiting(order.waiting) for order in afters],
        "sinces": [order.waiting and order.waiting.since for order in afters],
        "runs": [order.run_at for order in afters],
        "queued": [order.queued_at for order in afters],
        "errors": [encoding.dump_failure(order.error) for order in afters],
        "times": [order.updated_at for order in afters],
        "steps": [event.step and event.step.value for event in events],
        "details": [encoding.dump_detail(event.detail) for event in events],
        "row_ids": [order_id for order_id, _ in rows],
        "parts": [row.part.value for _, row in rows],
        "groups": [None if row.group is None else str(row.group) for _, row in rows],
        "keys": [row.key for _, row in rows],
        "row_times": [row.at for _, row in rows],
    }
