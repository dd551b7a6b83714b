"""From the tick that completes a condition to the signature: ``python -m infra.lab.bench.triggering``.

On a local deployment of its own, with a live tape. A handful of stops at a time is placed, and the market is
moved through them; times are those of ticks and of events as they are stored. With ``--storm`` so many stops
become due by one gap instead: every one has to be executed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import psycopg

from dexec.adapters.paper.simulator import one_move
from dexec.domain.quote import Pair
from dexec_client.raw.json_types import Document
from infra.lab.bench.waiting_rows import GAP, add_clients, fill
from infra.lab.percentiles import spread
from infra.local import deployment
from infra.local.home import Home, State
from infra.local.keys import create_key
from infra.operators import paper_market

BOOK = Pair("SOL", "USDC")
API_KEY = "bench"
AT_ONCE = 5
PATIENCE_S = 300

_TIMES = """
SELECT extract(epoch FROM submitted.at - ticks.at) * 1000,
    extract(epoch FROM submitted.at - triggered.at) * 1000
FROM order_events triggered
JOIN order_events submitted ON submitted.order_id = triggered.order_id AND submitted.status = 'submitted'
JOIN ticks ON ticks.pair = 'SOL>USDC' AND ticks.slot = (triggered.detail::jsonb ->> 'slot')::bigint
WHERE triggered.status = 'triggered' AND triggered.order_id = ANY(%s)
"""

_STATUSES = "SELECT status, count(*) FROM orders WHERE id LIKE %s GROUP BY status"

_RATE = """
SELECT extract(epoch FROM max(at) FILTER (WHERE status = 'triggered') - min(at)),
    extract(epoch FROM max(at) - min(at))
FROM order_events WHERE order_id LIKE %s AND status IN ('triggered', 'confirmed')
"""


class Stand:
    """A deployment whose market can be moved."""

    def __init__(self, home: Home, state: State, connection: psycopg.Connection) -> None:
        self._home = home
        self._url = state.http_url
        self.connection = connection

    def place(self, order_type: str, **prices: str) -> str:
        """Sell a tenth of a SOL by an order that waits; return its id."""
        body = {"tokenIn": BOOK.token_in, "tokenOut": BOOK.token_out, "amount": "0.1"}
        request = urllib.request.Request(  # noqa: S310 - our own deployment
            f"{self._url}/api/orders/execute",
            json.dumps({**body, "orderType": order_type, **prices}).encode(),
            {"x-api-key": API_KEY, "content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return str(json.loads(answer.read())["orderId"])

    def reference(self) -> Fraction:
        """Return the newest tick's price, in base units."""
        query = "SELECT reference FROM ticks WHERE pair = 'SOL>USDC' ORDER BY slot DESC LIMIT 1"
        while (row := self.connection.execute(query).fetchone()) is None:
            time.sleep(0.1)
        return Fraction(row[0])

    def move(self, change: str) -> None:
        """Move the price of a SOL."""
        with paper_market.local(self._home) as desk:
            desk.write(one_move("SOL", change))


@contextmanager
def started(tick_ms: int) -> Iterator[Stand]:
    """Start a deployment in which one order waits for ever, so that the market is ticked."""
    with tempfile.TemporaryDirectory(prefix="dexec-bench-", ignore_cleanup_errors=True) as root:
        home = Home(Path(root).resolve())
        parameters = {"PaperLatency": "none", "PaperTape": "live", "TickMs": str(tick_ms)}
        state = deployment.up(home, deployment.Options(parameters=parameters)).state
        try:
            create_key(state.database_url, API_KEY, orders_per_minute=0)
            with psycopg.connect(state.database_url, autocommit=True) as connection:
                stand = Stand(home, state, connection)
                stand.place("limit", limitPrice="100000")
                yield stand
        finally:
            deployment.down(home)


def latency(tick_ms: int, orders: int) -> Document:
    """Return how long signatures took, in milliseconds: from the tick, and from the stored trigger."""
    with started(tick_ms) as stand:
        ids: list[str] = []
        while len(ids) < orders:
            level = float(stand.reference() * 1000) * 0.985
            ids += [stand.place("stop", triggerPrice=f"{level:.6f}") for _ in range(AT_ONCE)]
            stand.move("-3%")
            deadline = time.monotonic() + PATIENCE_S
            while len(found := stand.connection.execute(_TIMES, [ids]).fetchall()) < len(ids):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{len(ids) - len(found)} orders were not signed")
                time.sleep(0.2)
            # The next prices are those of the new level.
            time.sleep(2 * tick_ms / 1000)
        return {
            "tickMs": tick_ms,
            "orders": len(ids),
            "fromTickMs": spread([float(row[0]) for row in found]),
            "fromTriggerMs": spread([float(row[1]) for row in found]),
        }


def storm(orders: int, tick_ms: int = 1_000) -> Document:
    """Let one gap trigger so many stops; return how many ended how, and how fast."""
    with started(tick_ms) as stand:
        add_clients(stand.connection)
        references = {BOOK: stand.reference(), Pair("USDC", "SOL"): 1 / stand.reference()}
        fill(stand.connection, GAP, references, 1, orders)
        stand.connection.execute("ANALYZE orders, waiting")
        like = [f"ord_{GAP.letter}%"]
        stand.move("-20%")
        deadline = time.monotonic() + PATIENCE_S
        statuses: dict[str, int] = {}
        while statuses.get("confirmed", 0) < orders and time.monotonic() < deadline:
            time.sleep(1)
            statuses = dict(stand.connection.execute(_STATUSES, like).fetchall())
        row = stand.connection.execute(_RATE, like).fetchone()
        triggering_s, whole_s = (0.0, 1.0) if row is None else (float(row[0]), float(row[1]))
        rate = statuses.get("confirmed", 0) / whole_s
        return {
            "orders": orders,
            "statuses": {**statuses},
            "triggeringSeconds": round(triggering_s, 1),
            "ordersPerSecond": round(rate, 1),
        }


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.bench.triggering", description=__doc__)
    parser.add_argument("--orders", type=int, default=50, help="stops, for each time between ticks")
    parser.add_argument("--tick-ms", type=int, nargs="*", default=[1_000, 250], help="times between ticks")
    parser.add_argument("--storm", type=int, help="stops that one gap triggers")
    options = parser.parse_args()
    if options.storm:
        print(json.dumps(storm(options.storm), indent=2))
        return
    print(json.dumps([latency(tick_ms, options.orders) for tick_ms in options.tick_ms], indent=2))


if __name__ == "__main__":
    main()
