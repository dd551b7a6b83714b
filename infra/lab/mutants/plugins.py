"""Plugins of pytest that choose tests, give them fixtures that are there already, and watch what they run."""

from __future__ import annotations

import math
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import coverage
import pytest


class Given:
    """Gives the tests the session's fixtures that are there already."""

    def __init__(self, given: dict[str, object]) -> None:
        self._given = given

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> object:
        """Give a fixture that is there; None leaves it to the tests to make it."""
        name = fixturedef.argname
        if name not in self._given:
            return None
        from tests.conftest import Server

        value = Server(*self._given[name]) if name == "server" else self._given[name]  # type: ignore[misc]
        fixturedef.cached_result = (value, fixturedef.cache_key(request), None)
        return value


class Watch(Given):
    """Notes how long each test takes, which statements it uses, and which lines it runs."""

    def __init__(self, measured: coverage.Coverage | None, given: dict[str, object]) -> None:
        super().__init__(given)
        self.durations_s: dict[str, float] = defaultdict(float)
        self.statements: dict[str, set[str]] = defaultdict(set)
        self._measured = measured
        self._test = ""

    def pytest_collection_finish(self) -> None:
        """Note each statement that is made from now on."""
        from dexec.adapters.postgres import statements

        made = statements.Statement.__init__

        def noted(statement: statements.Statement, name: str, params: Mapping[str, object]) -> None:
            self.statements[name].add(self._test)
            made(statement, name, params)

        statements.Statement.__init__ = noted  # type: ignore[method-assign, assignment]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Count what is run from now on for this test."""
        self._test = nodeid
        if self._measured is not None:
            self._measured.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up how long set-up, call and teardown take."""
        self.durations_s[report.nodeid] += report.duration


class Failed:
    """Notes which test failed last."""

    failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note it."""
        if report.failed:
            self.failed = report.nodeid


class Loop(Failed, Given):
    """Has other work done with the tests once they are collected, in place of running them."""

    def __init__(self, given: dict[str, object], work: Callable[[Mapping[str, pytest.Item]], None]) -> None:
        super().__init__(given)
        self._work = work

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Hand the tests over, by name."""
        self._work({item.nodeid: item for item in session.items})
        return True


class Only(Failed):
    """Runs the tests that are named, in this order.

    One that takes two seconds of CPU more than twice its time, in seconds, ends the process.
    """

    def __init__(self, names: Sequence[str], durations_s: Mapping[str, float]) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        self._durations_s = durations_s

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Set the limit."""
        most_s = time.process_time() + 2 + 2 * self._durations_s.get(nodeid, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(most_s), resource.RLIM_INFINITY))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests that are named, in their order."""
        kept = [item for item in items if item.nodeid in self._places]
        items[:] = sorted(kept, key=lambda item: self._places[item.nodeid])
