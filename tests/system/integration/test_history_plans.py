"""Reading a history touches the rows of its page and no others, however many there are, and whose."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import psycopg
import pytest

from dexec.adapters.postgres.statements import sql
from infra.lab.bench import history
from tests.support.fakes import START

ROWS = 20_000
LIMIT = 21
OPEN = 100

Plan = dict[str, object]


@pytest.fixture(scope="module", params=["database_url", "en_us_url"])
def grown_url(request: pytest.FixtureRequest, emptying: Callable[[str], None]) -> str:
    """Return a database that sorts text by bytes, then one that sorts it as en_US does, with two histories.

    The early client's orders are older than all of the late client's. Its newest are still open.
    """
    url: str = request.getfixturevalue(request.param)
    emptying(url)
    history.grow(url, "early", 1, ROWS)
    history.grow(url, "late", 1, ROWS, newer=True)
    with psycopg.connect(url, autocommit=True) as connection:
        newest = "SELECT id FROM orders WHERE client_id = 'early' ORDER BY id DESC LIMIT %s"
        opened = f"UPDATE orders SET status = 'pending', outcome = NULL WHERE id IN ({newest})"
        connection.execute(opened.encode(), [OPEN])
        connection.execute("ANALYZE orders")
    return url


def test_the_databases_sort_otherwise(grown_url: str, en_us_url: str) -> None:
    with psycopg.connect(grown_url) as connection:
        found = connection.execute("SELECT 'ord~' < 'ord_0', 'a' < 'B', 'ord_9' < 'ord_a'").fetchone()
    is_en_us = grown_url == en_us_url
    assert found == (is_en_us, is_en_us, True)


def rows_read(url: str, name: str, **params: object) -> int:
    """Return how many rows a statement looks at."""
    given = {"now": START, "due_before": START, "stale_before": START, "queue_is_empty": True}
    given |= {"client_id": None, "before_id": f"ord_{'f' * 32}", "limit": LIMIT}
    with psycopg.connect(url) as connection:
        explain = b"EXPLAIN (ANALYZE, FORMAT JSON) " + sql(name)
        found = connection.execute(explain, given | params).fetchone()
    assert found is not None
    return _scanned(cast("list[dict[str, Plan]]", found[0])[0]["Plan"])


def _scanned(plan: Plan) -> int:
    """Return the rows that the scans of a plan looked at, those they threw away included."""
    below = cast("list[Plan]", plan.get("Plans", []))
    if below:
        return sum(map(_scanned, below))
    removed = cast(int, plan.get("Rows Removed by Filter", 0))
    return int(cast(float, plan["Actual Rows"])) + removed


@pytest.mark.parametrize("before", ["", "_before"])
@pytest.mark.parametrize(
    ("query", "status", "rows"),
    [
        ("order_history", "", (LIMIT, LIMIT)),
        ("order_history_by_status", "failed", (LIMIT, LIMIT)),
        ("order_history_open", "", (LIMIT, 0)),
        ("order_history_open_by_status", "pending", (LIMIT, 0)),
        # Those of another status that are open, too, are passed over.
        ("order_history_open_by_status", "routing", (OPEN, 0)),
    ],
)
def test_a_page_reads_its_own_rows_alone(
    grown_url: str, query: str, before: str, status: str, rows: tuple[int, int]
) -> None:
    for client, expected in zip(("early", "late", "without orders"), (*rows, 0), strict=True):
        assert rows_read(grown_url, query + before, client_id=client, status=status) == expected, client


def test_of_each_order_of_a_page_the_last_decision_alone_is_read(grown_url: str) -> None:
    """One that waits may have been tried thousands of times."""
    ids = ["ord_often", "ord_once"]
    decided = (
        "INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)"
        " SELECT %s, seq, 'routing', 'quotes', seq, '{}', %s FROM generate_series(1, %s) AS seq"
    )
    with psycopg.connect(grown_url) as connection:
        for one, times in zip(ids, (5_000, 1), strict=True):
            connection.execute(decided, [one, START, times])
        connection.execute("ANALYZE order_events")
        query, params = sql("order_decisions"), {"order_ids": ids}
        explained = connection.execute(b"EXPLAIN (ANALYZE, FORMAT JSON) " + query, params).fetchone()
        found = connection.execute(query, params).fetchall()
        connection.rollback()
    assert {row[:2] for row in found} == {("ord_often", 5_000), ("ord_once", 1)}
    assert explained is not None
    # The ids themselves are read as two rows, too.
    assert _scanned(cast("list[dict[str, Plan]]", explained[0])[0]["Plan"]) <= 4


@pytest.mark.parametrize("name", ["lost_orders", "open_orders", "leased_orders", "count_parked"])
def test_who_looks_for_open_orders_reads_no_others(grown_url: str, name: str) -> None:
    assert rows_read(grown_url, name) <= 2 * OPEN
