"""Reading a history touches the rows of its page and no others, however many there are, and whose."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import psycopg
import pytest

from dexec.adapters.postgres.statements import sql
from infra.bench import history

ROWS = 20_000
LIMIT = 21

Plan = dict[str, object]


@pytest.fixture(scope="module", params=["database_url", "en_us_url"])
def grown_url(request: pytest.FixtureRequest, emptying: Callable[[str], None]) -> str:
    """Return a database that sorts text by bytes, then one that sorts it as en_US does, with two histories.

    The early client's orders are older than all of the late client's.
    """
    url: str = request.getfixturevalue(request.param)
    emptying(url)
    history.grow(url, "early", 1, ROWS)
    history.grow(url, "late", 1, ROWS, newer=True)
    return url


def test_the_databases_sort_otherwise(grown_url: str, en_us_url: str) -> None:
    with psycopg.connect(grown_url) as connection:
        found = connection.execute("SELECT 'ord~' < 'ord_0', 'a' < 'B', 'ord_9' < 'ord_a'").fetchone()
    is_en_us = grown_url == en_us_url
    assert found == (is_en_us, is_en_us, True)


@pytest.mark.parametrize("before", ["", "_before"])
@pytest.mark.parametrize("query", ["order_history", "order_history_by_status"])
@pytest.mark.parametrize("client", ["early", "late", "without orders"])
def test_a_page_reads_its_own_rows_alone(grown_url: str, query: str, before: str, client: str) -> None:
    params = {"client_id": client, "before_id": f"ord_{'f' * 32}", "status": "failed", "limit": LIMIT}
    with psycopg.connect(grown_url) as connection:
        explain = b"EXPLAIN (ANALYZE, FORMAT JSON) " + sql(query + before)
        found = connection.execute(explain, params).fetchone()
    assert found is not None
    plan = cast("list[dict[str, Plan]]", found[0])[0]["Plan"]
    assert _rows_read(plan) == (0 if client == "without orders" else LIMIT)


def _rows_read(plan: Plan) -> int:
    """Return the rows that the scans of a plan looked at, those they threw away included."""
    below = cast("list[Plan]", plan.get("Plans", []))
    if below:
        return sum(map(_rows_read, below))
    removed = cast(int, plan.get("Rows Removed by Filter", 0))
    return int(cast(float, plan["Actual Rows"])) + removed
