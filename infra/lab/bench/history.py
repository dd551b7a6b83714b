"""Latency of reading a history as it grows."""

from __future__ import annotations

import asyncio
from time import perf_counter

import psycopg

from dexec_client.errors import DexecError as SdkError
from dexec_client.raw.json_types import Document
from infra.lab.bench.kept_http import KeptHttp
from infra.lab.bench.plan import Target
from infra.lab.percentiles import spread

READS = 60
WARM_UP = 10

_NEWEST = "/api/orders?limit=20"
_OF_STATUS = "/api/orders?limit=20&status=failed"

_FILL = """
INSERT INTO orders (id, client_id, request, status, seq, attempt, run_at, queued_at, request_hash,
    created_at, updated_at, error, outcome)
SELECT 'ord_' || %(prefix)s::text || lpad(to_hex(n), 31, '0'), %(client)s,
    '{"mode":"exactIn","tokenIn":"SOL","tokenOut":"USDC","amount":1000000000,"slippageBps":50}',
    'failed', 2, 1, at, at, 'hash', at, at, '{"code":"bench","message":"one row of many"}', 'failed'
FROM (SELECT n, timestamptz '2025-01-01 00:00Z' + n * interval '1 second' AS at
    FROM generate_series(%(first)s::int, %(last)s::int) AS n) AS rows
"""


def grow(database_url: str, client: str, first: int, last: int, *, newer: bool = False) -> None:
    """Give a client ended orders, numbered ``first`` to ``last``, straight in the database.

    ``newer`` makes them newer than all that are not.
    """
    params = {"client": client, "first": first, "last": last, "prefix": "1" if newer else "0"}
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_FILL, params)
        connection.execute("ANALYZE orders")


def measure(target: Target) -> Document:
    """Return how long pages take, in milliseconds: the newest, and the newest of one status."""
    return asyncio.run(_measure(target))


async def _measure(target: Target) -> Document:
    async with KeptHttp(target.http_url, {"x-api-key": target.api_key}, connections=1) as http:
        newest = await _times(http, _NEWEST)
        return {"newestMs": spread(newest), "ofStatusMs": spread(await _times(http, _OF_STATUS))}


async def _times(http: KeptHttp, path: str) -> list[float]:
    times = []
    for number in range(READS + WARM_UP):
        started = perf_counter()
        answer = await http.request("GET", path)
        if answer.status != 200:
            raise SdkError(f"GET {path} answered {answer.status}", answer.status)
        if number >= WARM_UP:
            times.append((perf_counter() - started) * 1000)
    return times
