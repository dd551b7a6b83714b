"""A test bench: PostgreSQL with the schema and a sink for queue and pushes, for handlers in this process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil

from dexec.bootstrap import Container
from dexec.ports import Connection, MostConnections
from dexec.settings import Settings
from dexec.usecases.authenticate import hash_key
from infra.local import postgres
from infra.local.home import PROJECT, Home
from infra.local.keys import create_key
from infra.local.processes import ProcessRef

API_KEY = "bench"


@dataclass(frozen=True)
class Stand:
    """What handlers need around them. The key ``API_KEY`` has no rate limit."""

    database_url: str
    database: ProcessRef
    sink_url: str

    def environ(self) -> dict[str, str]:
        """Return the environment of a function without simulated latencies."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": os.pathsep.join((str(PROJECT), str(PROJECT / "shared"))),
            "DATABASE_URL": self.database_url,
            "ORDER_QUEUE_URL": f"{self.sink_url}/queue/orders",
            "WEBSOCKET_URL": "ws://localhost",
            "WEBSOCKET_CALLBACK_URL": self.sink_url,
            "AWS_ENDPOINT_URL": self.sink_url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "PAPER_LATENCY": "none",
        }

    def frames(self) -> int:
        """Return how many frames were pushed so far."""
        with urllib.request.urlopen(f"{self.sink_url}/frames") as answer:  # noqa: S310 - our own sink
            return int(answer.read())

    def database_cpu_s(self) -> float:
        """Return the CPU seconds of the PostgreSQL processes that run now."""
        server = psutil.Process(self.database.pid)
        times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
        return sum(spent.user + spent.system for spent in times)

    def watch(self, watchers: int) -> None:
        """Let that many stream connections, opened a minute ago, hear all orders."""
        with closing(_parts(self.database_url)) as parts:
            for number in range(watchers):
                at = parts.clock.now() - timedelta(minutes=1)
                connection = Connection(f"watcher-{number}", API_KEY, hash_key(API_KEY), True, at)
                parts.watching.connect(connection, MostConnections(watchers, watchers))


@contextmanager
def stand() -> Iterator[Stand]:
    """Start a stand, and stop it at the end. Raises ``StartFailed``."""
    with tempfile.TemporaryDirectory(prefix="dexec-bench-", ignore_cleanup_errors=True) as root:
        home = Home(Path(root).resolve())
        server = postgres.start(home, port=0)
        try:
            url = postgres.url(home, server.port)
            _parts(url).migrate()
            create_key(url, API_KEY, orders_per_minute=0)
            with _sink() as sink_url:
                yield Stand(url, server, sink_url)
        finally:
            postgres.stop(server)


def _parts(database_url: str) -> Container:
    return Container(Settings.from_environ({"DATABASE_URL": database_url}))


@contextmanager
def _sink() -> Iterator[str]:
    argv = [sys.executable, "-m", "infra.lab.bench.sink"]
    with subprocess.Popen(argv, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip() if process.stdout else ''}"
        finally:
            process.kill()
