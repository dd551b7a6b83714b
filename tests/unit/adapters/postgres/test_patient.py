"""Statements that are repeated until a database that is still being made takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import psycopg
import pytest

from dexec.adapters.postgres.connection import BoundedConnection
from dexec.adapters.postgres.patient import PatientConnection
from tests.support.refusals import refusal

PATIENCE_S = 120


class Cluster:
    """Answers with the scripted refusals, then takes what comes; ``time`` passes only in pauses."""

    def __init__(self, refusals: Sequence[str | None], *, at_connect: int = 0) -> None:
        self.refusals = [refusal(state) for state in refusals]
        self.unreachable = at_connect
        self.connections = 0
        self.taken: list[str] = []
        self.time = 0.0

    def connect(self) -> BoundedConnection:
        self.connections += 1
        if self.connections <= self.unreachable:
            raise psycopg.OperationalError("no such host")
        return cast(BoundedConnection, self)

    def execute(self, statement: str, params: object = None) -> Cluster:
        if self.refusals:
            raise self.refusals.pop(0)
        self.taken.append(statement)
        return self

    description = ()

    def close(self) -> None: ...

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def patient(self) -> PatientConnection:
        return PatientConnection(self.connect, PATIENCE_S, sleep=self.sleep, monotonic=lambda: self.time)


@pytest.mark.parametrize(
    "state", ["40001", "OC000", "OC001", "40P01", "28000", "08006", "53300", "57P03", None]
)
def test_what_passes_by_itself_is_waited_for(state: str | None) -> None:
    cluster = Cluster([state, state, state])
    with cluster.patient() as connection:
        connection.execute("CREATE TABLE t")
    assert cluster.taken == ["CREATE TABLE t"]


def test_a_cluster_that_is_not_there_yet_is_waited_for() -> None:
    cluster = Cluster([], at_connect=6)
    with cluster.patient() as connection:
        connection.execute("CREATE TABLE t")
    assert cluster.taken == ["CREATE TABLE t"]
    assert cluster.time == 0.5 + 1 + 2 + 4 + 8 + 8


@pytest.mark.parametrize("state", ["28000", None])
def test_patience_ends_with_the_reason(state: str | None) -> None:
    cluster = Cluster([state] * 1_000)
    with cluster.patient() as connection, pytest.raises(psycopg.Error) as raised:
        connection.execute("CREATE TABLE t")
    assert raised.value.sqlstate == state
    assert PATIENCE_S - 10 < cluster.time <= PATIENCE_S


@pytest.mark.parametrize("state", ["42601", "42P07", "23505", "0A000"])
def test_a_mistake_is_not_repeated(state: str) -> None:
    cluster = Cluster([state, state])
    with cluster.patient() as connection, pytest.raises(psycopg.Error):
        connection.execute("CREATE TABLE t")
    assert cluster.time == 0


@pytest.mark.parametrize("found", ["42P06", "42P07", "42701", "42710"])
def test_what_a_lost_commit_left_behind_is_done(found: str) -> None:
    cluster = Cluster(["OC001", found])
    with cluster.patient() as connection:
        assert connection.execute("CREATE ROLE dexec") == []
    assert not cluster.refusals


def test_a_conflict_keeps_the_connection_and_lost_access_opens_another() -> None:
    cluster = Cluster(["OC000", "40001"])
    with cluster.patient() as connection:
        connection.execute("SELECT 1")
        assert cluster.connections == 1
        cluster.refusals = [refusal("28000")]
        connection.execute("SELECT 1")
    assert cluster.connections == 2
