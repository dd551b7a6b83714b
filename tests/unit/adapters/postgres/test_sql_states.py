"""What the statements spell of the lifecycle is what the domain says of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dexec.adapters import postgres
from dexec.adapters.postgres.statements import sql
from dexec.domain.lifecycle import CLAIMABLE, PREPARING, RESTARTED, RESTING, TERMINAL, UNSIGNED, Status

NAMES = sorted(path.stem for path in (Path(str(postgres.__file__)).parent / "sql").glob("*.sql"))
_IN = re.compile(
    r"\b(?:status|outcome) +(NOT IN|IN) +\(([^)]*)\)|\b(?:status|outcome) *(=|<>) *('\w+')"
    r"|\boutcome\) (<=) \(%\(client_id\)s, ('\w+')\)|\((VALUES) (.+)\) AS \w+ \(outcome\)"
)
_WRITTEN = re.compile(r"(THEN|SELECT id, seq,|SELECT id, 1,|moved\.seq,|%\(request\)s,|ELSE) +'\w+'")
"""A status that is written, not compared with."""

SUBMITTED = CLAIMABLE - UNSIGNED
"""What a halt lets settle."""

PENDING = frozenset({Status.PENDING})
HELD = frozenset({Status.HELD})
OPEN = frozenset({Status.OPEN})
TRIGGERED = frozenset({Status.TRIGGERED})
CONFIRMED = frozenset({Status.CONFIRMED})
CANCELLED = frozenset({Status.CANCELLED})
FAILED = frozenset({Status.FAILED})
UNFILLED = TERMINAL - {Status.CONFIRMED}

Spelled = tuple[str, frozenset[Status]]

EXPECTED: dict[str, list[Spelled]] = {
    "add_waiting": [("=", RESTING)],
    "cancel_orders": [*[("=", SUBMITTED)] * 8, ("IN", UNSIGNED), ("=", SUBMITTED), ("<>", RESTING)],
    "apply_changes": [("<>", TRIGGERED), ("<>", RESTING), ("<>", OPEN)],
    "cancellable_orders": [("IN", CLAIMABLE), ("=", RESTING)],
    "claim_order": [
        *(("IN", RESTARTED), ("IN", RESTARTED), ("IN", CLAIMABLE), ("=", SUBMITTED), ("<>", SUBMITTED)),
    ],
    "committing_orders": [("<=", RESTING), ("=", OPEN)],
    "count_resting_of_client": [("<=", RESTING)],
    "close_exits": [("=", CANCELLED), ("=", CANCELLED), ("=", HELD), ("IN", UNFILLED), ("<>", RESTING)],
    "count_resting": [("=", RESTING)],
    "due_by_price": [("=", OPEN)],
    "due_by_time": [("=", OPEN)],
    "failed_orders": [("=", FAILED)],
    "fence_orders": [("IN", PREPARING)],
    "forget_orders": [("VALUES", TERMINAL)],
    "leased_orders": [("IN", PREPARING)],
    "line_is_over": [("NOT IN", TERMINAL)],
    "lost_triggered": [("=", TRIGGERED)],
    "lost_orders": [("IN", CLAIMABLE), ("=", SUBMITTED)],
    "mark_ended_orders": [("IN", TERMINAL)],
    "open_exit": [("=", OPEN), ("=", HELD), ("=", CONFIRMED)],
    "open_orders": [("IN", CLAIMABLE), ("=", RESTING)],
    "open_waiting": [("=", OPEN)],
    "order_events_since_open": [("=", OPEN)],
    "order_history_open": [("IN", CLAIMABLE), ("=", RESTING)],
    "order_history_open_before": [("IN", CLAIMABLE), ("=", RESTING)],
    "order_history_resting_by_status": [("=", RESTING)],
    "order_history_resting_by_status_before": [("=", RESTING)],
    "place_order": [("=", PENDING), ("<=", RESTING), ("=", PENDING)],
    "requeue_order": [("NOT IN", TERMINAL)],
    "stuck_orders": [("IN", CLAIMABLE), ("<>", PENDING)],
    "unpark_order": [("NOT IN", TERMINAL)],
    "undelivered_orders": [("IN", TERMINAL)],
    "withdraw_order": [("=", FAILED), ("=", FAILED), ("=", PENDING)],
}
"""Which set each statement compares with, in the order in which they stand; all others with none."""


def spelled(name: str) -> list[Spelled]:
    """Return what a statement compares a status or an outcome with."""
    found = _IN.finditer(sql(name).decode())
    pairs = [[*filter(None, one.groups())] for one in found]
    return [(how, _statuses(literals)) for how, literals in pairs]


def _statuses(literals: str) -> frozenset[Status]:
    names = re.findall(r"'(\w+)'", literals)
    return RESTING if names == ["resting"] else frozenset(map(Status, names))


@pytest.mark.parametrize("name", NAMES)
def test_a_statement_spells_a_set_of_the_domain(name: str) -> None:
    assert spelled(name) == EXPECTED.get(name, [])


def test_every_statement_that_is_listed_exists() -> None:
    assert EXPECTED.keys() <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_no_statement_spells_a_status_in_another_way(name: str) -> None:
    """A set that the pattern above does not see would be compared with nothing."""
    rest = _WRITTEN.sub("", _IN.sub("", sql(name).decode()))
    assert not re.findall(rf"'({'|'.join(Status)})'", rest)
