"""How long orders are kept: for ever, or as many days as a deployment says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from dexec.adapters.postgres import archive
from dexec.domain.errors import QueueUnavailable
from dexec.domain.ids import order_id
from tests.support.fakes import START
from tests.system.edge.conftest import OWNER
from tests.system.edge.inprocess import Deployment, deployed

DAY_S = 24 * 3600
ROWS_OF_A_RUN = 7
"""An order and its six events."""


@pytest.fixture
def kept_for_a_day(clean_url: str) -> Iterator[Deployment]:
    with deployed(clean_url, retention_days=1) as functions:
        functions.add_key(OWNER, "owner")
        yield functions


def known(functions: Deployment) -> str:
    return functions.http("GET", "/api/orders", key=OWNER).text


def rows(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM order_events)"
            " + (SELECT count(*) FROM watchers)"
        ).fetchone()
        assert found is not None
        return int(found[0])


def test_by_default_nothing_goes(functions: Deployment, clean_url: str) -> None:
    functions.place(OWNER)
    functions.execute_all()
    functions.wait(3650 * DAY_S)
    assert functions.sweep()["forgotten"] == 0
    assert rows(clean_url) == ROWS_OF_A_RUN


def test_an_order_goes_a_day_after_its_end_with_all_that_is_its(
    kept_for_a_day: Deployment, clean_url: str
) -> None:
    functions = kept_for_a_day
    old = functions.place(OWNER)
    functions.execute_all()
    functions.wait(DAY_S / 2)
    young = functions.place(OWNER)
    functions.execute_all()
    functions.wait(DAY_S / 2 + 60)
    assert functions.sweep()["forgotten"] == 1
    assert old not in known(functions)
    assert young in known(functions)
    assert rows(clean_url) == ROWS_OF_A_RUN


def test_an_order_that_is_not_over_stays(kept_for_a_day: Deployment) -> None:
    functions = kept_for_a_day
    open_order = functions.place(OWNER)
    functions.wait(10 * DAY_S)
    assert functions.sweep()["forgotten"] == 0
    functions.execute_all()
    assert functions.sweep()["forgotten"] == 0, "it ended just now"
    assert open_order in known(functions)


def test_a_long_history_goes_in_transactions_that_aurora_dsql_takes(
    kept_for_a_day: Deployment, clean_url: str
) -> None:
    ids = [order_id(START, number.to_bytes(10)) for number in range(600)]
    kept_for_a_day.place(OWNER)
    kept_for_a_day.execute_all()
    copy_first_order(clean_url, ids)
    kept_for_a_day.wait(2 * DAY_S)
    store = kept_for_a_day.parts.forget.archive
    before = START + timedelta(days=1)
    batches = []
    total = rows(clean_url)
    while any(store.forget(before)):
        batches.append(total - rows(clean_url))
        total -= batches[-1]
    assert total == 0
    assert len(batches) >= 3
    assert max(batches) < 3_000
    assert batches[0] >= archive.MOST_ROWS


def copy_first_order(database_url: str, ids: list[str]) -> None:
    """Give the only order and its events to other ids as well."""
    with psycopg.connect(database_url) as connection:
        for table, column in (("orders", "id"), ("order_events", "order_id")):
            found = connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
            ).fetchall()
            others = ", ".join(name for (name,) in found if name != column)
            rows_of_others = f"SELECT copy, {others} FROM {table}, unnest(%s::text[]) AS copy"
            connection.execute(f"INSERT INTO {table} ({column}, {others}) {rows_of_others}".encode(), [ids])


def test_retention_goes_on_while_the_queue_is_away(kept_for_a_day: Deployment, clean_url: str) -> None:
    kept_for_a_day.place(OWNER)
    kept_for_a_day.execute_all()
    kept_for_a_day.wait(2 * DAY_S)
    kept_for_a_day.queue.is_away = True
    with pytest.raises(QueueUnavailable):
        kept_for_a_day.sweep()
    assert rows(clean_url) == 0
