"""CPU of a tick as more and more orders wait: ``python -m infra.lab.bench.waiting``.

The use case runs in this process against a real PostgreSQL, with a sink for queue and pushes. Between ticks
orders become due, in turn: none; a hundred that fill; a hundred limits that the reference meets, but not the
whole amount. Every figure is a mean over ticks, after some that are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from statistics import mean

import psutil
import psycopg

from dexec.bootstrap import Container
from dexec.domain.quote import Pair
from dexec.settings import Settings
from dexec_client.raw.json_types import Document
from infra.lab.bench import yardstick
from infra.lab.bench.stand import Stand, stand
from infra.lab.bench.waiting_rows import DUE, FAR, PRICED, TOO_LARGE, add_clients, fill

SIZES = (10**3, 10**4, 10**5, 10**6)
MATCHES = 100
TICK_MS = 450
"""Above a slot: each look shall see a new one."""
WARM_UP = 2
PIECE = 10
KINDS = {"none": None, "fill": DUE, "too large": TOO_LARGE}
"""What becomes due before a tick."""

_EXECUTED = """
UPDATE orders SET status = 'confirmed', outcome = 'confirmed' WHERE outcome IS NULL AND status = 'triggered'
"""
"""What executors do: an order that none takes is sought at every fifth second."""

Figures = dict[str, float]


@dataclass(slots=True)
class _Ticks:
    """A clock that measures what passes between two sleeps, and makes orders due while it sleeps."""

    connection: psycopg.Connection
    references: Mapping[Pair, Fraction]
    placed: int
    last: int
    kinds: tuple[str, ...] = tuple(KINDS)
    found: dict[str, list[Figures]] = field(default_factory=lambda: defaultdict(list))
    number: int = -WARM_UP
    yardstick_ms: list[float] = field(default_factory=list)
    began: tuple[float, float, float] | None = None

    def now(self) -> datetime:
        """Return the time, or the end of it once all ticks are measured."""
        return datetime.now(UTC) + timedelta(days=1 if self.number > self.last else 0)

    def sleep(self, seconds: float) -> None:
        """Measure the tick that ended, and prepare the next."""
        ended = self._spent()
        if self.began is not None and self.number > 0:
            names = ("ownCpuMs", "databaseCpuMs", "wallMs")
            kind = self.kinds[(self.number - 1) % len(self.kinds)]
            spent = [(after - before) * 1000 for before, after in zip(self.began, ended, strict=True)]
            self.found[kind].append(dict(zip(names, spent, strict=True)))
        time.sleep(max(0.0, seconds))
        self._prepare()
        self.yardstick_ms.append(yardstick.cpu_ms(PIECE))
        self.began = self._spent()

    def _prepare(self) -> None:
        self.number += 1
        mix = KINDS[self.kinds[(self.number - 1) % len(self.kinds)]] if self.number > 0 else None
        self.connection.execute(_EXECUTED)
        self.connection.execute("DELETE FROM waiting WHERE order_id LIKE %s", [f"ord_{TOO_LARGE.letter}%"])
        if mix is not None:
            fill(self.connection, mix, self.references, self.placed, self.placed + MATCHES - 1)
            self.placed += MATCHES

    def _spent(self) -> tuple[float, float, float]:
        return time.process_time(), others_cpu_s(self.connection), time.perf_counter()


def others_cpu_s(connection: psycopg.Connection) -> float:
    """Return the CPU seconds of the database's connections but this one."""
    own = connection.info.backend_pid
    server = psutil.Process(own).parent()
    children = [] if server is None else server.children()
    return sum(_cpu_s(child) for child in children if child.pid != own and _is_client(child))


def _is_client(process: psutil.Process) -> bool:
    """Whether a process of the server works for a connection: its title has the client's address."""
    return "127.0.0.1" in " ".join(process.cmdline())


def _cpu_s(process: psutil.Process) -> float:
    """Return the CPU seconds of a process, in nanoseconds' steps where Linux counts them."""
    exact = Path(f"/proc/{process.pid}/schedstat")
    if exact.exists():
        return int(exact.read_text().split()[0]) / 1e9
    spent = process.cpu_times()
    return float(spent.user + spent.system)


def measure(sizes: Sequence[int], ticks: int, *, statistics: bool = True) -> list[Document]:
    """Return the means of ``ticks`` ticks of each kind, for each number of waiting orders."""
    found: list[Document] = []
    with stand() as around, psycopg.connect(around.database_url, autocommit=True) as connection:
        os.environ |= around.environ()
        add_clients(connection)
        if not statistics:
            for table in ("orders", "waiting"):
                connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        references = _references(around)
        before = 0
        for size in sizes:
            fill(connection, FAR, references, before + 1, size)
            before = size
            if statistics:
                connection.execute("VACUUM ANALYZE orders, waiting")
            found.append({"waiting": size, **_ticks(around, connection, references, ticks, size * 1000)})
    return found


def _references(around: Stand) -> Mapping[Pair, Fraction]:
    with closing(Container(Settings.from_environ(around.environ()))) as parts:
        return {pair: prices.reference for pair, prices in parts.reference(PRICED).prices.items()}


def _ticks(
    around: Stand,
    connection: psycopg.Connection,
    references: Mapping[Pair, Fraction],
    ticks: int,
    placed: int,
) -> Document:
    clock = _Ticks(connection, references, placed, ticks * len(KINDS))
    settings = Settings.from_environ({**around.environ(), "TICK_MS": str(TICK_MS)})
    with closing(Container(settings)) as parts:
        # The clock of the loop alone: venues sleep too.
        watched = replace(parts.watch_market, clock=clock)(0, datetime.now(UTC) + timedelta(hours=1))
    if watched.errors:
        raise watched.errors[0]
    found: Document = {
        kind: {name: round(mean(one[name] for one in runs), 2) for name in runs[0]}
        for kind, runs in clock.found.items()
    }
    steps: Document = {str(step): number for step, number in watched.counts.items()}
    return {**found, "yardstickCpuMs": round(mean(clock.yardstick_ms), 2), "steps": steps}


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.bench.waiting", description=__doc__)
    parser.add_argument("--ticks", type=int, default=10, help="ticks of each kind")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="most orders that wait")
    parser.add_argument("--no-statistics", action="store_true", help="without ANALYZE")
    options = parser.parse_args()
    sizes = [size for size in SIZES if size <= options.most]
    found = measure(sizes, options.ticks, statistics=not options.no_statistics)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
