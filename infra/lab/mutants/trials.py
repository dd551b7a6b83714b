"""Runs tests on mutants: a process that has imported what is slow forks for each mutant.

A mutant is never written to disk: the fork imports, or reads, its text in place of the file's. So the
project is left as it is, several can be tried at a time, and tests that start processes see no mutant.
"""

from __future__ import annotations

import ast
import gc
import math
import os
import pickle
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import coverage
import pytest

from infra.lab.mutants.generate import Mutant
from infra.lab.mutants.plan import Group
from infra.lab.mutants.plugins import Given, Only, Watch
from infra.lab.mutants.replacing import forget, replace_module, replace_text
from infra.lab.mutants.report import Fate
from infra.local.home import PROJECT

_FIRST = 15
"""How many tests are run before the rest is collected at all."""
_MOST_S = 25.0
"""Of the tests that run a line, the quickest are tried that take no longer than this together."""
_PLAN = "tests/system/integration/test_sql.py::test_a_statement_can_be_planned[{}]"
"""What shows that a mutant is no statement at all."""
_NOTICED, _INVALID, _NO_TESTS = 1, 2, 3
_FATES = {0: Fate.SURVIVED, _INVALID: Fate.INVALID, _NO_TESTS: Fate.NOT_RUN}
"""By exit code of a fork; any other, as of one that was killed, is that of a mutant that was noticed."""
_QUIET = ("-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly")


class Trials:
    """The tests of a group: how long each takes, and which lines of code, or statements of SQL, it runs."""

    def __init__(self, group: Group, files: Sequence[str]) -> None:
        self._group = group
        self._given: dict[str, object] = {}
        self.durations_s: dict[str, float] = {}
        self._tests: dict[str, dict[int, set[str]]] = {}
        self._files = files

    @contextmanager
    def running(self) -> Iterator[None]:
        """Prepare the tests and their server of PostgreSQL; exits where they fail without any mutant."""
        with tempfile.TemporaryDirectory(prefix="dexec-mutants-") as scratch:
            os.environ["TMPDIR"] = tempfile.tempdir = scratch
            # As root, PostgreSQL runs under an account of its own, which has to reach its programs in here.
            Path(scratch).chmod(0o755)
            sys.pycache_prefix, sys.dont_write_bytecode = f"{scratch}/bytecode", False
            with self._server():
                pytest.main([*_QUIET, *self._group.tests, "--collect-only", "-qqq"])
                path = Path(scratch) / "baseline"
                if os.waitpid(_in_fork(lambda: self._baseline(path)), 0)[1] or not path.exists():
                    sys.exit("the tests fail without any mutant")
                self.durations_s, self._tests = pickle.loads(path.read_bytes())  # noqa: S301
                # What is here already needs no collecting in any fork.
                gc.freeze()
                yield

    @contextmanager
    def _server(self) -> Iterator[None]:
        if not self._group.on_postgres:
            yield
            return
        from tests.conftest import migrated, serving

        with serving() as server:
            migrated(server.url)
            self._given = {"server": tuple(server), "database_url": server.url}
            yield

    def _baseline(self, path: Path) -> int:
        measured = coverage.Coverage(
            data_file=None, source=[str(PROJECT / "shared"), str(PROJECT / "functions")]
        )
        measured.set_option(
            "run:disable_warnings", ["module-not-measured", "no-data-collected", "module-not-imported"]
        )
        forget()
        watch = Watch(measured, self._given)
        measured.start()
        code = _pytest(self._group.tests, watch)
        measured.stop()
        data = measured.get_data()
        tests = {
            file: {
                line: set(names) - {""}
                for line, names in data.contexts_by_lineno(str(PROJECT / file)).items()
            }
            for file in self._files
            if file.endswith(".py")
        }
        for name, names in watch.statements.items():
            tests[f"shared/dexec/adapters/postgres/sql/{name}.sql"] = {0: names}
        path.write_bytes(pickle.dumps((watch.durations_s, tests)))
        return code

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that may notice, the quickest first."""
        by_line = self._tests.get(mutant.file, {0: set(self.durations_s)})
        found: set[str] = set()
        if mutant.file.endswith(".py"):
            lines = _statement(PROJECT / mutant.file, mutant.line)
            found = set().union(*(by_line.get(line, set()) for line in lines))
        # Lines that are run by importing alone: all tests of the file, also those that look at it only.
        own = f"/test_{Path(mutant.file).stem}.py"
        found = found or set().union(*by_line.values())
        found |= {name for name in self.durations_s if own in name}
        spent, chosen = 0.0, list[str]()
        for name in sorted(found, key=lambda name: self.durations_s.get(name, 0)):
            spent += self.durations_s.get(name, 0)
            if spent > _MOST_S and chosen:
                break
            chosen.append(name)
        return chosen

    def fates(self, mutants: Iterable[Mutant], jobs: int, ends_at: float) -> Iterator[tuple[Mutant, Fate]]:
        """Yield the fate of each mutant, several tried at a time."""
        running: dict[int, tuple[Mutant, float]] = {}
        for mutant in mutants:
            if time.monotonic() >= ends_at:
                yield mutant, Fate.NOT_RUN
                continue
            tests = self.tests_of(mutant)
            if not tests:
                yield mutant, Fate.SURVIVED
                continue
            most_s = 5 + sum(self.durations_s.get(name, 0) for name in tests)
            while len(running) >= jobs:
                yield from _ended(running)
            pid = _in_fork(lambda: self._try(mutant, tests), most_s)  # noqa: B023
            running[pid] = mutant, time.monotonic() + 20 + 3 * most_s
        while running:
            yield from _ended(running)

    def _try(self, mutant: Mutant, tests: Sequence[str]) -> int:
        path = PROJECT / mutant.file
        if path.suffix != ".sql":
            forget(path if path.suffix == ".py" else None)
        if path.suffix == ".py":
            replace_module(path, mutant.text)
        else:
            replace_text(path, mutant.text)
        plan = _PLAN.format(Path(mutant.file).stem) if mutant.file.endswith(".sql") else None
        first, rest = [plan, *tests[:_FIRST]] if plan else tests[:_FIRST], tests[_FIRST:]
        for some in filter(None, (first, rest)):
            only = Only(some)
            code = _pytest([*{name.partition("::")[0] for name in some}], Given(self._given), only)
            if code == pytest.ExitCode.NO_TESTS_COLLECTED:
                return _NO_TESTS
            if code:
                return _INVALID if plan and only.failed == plan else _NOTICED
        return 0


def _ended(running: dict[int, tuple[Mutant, float]]) -> Iterator[tuple[Mutant, Fate]]:
    """Yield those that have ended by now; one that does not end, as its tests do, is noticed."""
    for pid, (mutant, ends_at) in [*running.items()]:
        late = time.monotonic() > ends_at
        if late:
            os.kill(pid, signal.SIGKILL)
        done, status = os.waitpid(pid, 0 if late else os.WNOHANG)
        if done:
            del running[pid]
            code = os.waitstatus_to_exitcode(status)
            yield mutant, _FATES.get(code, Fate.KILLED)
    time.sleep(0.02)


def _in_fork(work: Callable[[], int], most_cpu_s: float = 0) -> int:
    """Return the process that does the work, silently; its result is its exit code.

    What goes round in circles ends after so many seconds of CPU, however busy the machine is.
    """
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        silence = os.open(os.environ.get("MUTANTS_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        if most_cpu_s:
            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(most_cpu_s), resource.RLIM_INFINITY))
        code = work()
    except BaseException:
        traceback.print_exc()
        code = 1
    os._exit(code)


def _pytest(arguments: Sequence[str], *plugins: object) -> int:
    return int(pytest.main([*_QUIET, *arguments], plugins=[*plugins]))


def _statement(path: Path, line: int) -> range:
    """Return the lines of the smallest statement around a line; of a compound one, those of its head."""
    best = range(line, line + 1)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or node.lineno
            if line <= max(end, node.lineno):
                best = range(node.lineno, max(end, node.lineno) + 1)
    return best
