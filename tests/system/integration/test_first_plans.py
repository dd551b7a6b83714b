"""Statements stay cheap that were planned when the tables of a database held next to nothing.

A connection plans a statement once. Until a table is analyzed, a planner takes every index that begins with
the client for equally good, and the one by outcome for as good as the primary key; of one that was empty when
it was analyzed, it reads all (ADR 34).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

import psycopg
import pytest

from dexec.adapters.postgres.database import Repeat
from dexec.adapters.postgres.pipeline import Pipeline
from tests.conftest import Server, migrated
from tests.system.edge.inprocess import SWAP, Deployment, deployed

KEY = "alice's key"
LIMIT = {**SWAP, "orderType": "limit", "limitPrice": "100000"}
TRAIL = {**SWAP, "orderType": "trailingStop", "trailingBps": 1}
BRACKET = {**LIMIT, "takeProfit": {"limitPrice": "100000"}}
HOOK = {"url": "http://127.0.0.1:8080/hook"}
FILLED = ("orders", "order_events", "waiting", "connections", "watchers", "webhook_lines", "ticks")
ROWS = 5_000
"""Of each kind that come after the plans were made."""
FEW = 1_000
"""Rows that one step may read: a minute's ticks are, of each tick a few."""

_COPIES = """
INSERT INTO orders
SELECT (jsonb_populate_record(o, jsonb_build_object(
    'id', 'ord_' || md5(n || o.id), 'idempotency_key', o.id || n,
    'client_id', CASE WHEN o.waiting IS NULL THEN o.client_id ELSE 'bob' END
))).*
FROM orders o, generate_series(1, %s) n
WHERE o.id = %s
"""
_ROWS = """
INSERT INTO waiting
SELECT 'ord_' || md5(n || w.order_id), part, client_id, pair, book, price_group, key - 1, at, version
FROM waiting w, generate_series(1, %s) n
WHERE w.order_id = %s
"""
_WATCHERS = """
INSERT INTO watchers
SELECT 'ord_' || md5(n || id), 'of bob' FROM orders, generate_series(1, %s) n WHERE id = %s
"""
_LINES = """
INSERT INTO webhook_lines (hook_id, order_id, client_id, sent_seq, failures, due_at, queued_at)
SELECT h.id, 'ord_' || md5(n || o.id), h.client_id, 1, 0, o.created_at, o.created_at
FROM orders o, webhooks h, generate_series(1, %s) n
WHERE o.id = %s AND h.disabled_at IS NOT NULL
"""
_DISABLED = "UPDATE webhooks SET disabled_at = created_at WHERE id = %s"
_READ = "SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_user_tables"


@pytest.fixture(params=["never", "while it was empty"])
def young(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return a database that was analyzed so far, or never, and is not while this lasts."""
    name = "first_plans"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            url = migrated(urlsplit(server.url)._replace(path=name).geturl())
            with psycopg.connect(url, autocommit=True) as young:
                for table in FILLED:
                    young.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)".encode())
                if request.param != "never":
                    young.execute("ANALYZE")
            yield url
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def rows_read(url: str, deployment: Deployment, step: Callable[[], object]) -> int:
    """Return how many rows a step reads through the functions' connection."""

    def report(pipeline: Pipeline) -> None:
        pipeline.connection.pgconn.exec_(b"SELECT pg_stat_force_next_flush()")

    counts = []
    with psycopg.connect(url, autocommit=True) as connection:
        for work in (lambda: None, step):
            work()
            deployment.parts.database._run(report, Repeat.READ)
            row = connection.execute(_READ).fetchone()
            assert row is not None
            counts.append(int(str(row[0])))
    return counts[1] - counts[0]


@dataclass
class Steps:
    """What a client and the functions do; ``swapped`` and ``resting`` are orders of hers."""

    functions: Deployment
    swapped: str
    resting: str
    _numbers: Iterator[int] = field(default_factory=count)

    def all(self) -> dict[str, Callable[[], object]]:
        """Return the steps, by name."""
        return {
            "execute": lambda: self.functions.execute(self.functions.place(KEY)),
            "repeat": self.repeat,
            "read": lambda: self.functions.read(self.swapped, KEY),
            "rest": lambda: self.functions.place(KEY, LIMIT),
            "cancel": lambda: self.cancel(LIMIT),
            "trigger": self.trigger,
            "bracket": lambda: self.cancel(BRACKET),
            "webhook": self.send_webhook,
            "connection": self.connect,
            "history": lambda: self.get("/api/orders", {"limit": "20"}),
            "balances": lambda: self.get("/api/balances"),
        }

    def repeat(self) -> None:
        key = f"key {next(self._numbers)}"
        assert self.functions.place(KEY, SWAP, key) == self.functions.place(KEY, SWAP, key)

    def cancel(self, body: Mapping[str, object]) -> None:
        order_id = self.functions.place(KEY, body)
        answer = self.functions.http("DELETE", f"/api/orders/{order_id}", key=KEY)
        assert answer.status == 200, answer.text

    def trigger(self) -> None:
        order_id = self.functions.place(KEY, TRAIL)
        assert self.functions.watch(60, {"shard": 0})["triggered"] == 1
        assert self.functions.execute(order_id) == []

    def send_webhook(self) -> None:
        sent = len(self.functions.post.got)
        self.functions.execute(self.functions.place(KEY))
        self.functions.send_webhooks()
        assert len(self.functions.post.got) > sent

    def connect(self) -> None:
        connection_id, status = self.functions.connect(KEY, {"orderId": self.resting})
        assert status == 200
        self.functions.disconnect(connection_id)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> None:
        answer = self.functions.http("GET", path, key=KEY, query=dict(query or {}))
        assert answer.status == 200, answer.text


def add_hook(functions: Deployment) -> str:
    answer = functions.http("POST", "/api/hooks", key=KEY, body=json.dumps(HOOK))
    assert answer.status == 201, answer.text
    return str(answer.json["hookId"])


def test_what_a_step_reads_does_not_grow_with_what_is_stored(young: str) -> None:
    with (
        deployed(young, "CRITICAL", trigger_shards=1) as functions,
        psycopg.connect(young, autocommit=True) as plain,
    ):
        functions.add_key(KEY, "alice")
        disabled, _ = add_hook(functions), add_hook(functions)
        plain.execute(_DISABLED, [disabled])
        swapped, resting = functions.place(KEY), functions.place(KEY, LIMIT)
        steps = Steps(functions, swapped, resting).all()
        # From the sixth time on a plan is kept.
        for _ in range(6):
            for step in steps.values():
                step()
        functions.execute(swapped)
        for copies, of in zip(
            (_COPIES, _COPIES, _ROWS, _WATCHERS, _LINES), (swapped, *[resting] * 3, swapped), strict=True
        ):
            plain.execute(copies, [ROWS, of])
        found = {name: rows_read(young, functions, step) for name, step in steps.items()}
    assert {name: rows for name, rows in found.items() if rows > FEW} == {}
