"""Aurora DSQL on loopback: the emulator's proxy, which holds DSQL's rules, behind TLS and before PostgreSQL.

What the proxy leaves out is added: TLS from the first byte, and the statements about IAM roles.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import psycopg
import trustme
from ministack.core import pgproxy  # type: ignore[import-untyped]

from dexec.adapters.postgres.connection import Connect
from dexec.adapters.postgres.sources import from_dsql
from infra.local import postgres
from infra.local.home import Home
from tests.support.tls import server_context

NAME = "dsql.test.localhost"
DATABASE = "postgres"
_CATALOGUE = """
CREATE SCHEMA IF NOT EXISTS sys;
CREATE TABLE IF NOT EXISTS sys.iam_pg_role_mappings (pg_role_name text, arn text);
ALTER DATABASE postgres SET default_transaction_isolation = 'repeatable read';
SELECT pg_reload_conf();
"""
_GRANT = "AWS IAM GRANT "


@dataclass(frozen=True)
class Cluster:
    """A cluster: ``endpoint`` is host and port, ``authority`` the certificates to trust.

    ``backend_url`` is that of the database behind it, past the proxy.
    """

    endpoint: str
    authority: Path
    backend_url: str

    def connect(self, *, admin: bool = False) -> Connect:
        """Return what opens connections, as the functions do."""
        return from_dsql(_token, self.endpoint, admin=admin, authorities=self.authority)


@contextmanager
def cluster(home: Home, port: int) -> Iterator[Cluster]:
    """Put a cluster in front of the PostgreSQL of ``home`` that serves ``port``."""
    # The proxy has no password for the server behind it.
    rules = home.database / "pg_hba.conf"
    rules.write_text(f"host {DATABASE} postgres 127.0.0.1/32 trust\n{rules.read_text()}")
    backend_url = postgres.url(home, port, DATABASE)
    with psycopg.connect(backend_url, autocommit=True) as connection:
        connection.execute(_CATALOGUE)
    authority = trustme.CA()
    trusted = home.root / "authority.pem"
    authority.cert_pem.write_to_path(trusted)
    plan, connect = pgproxy._plan_statement, pgproxy._connect_backend_once
    pgproxy._plan_statement = _with_grants(plan)  # type: ignore[no-untyped-call]
    pgproxy._connect_backend_once = _closed_if_cancelled(connect)  # type: ignore[no-untyped-call]
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        talks: set[asyncio.Task[None]] = set()
        serving = asyncio.run_coroutine_threadsafe(_serve(authority, port, talks), loop).result()
        yield Cluster(f"localhost:{serving.sockets[0].getsockname()[1]}", trusted, backend_url)
        asyncio.run_coroutine_threadsafe(_end(serving, talks), loop).result()
    finally:
        pgproxy._plan_statement, pgproxy._connect_backend_once = plan, connect
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _token(host: str, *, admin: bool) -> str:
    return f"token of {'an administrator' if admin else 'an application'} for {host}"


async def _serve(authority: trustme.CA, backend_port: int, talks: set[asyncio.Task[None]]) -> asyncio.Server:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        # The loop keeps weak references: a talk whose client has gone would be collected, its sockets open.
        talks.add(task)
        task.add_done_callback(talks.discard)
        try:
            await pgproxy._handle_client(NAME, "127.0.0.1", backend_port, reader, writer)
        finally:
            with suppress(OSError):
                await writer.wait_closed()

    return await asyncio.start_server(talk, "127.0.0.1", 0, ssl=server_context(authority, "localhost"))


async def _end(server: asyncio.Server, talks: set[asyncio.Task[None]]) -> None:
    server.close()
    for task in talks:
        task.cancel()
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.gather(*tasks, return_exceptions=True)


def _closed_if_cancelled(connect):  # type: ignore[no-untyped-def] # the proxy has no types
    """Close the proxy's connection to PostgreSQL when its client leaves while it is made."""

    async def connected(host, port, database):  # type: ignore[no-untyped-def]
        opening = asyncio.ensure_future(connect(host, port, database))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            _, writer = await opening
            writer.close()
            raise

    return connected


def _with_grants(plan):  # type: ignore[no-untyped-def] # the proxy has no types
    async def planned(conn, text, writer, allow_probe=True):  # type: ignore[no-untyped-def]
        if not text.startswith(_GRANT):
            return await plan(conn, text, writer, allow_probe)
        role, _, arn = text.removeprefix(_GRANT).partition(" TO ")
        insert = f"INSERT INTO sys.iam_pg_role_mappings VALUES ('{role}', {arn})"
        await pgproxy._run_backend_capture(conn, writer, insert)
        return "rows", {"cols": ["granted"], "rows": [], "tag": "GRANT"}

    return planned
