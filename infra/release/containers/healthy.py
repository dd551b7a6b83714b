"""The containers' health check: database and emulator serve and, once dexec is deployed, orders are taken."""

from __future__ import annotations

import http.client
import os
import sys

from psycopg import pq

from infra.local.ids import HTTP_API_ID

TIMEOUT_S = 5
READY = f"/_aws/execute-api/{HTTP_API_ID}/ready"


def what_is_wrong(port: int, database_port: int) -> str:
    """Return what is wrong with emulator and database on ports of this machine; empty when nothing is."""
    try:
        if _status(port, "/_ministack/health") != http.HTTPStatus.OK:
            return "the emulator is not healthy"
        # What the emulator's functions see: it may be another network namespace than the database's own.
        if not _database_answers(database_port):
            return f"PostgreSQL does not answer on port {database_port} of the emulator's network"
        # Not found: it waits for its deployment.
        if _status(port, READY) in {http.HTTPStatus.OK, http.HTTPStatus.NOT_FOUND}:
            return ""
    except OSError as exc:
        return f"the emulator does not answer: {exc}"
    return "orders are not taken: GET /ready says why"


def _database_answers(port: int) -> bool:
    """Ask as ``pg_isready`` does, which takes no password."""
    conninfo = f"host=localhost port={port} connect_timeout={TIMEOUT_S}"
    return pq.PGconn.ping(conninfo.encode()) == pq.Ping.OK


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("localhost", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(what_is_wrong(int(os.environ["GATEWAY_PORT"]), int(sys.argv[1])) or 0)
