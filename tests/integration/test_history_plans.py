"""Reading a history touches the rows of its page and no others, however many there are, and whose."""

from __future__ import annotations

from typing import cast

import psycopg
import pytest

from dexec.adapters.postgres.statements import sql
from infra.bench import history

ROWS = 20_000
LIMIT = 21

Plan = dict[str, object]


@pytest.mark.parametrize("query", ["order_history", "order_history_by_status"])
@pytest.mark.parametrize("client", ["early", "late", "nobody"])
def test_a_page_reads_its_own_rows_alone(clean_url: str, query: str, client: str) -> None:
    """The early client's orders are older than all of the late client's."""
    history.grow(clean_url, "early", 1, ROWS)
    history.grow(clean_url, "late", 1, ROWS, newer=True)
    params = {"client_id": client, "before_id": "p", "status": "failed", "limit": LIMIT}
    with psycopg.connect(clean_url) as connection:
        found = connection.execute(b"EXPLAIN (ANALYZE, FORMAT JSON) " + sql(query), params).fetchone()
    assert found is not None
    plan = cast("list[dict[str, Plan]]", found[0])[0]["Plan"]
    assert _rows_read(plan) <= LIMIT


def _rows_read(plan: Plan) -> int:
    """Return the rows that the scans of a plan looked at, those they threw away included."""
    below = cast("list[Plan]", plan.get("Plans", []))
    if below:
        return sum(map(_rows_read, below))
    removed = cast(int, plan.get("Rows Removed by Filter", 0))
    return int(cast(float, plan["Actual Rows"])) + removed
