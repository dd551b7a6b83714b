"""The composition root: what is given is used, what is not is built once, and closed at the end."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dexec.adapters.postgres import sources
from dexec.adapters.postgres.connection import BoundedConnection
from dexec.adapters.postgres.pipeline import Pipeline
from dexec.bootstrap import Container
from dexec.connecting import connect_to, migrate
from dexec.domain.errors import StoreUnavailable
from dexec.settings import Settings
from tests.support.fakes import START, FakeClock, FakeOrders, FakeQueue, SameThread, Store

SETTINGS = Settings.from_environ(
    {"DATABASE_URL": "postgresql://127.0.0.1:1/nothing", "PAPER_LATENCY": "none"}
)


def test_use_cases_are_built_of_what_is_given() -> None:
    clock, orders = FakeClock(), FakeOrders(Store())
    queue = FakeQueue(clock)
    parts = Container(SETTINGS, clock=clock, orders=orders, queue=queue, new_order_id=str)
    place = parts.place_order
    assert (place.orders, place.queue, place.clock, place.new_id) == (orders, queue, clock, str)
    assert parts.place_order is place, "and built once"
    assert parts.check_readiness.probes["order queue"] is queue


def test_events_of_a_delayed_order_are_batched_for_a_tenth_of_a_second_and_no_longer() -> None:
    assert Container(SETTINGS).gather_s == 0.1


def test_the_chain_lives_in_the_time_that_is_given() -> None:
    clock = FakeClock(START)
    parts = Container(SETTINGS, clock=clock, venue_threads=SameThread())
    assert [venue.name for venue in parts.chain.venues] == ["raydium", "meteora"]
    before = parts.chain.cluster.latest_blockhash()
    clock.advance(timedelta(minutes=1).total_seconds())
    after = parts.chain.cluster.latest_blockhash()
    assert after.last_valid_block_height - before.last_valid_block_height == 150
    assert parts.quote_route.threads is parts.venue_threads


def test_a_part_that_there_is_none_of_is_refused() -> None:
    unknown = cast("Any", {"clocks": FakeClock(), "queue": None})
    with pytest.raises(TypeError, match="a container has no part clocks"):
        Container(SETTINGS, **unknown)


def test_closing_closes_what_was_built_and_nothing_that_was_given() -> None:
    closed: list[str] = []

    class Opened:
        def __init__(self, name: str) -> None:
            self.name = name

        def close(self) -> None:
            closed.append(self.name)

    given = Container(SETTINGS, queue=cast("Any", Opened("queue")))
    given.close()
    assert closed == []

    parts = Container(SETTINGS)
    for database in (parts.database, parts._new_database()):
        database._pipeline = cast("Pipeline", SimpleNamespace(connection=Opened("database")))
    parts.close()
    assert closed == ["database", "database"]


def test_connections_are_opened_by_what_is_given() -> None:
    def nowhere() -> BoundedConnection:
        raise StoreUnavailable("opened here")

    with pytest.raises(StoreUnavailable, match="opened here"):
        Container(SETTINGS, connect=nowhere).api_keys.find("key")


def test_a_process_without_a_database_says_which_settings_name_one() -> None:
    with pytest.raises(ValueError, match="set DATABASE_URL, DATABASE_SECRET_ARN or DSQL_ENDPOINT"):
        connect_to(Settings.from_environ({}))


def test_migrations_let_in_only_the_roles_that_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty parameter names no role, not one without a name."""
    asked: list[tuple[bool, list[str]]] = []

    def applied(_connect: object, _now: object, *, dsql: bool, role_arns: list[str]) -> list[str]:
        asked.append((dsql, role_arns))
        return []

    monkeypatch.setattr("dexec.adapters.postgres.migrations.migrate", applied)
    monkeypatch.setattr(sources, "from_dsql", lambda *_, **__: None)
    for arns in ("", "arn:a,arn:b"):
        migrate(Settings.from_environ({"DSQL_ENDPOINT": "cluster", "DATABASE_ROLE_ARNS": arns}), START)
    migrate(SETTINGS, START)
    assert asked == [(True, []), (True, ["arn:a", "arn:b"]), (False, [])]
