"""Starts and stops PostgreSQL from its Python package, on loopback, with a persistent data directory."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from infra.local import processes, programs
from infra.local.errors import StartFailed
from infra.local.home import Home
from infra.local.processes import Account, ProcessRef

NAME = "postgres"
PORT = 54320
_DATABASE = "dexec"
_SERVER = "postgres"
"""The name of the program, and of every process of it."""
_HERE = "/proc/self/cwd"


def program(name: str) -> Path:
    """Return one of PostgreSQL's programs, for example ``pg_dump``. Raises ``StartFailed``."""
    return programs.packaged() / name


def start(home: Home, *, port: int, durable: bool = True, locales: str | None = None) -> ProcessRef:
    """Start the server, creating the database on the first start; ready when this returns.

    ``port`` is the preferred one, 0 any. ``durable`` False leaves out fsync: for tests, whose data may be
    lost with the machine. ``locales`` is a folder in the data directory where the server finds locales
    beside the machine's own. Raises ``StartFailed``.
    """
    account = programs.service_account()
    binaries = programs.runnable(account)
    if not has_data(home):
        _create(home, binaries, account)
    stop_unknown(home)
    argv = [str(binaries / "postgres"), "-D", _seen(home.database, account)]
    environ = _environ()
    if locales is not None:
        environ["LOCPATH"] = f"{_seen(home.database, account)}/{locales}"
    return processes.on_free_port(
        port, lambda free: _serve(home, free, argv, account, environ, durable=durable)
    )


def has_data(home: Home) -> bool:
    """Return whether there is a database, of this run or an earlier one."""
    return (home.database / "PG_VERSION").exists()


def stop(ref: ProcessRef) -> None:
    """Stop the server: connections are cut, what was committed stays."""
    processes.stop(ref, signal.SIGINT, grace_s=10)


def url(home: Home, port: int, database: str = _DATABASE) -> str:
    """Return the URL of a database of the server."""
    return url_of("postgres", home.password.read_text().strip(), "127.0.0.1", port, database)


def url_of(user: str, password: str, host: str, port: int, database: str) -> str:
    """Return a URL (RFC 3986) of its parts: whatever has a meaning in URLs is percent-encoded."""
    name, secret = quote(user, safe=""), quote(password, safe="")
    return f"postgresql://{name}:{secret}@{host}:{port}/{quote(database, safe='')}"


def _serve(
    home: Home, port: int, argv: list[str], account: Account | None, environ: dict[str, str], *, durable: bool
) -> ProcessRef:
    settings = {
        # Without effect; says in a list of processes whose server this is.
        "dexec.home": home.root,
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 300,
        "fsync": "on" if durable else "off",
    }
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    log = home.log(NAME)
    ref = processes.spawn(
        NAME, [*argv, *options], port=port, log=log, env=environ, account=account, directory=home.database
    )
    processes.wait_ready(ref, lambda: _accepts(home, port), log)
    return ref


def _create(home: Home, binaries: Path, account: Account | None) -> None:
    """Make the data directory; as it is moved into place at the end, it is complete or absent."""
    home.password.touch(mode=0o600)
    home.password.write_text(secrets.token_hex(16) + "\n")
    draft = home.root / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if account is not None:
        os.chown(draft, *account)
    with _password_file(home, account) as password:
        argv = [str(binaries / "initdb"), "-D", _seen(draft, account), "-U", "postgres"]
        argv += ["--auth=scram-sha-256", f"--pwfile=/dev/fd/{password}"]
        argv += ["--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"]
        made = subprocess.run(
            argv,
            cwd=draft,
            env=_environ(),
            check=False,
            capture_output=True,
            text=True,
            pass_fds=[password],
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    if made.returncode:
        raise StartFailed(f"initdb failed:\n{made.stderr}{made.stdout}")
    draft.rename(home.database)


@contextmanager
def _password_file(home: Home, account: Account | None) -> Iterator[int]:
    """Open a file with the password that the account may open again by its descriptor, wherever it lies."""
    path = home.root / "initdb.password"
    path.touch(mode=0o600)
    path.write_text(home.password.read_text())
    if account is not None:
        os.chown(path, *account)
    opened = os.open(path, os.O_RDONLY)
    try:
        yield opened
    finally:
        os.close(opened)
        path.unlink()


def _seen(directory: Path, account: Account | None) -> str:
    """Return how a process that is started in ``directory`` names it.

    Another account may not pass the directories above it. It needs not: Linux leads ``/proc/self/cwd``
    to where the process is, past all of them.
    """
    if account is None:
        return str(directory)
    if not Path(_HERE).exists():
        raise StartFailed(f"root runs PostgreSQL on Linux only, there is no {_HERE}; run dexec as yourself")
    return _HERE


def _accepts(home: Home, port: int) -> bool:
    """Return whether the server takes connections; make the database where it is missing."""
    # Loaded while the server starts.
    import psycopg

    try:
        with psycopg.connect(url(home, port), connect_timeout=2):
            return True
    except psycopg.OperationalError as exc:
        if f'database "{_DATABASE}" does not exist' not in str(exc):
            return False
    with psycopg.connect(url(home, port, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_DATABASE}")
    return True


def stop_unknown(home: Home) -> None:
    """Stop orphaned processes that use the data directory, and remove a stale lock.

    That is a server, or what a killed one left behind: its sessions end when they notice, and until then
    no other server can start. The lock's pid may be another program's by now, which would be taken for one.
    """
    for server in processes.working_in(home.database, _SERVER):
        if "-D" in processes.arguments(server):
            processes.finish([server, *server.children(recursive=True)], signal.SIGINT, grace_s=10)
    processes.finish(processes.working_in(home.database, _SERVER), signal.SIGKILL, grace_s=0)
    (home.database / "postmaster.pid").unlink(missing_ok=True)


def _environ() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
