"""CPU of accepting an order, by its type: ``python -m infra.lab.bench.placing``.

The handler of the HTTP API in this process, against a real PostgreSQL and a sink for the queue. Orders of all
types come in turn, on a book that is ticked, so that they share the noise.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import cast

import psycopg
from rich.console import Console
from rich.table import Table

from dexec.bootstrap import Container
from dexec.domain.quote import Pair
from dexec.settings import Settings
from dexec.usecases.tick_books import TickedBooks
from infra.lab.bench import invoke
from infra.lab.bench.stand import API_KEY, stand
from infra.lab.bench.waiting import others_cpu_s

WARM_UP = 20
MOST = 180
"""Orders of each type: with the warm-up, five of six types leave one that waits, of 1,000 allowed."""

TICK_EVERY = 5
"""Rounds after which the book is ticked again: its newest tick may be two seconds old."""

TYPES: dict[str, dict[str, object]] = {
    "market": {},
    "limit": {"orderType": "limit", "limitPrice": "100000"},
    "stop": {"orderType": "stop", "triggerPrice": "1"},
    "trailingStop": {"orderType": "trailingStop", "trailingBps": 5_000},
    "oco": {
        "orderType": "oco",
        "takeProfit": {"limitPrice": "100000"},
        "stopLoss": {"triggerPrice": "1"},
    },
    "market, with an exit": {"stopLoss": {"triggerPrice": "0.000001"}},
}


def measure(orders: int) -> dict[str, tuple[float, float]]:
    """Return milliseconds of CPU of an order of each type: of this process, and of PostgreSQL."""
    own: dict[str, float] = defaultdict(float)
    database: dict[str, float] = defaultdict(float)
    with stand() as around, psycopg.connect(around.database_url, autocommit=True) as connection:
        os.environ |= around.environ()
        accept = invoke.load(invoke.FUNCTIONS / "http_api")
        with closing(Container(Settings.from_environ(around.environ()))) as parts:
            for number in range(-WARM_UP, orders):
                if number % TICK_EVERY == 0 or number == -WARM_UP:
                    _tick(parts)
                for name, terms in TYPES.items():
                    event = invoke.post_order(0, API_KEY)
                    event["body"] = json.dumps({**invoke.order(0), **terms})
                    database_s, began = others_cpu_s(connection), time.process_time()
                    answer = accept(event, invoke.Context())
                    ended = time.process_time()
                    if answer["statusCode"] != 202:
                        raise RuntimeError(f"the order was refused: {cast(str, answer['body'])}")
                    if number >= 0:
                        own[name] += ended - began
                        database[name] += others_cpu_s(connection) - database_s
    return {name: (own[name] * 1000 / orders, database[name] * 1000 / orders) for name in TYPES}


def _tick(parts: Container) -> None:
    """Record what the market is now, as the function that ticks does, whose lease is held for long."""
    now = datetime.now(UTC)
    until = now + timedelta(hours=1)
    lease = parts.waiting.take_shard(0, "bench", now, until)
    if lease is None:
        raise RuntimeError("another function ticks the shard")
    pairs = [Pair("SOL", "USDC"), Pair("USDC", "SOL")]
    books = TickedBooks(parts.waiting, lease, parts.reference)
    books.load(dict.fromkeys(pairs, ()))
    look = books.look(pairs, parts.clock.now)
    if look is not None:
        books.record(look, until)


def main() -> None:
    """Measure, print a table, or JSON with ``--json``."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.bench.placing", description=__doc__)
    parser.add_argument("--orders", type=int, default=150, help=f"orders of each type, {MOST} at most")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found = measure(options.orders)
    if options.json:
        print(json.dumps({name: {"ownCpuMs": own, "databaseCpuMs": db} for name, (own, db) in found.items()}))
        return
    table = Table("CPU of accepting, ms", "own", "PostgreSQL", "both", "of a market order's", box=None)
    market = sum(found["market"])
    for name, (own, db) in found.items():
        table.add_row(name, *(f"{cell:.2f}" for cell in (own, db, own + db, (own + db) / market)))
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
