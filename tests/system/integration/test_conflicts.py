"""Transactions that lose against another one: rolled back, and run again until a deadline."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

import psycopg
import pytest

from dexec.adapters.postgres.conflicts import Backoff
from dexec.adapters.postgres.connection import Connect
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.pipeline import Pipeline
from dexec.domain.errors import CommitUnknown, StoreConflict
from tests.conftest import Connecting, Isolation
from tests.support.refusals import refusal
from tests.system.integration.stores import (
    CONNECTION,
    COUNTING,
    LONGEST_PAUSES,
    READING,
    RETRIES,
    WRITING,
    Opening,
    instant,
    overtake,
)

T = TypeVar("T")

CONFLICTS = ["40001", "40P01", "OC000", "OC001"]


class Losing(Database):
    """A database whose next ``losses`` transactions lose their race, and to which pauses take no time."""

    losses = 0

    def __init__(self, connect: Connect, state: str = "40001") -> None:
        backoff, self.paused = instant()
        super().__init__(connect, backoff=backoff)
        self.state = state

    def _run(self, work: Callable[[Pipeline], T], repeat: Repeat) -> T:
        def losing(pipeline: Pipeline) -> T:
            if self.losses:
                self.losses -= 1
                raise refusal(self.state)
            return work(pipeline)

        return super()._run(losing, repeat)


@pytest.mark.parametrize("state", CONFLICTS)
@pytest.mark.parametrize("repeat", list(Repeat))
def test_a_lost_race_is_run_again_until_its_deadline(
    connecting: Connecting, repeat: Repeat, state: str
) -> None:
    database = Losing(lambda: connecting(Isolation.REPEATABLE_READ), state)
    database.losses = RETRIES
    assert database.fetch(READING, repeat) == []
    assert database.losses == 0
    database.paused.clear()
    database.losses = RETRIES + 1
    with pytest.raises(StoreConflict):
        database.transact([WRITING], [READING], repeat)
    assert database.losses == 0
    assert database.paused == LONGEST_PAUSES
    assert database.transact([WRITING], [READING], repeat) == ([[]], [[]])
    database.close()


def test_pauses_are_drawn_from_zero_to_a_bound_that_doubles() -> None:
    bounds: list[tuple[float, float]] = []

    def lowest(*bound: float) -> float:
        bounds.append((bound[0], bound[1]))
        return bound[0]

    may_repeat = Backoff(sleep=lambda _: None, uniform=lowest, monotonic=lambda: 0.0).start()
    assert all(may_repeat() for _ in range(2_000)), "the deadline ends it, no number"
    assert bounds[:6] == [(0, pause) for pause in (0.02, 0.04, 0.08, 0.16, 0.25, 0.25)]
    assert bounds[-1] == (0, 0.25)


def test_a_race_that_is_lost_after_a_commit_that_is_unknown_does_not_say_that_nothing_was_done(
    connecting: Connecting,
) -> None:
    opened = Opening(lambda: connecting(Isolation.REPEATABLE_READ))
    with closing(Losing(opened)) as database:
        database.fetch(READING, Repeat.READ)

        def work(pipeline: Pipeline) -> None:
            if len(opened) == 1:
                pipeline.connection.close()
                raise psycopg.OperationalError("the answer was lost")
            raise refusal("40001")

        with pytest.raises(CommitUnknown):
            Database._run(database, work, Repeat.HARMLESS)


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_a_real_conflict_is_run_again(connecting: Connecting, in_pipeline: bool) -> None:
    opened = Opening(lambda: connecting(Isolation.REPEATABLE_READ))
    database = Database(opened)
    database.fetch(READING, Repeat.READ)
    with connecting(Isolation.READ_COMMITTED) as other:
        other.execute(CONNECTION)

        def count() -> None:
            if in_pipeline:
                database.transact([COUNTING], [READING], Repeat.NEVER)
            else:
                database.fetch(COUNTING, Repeat.NEVER)

        overtake(count, opened[0], other)
        assert other.execute("SELECT push_failures FROM connections").fetchone() == (11,)
    assert len(opened) == 1
    database.close()


def test_a_transaction_under_which_the_catalog_of_aurora_dsql_changed_is_run_again(
    connecting_to_dsql: Connect,
) -> None:
    backoff, paused = instant()
    with closing(Database(connecting_to_dsql, backoff=backoff)) as database, connecting_to_dsql() as other:

        def work(pipeline: Pipeline) -> None:
            connection = pipeline.connection
            connection.execute("BEGIN")
            if not paused:
                other.execute("CREATE TABLE public.added_meanwhile (id text PRIMARY KEY)")
            connection.execute("DELETE FROM watchers")
            connection.execute("COMMIT")

        try:
            database._run(work, Repeat.NEVER)
        finally:
            other.execute("DROP TABLE public.added_meanwhile")
    assert len(paused) == 1, "OC001, once"
