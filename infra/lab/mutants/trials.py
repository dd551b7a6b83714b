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
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import zip_longest
from pathlib import Path

import coverage
import pytest

from infra.lab.mutants.generate import Mutant
from infra.lab.mutants.plan import Group
from infra.lab.mutants.plugins import Given, Loop, Only, Watch
from infra.lab.mutants.replacing import forget, learn_imports, replace_module, replace_text
from infra.lab.mutants.report import Fate
from infra.local.home import PROJECT

_TEMPORARY = tempfile.gettempdir()
"""As it is before the trials of a group are given a folder of their own, which those of the next have not."""

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
        self._is_sql = all(file.endswith(".sql") for file in files)
        self._noticed: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._scratch = Path()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Prepare the tests and their server of PostgreSQL; exits where they fail without any mutant."""
        with tempfile.TemporaryDirectory(prefix="dexec-mutants-", dir=_TEMPORARY) as scratch:
            os.environ["TMPDIR"] = tempfile.tempdir = scratch
            # As root, PostgreSQL runs under an account of its own, which has to reach its programs in here.
            Path(scratch).chmod(0o755)
            self._scratch = Path(scratch)
            sys.pycache_prefix, sys.dont_write_bytecode = f"{scratch}/bytecode", False
            # Before the server: its fixtures import plugins of pytest, which pytest has to import itself.
            pytest.main([*_QUIET, *self._group.tests, "--collect-only", "-qqq"])
            with self._server():
                path = Path(scratch) / "baseline"
                if os.waitpid(_in_fork(lambda: self._baseline(path)), 0)[1] or not path.exists():
                    sys.exit("the tests fail without any mutant")
                self.durations_s, self._tests = pickle.loads(path.read_bytes())  # noqa: S301
                # What imports what is found out once, and not in each fork.
                learn_imports()
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
        watch = Watch(None if self._is_sql else measured, self._given)
        if not self._is_sql:
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
        for file in self._files:
            if file.endswith(".sql"):
                tests[file] = {0: set().union(*(watch.statements[name] for name in _statements(file)))}
        path.write_bytes(pickle.dumps((watch.durations_s, tests)))
        return code

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that may notice, the likely ones first.

        These are those that noticed others of its file, then those that are named like it, then those that
        run the file, then the quick.
        """
        by_line = self._tests.get(mutant.file, {0: set(self.durations_s)})
        found: set[str] = set()
        if mutant.file.endswith(".py"):
            lines = _statement(PROJECT / mutant.file, mutant.line)
            found = set().union(*(by_line.get(line, set()) for line in lines))
        # Lines that are run by importing alone: any test may notice, also one that looks at the file only.
        own, of_file = f"/test_{Path(mutant.file).stem}.py", set[str]().union(*by_line.values())
        found = found or (of_file if self._is_sql else {*self.durations_s})
        found |= {name for name in self.durations_s if own in name}
        spent, chosen = 0.0, list[str]()
        noticed = self._noticed[mutant.file]
        order = {
            name: (-noticed[name], own not in name, name not in of_file, self.durations_s.get(name, 0))
            for name in found
        }
        for name in sorted(found, key=lambda name: order[name]):
            spent += self.durations_s.get(name, 0)
            if spent > _MOST_S and chosen:
                break
            chosen.append(name)
        return chosen

    def run(
        self, mutants: Iterable[Mutant], jobs: int, ends_at: float, note: Callable[[Mutant, Fate], None]
    ) -> None:
        """Have the fate of each mutant noted, several tried at a time.

        A statement is read when it is used: forks that change one share tests that were collected once.
        """

        def work(items: Mapping[str, pytest.Item]) -> None:
            for mutant, fate in self._fates(mutants, jobs, ends_at, items):
                note(mutant, fate)

        if not self._is_sql:
            work({})
            return
        self._loop = Loop(self._given, work)
        if _pytest([*self._group.tests, "-s"], self._loop) == pytest.ExitCode.INTERRUPTED:
            raise KeyboardInterrupt

    def _fates(
        self, mutants: Iterable[Mutant], jobs: int, ends_at: float, items: Mapping[str, pytest.Item]
    ) -> Iterator[tuple[Mutant, Fate]]:
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
                yield from self._ended(running)
            try_it = partial(self._try_sql, items=items) if items else self._try
            pid = _in_fork(partial(try_it, mutant, tests), most_s)
            running[pid] = mutant, time.monotonic() + 20 + 3 * most_s
        while running:
            yield from self._ended(running)

    def _try(self, mutant: Mutant, tests: Sequence[str]) -> int:
        path = PROJECT / mutant.file
        forget(path if path.suffix == ".py" else None)
        if path.suffix == ".py":
            replace_module(path, mutant.text)
        else:
            replace_text(path, mutant.text)
        for some in filter(None, (tests[:_FIRST], tests[_FIRST:])):
            only = Only(some, self.durations_s)
            code = _pytest([*{name.partition("::")[0] for name in some}], Given(self._given), only)
            if code == pytest.ExitCode.NO_TESTS_COLLECTED:
                return _NO_TESTS
            if code:
                self._note(only.failed)
                return _NOTICED
        return 0

    def _note(self, failed: str) -> None:
        """Leave to the process that chooses tests which one noticed."""
        (self._scratch / f"{os.getpid()}").write_text(failed, encoding="utf-8")

    def _try_sql(self, mutant: Mutant, tests: Sequence[str], items: Mapping[str, pytest.Item]) -> int:
        replace_text(PROJECT / mutant.file, mutant.text)
        plan = _PLAN.format(_statements(mutant.file)[0])
        chosen = [items[name] for name in (plan, *tests) if name in items]
        for item, following in zip_longest(chosen, chosen[1:]):
            # A test that does not end, ends the fork: the mutant is noticed.
            signal.alarm(10 + int(5 * self.durations_s.get(item.nodeid, 0)))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if failed := self._loop.failed:
                self._note(failed)
                return _INVALID if failed == plan else _NOTICED
        return 0

    def _ended(self, running: dict[int, tuple[Mutant, float]]) -> Iterator[tuple[Mutant, Fate]]:
        """Yield those that have ended by now; one that does not end, as its tests do, is noticed."""
        for pid, (mutant, ends_at) in [*running.items()]:
            late = time.monotonic() > ends_at
            if late:
                os.kill(pid, signal.SIGKILL)
            done, status = os.waitpid(pid, 0 if late else os.WNOHANG)
            if done:
                del running[pid]
                if (failed := self._scratch / f"{pid}").exists():
                    self._noticed[mutant.file][failed.read_text(encoding="utf-8")] += 1
                    failed.unlink()
                yield mutant, _FATES.get(os.waitstatus_to_exitcode(status), Fate.KILLED)
        time.sleep(0.02)


def _statements(file: str) -> list[str]:
    """Return the statements that a file of SQL is part of: itself, or those that name it in braces."""
    path = PROJECT / file
    if path.parent.name != "parts":
        return [path.stem]
    users = sorted(path.parents[1].rglob("*.sql"))
    named = [user for user in users if f"{{{{{path.stem} " in user.read_text(encoding="utf-8")]
    return [name for user in named for name in _statements(str(user.relative_to(PROJECT)))]


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
