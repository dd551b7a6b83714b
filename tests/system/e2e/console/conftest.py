"""A browser, tabs of the console in it, and a slow deployment to watch orders on their way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.system.e2e.console.browser import axe_source, chromium
from tests.system.e2e.console.page import Console, Findings, OpenConsole, Tabs
from tests.system.e2e.deployed import Deployed

RUN_AXE = """axe.run(document.querySelector("dialog:modal") ?? document, { resultTypes: ["violations"] })
  .then(({ violations }) => violations)"""
"""Looks at the dialog that is open, or else at the whole page."""


# For the package, no longer: while Playwright runs, asyncio does not.
@pytest.fixture(scope="package", name="browser")
def running_browser() -> Iterator[Browser]:
    """Return a headless browser."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session", name="congested")
def congested_deployment(deployment_factory: Callable[[dict[str, str]], Deployed]) -> Deployed:
    """Return a deployment whose orders take seconds to land."""
    return deployment_factory({"PaperLatency": "congested"})


@pytest.fixture(scope="package", name="tabs")
def shared_tabs(browser: Browser) -> dict[bool, Tabs]:
    """Return the tabs that tests share, and those of the tests that set the clock, which is a session's."""
    return {has_clock: Tabs(browser) for has_clock in (False, True)}


@pytest.fixture(name="open_console")
def console_opener(tabs: dict[bool, Tabs]) -> Iterator[OpenConsole]:
    """Open tabs, and empty them at the end."""
    opened: list[tuple[Tabs, Console]] = []

    def open_tab(
        deployed: Deployed, theme: str = "dark", width: int = 1600, *, has_clock: bool = False
    ) -> Console:
        console = tabs[has_clock].take(f"{deployed.http_url}/", theme, width)
        opened.append((tabs[has_clock], console))
        return console

    yield open_tab
    for session, console in opened:
        session.give_back(console)


@pytest.fixture(name="findings")
def found_by_axe(pytestconfig: pytest.Config, tmp_path: Path) -> Findings:
    """Return what axe-core finds wrong with a page as it is now, a line for each element."""
    axe = axe_source(pytestconfig.cache.mkdir("axe-core") if pytestconfig.cache else tmp_path)

    def find(console: Console) -> list[str]:
        if not console.page.evaluate("'axe' in window"):
            console.page.evaluate(axe)
        found = console.page.evaluate(RUN_AXE)
        return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]

    return find


@pytest.fixture(name="console")
def entered_console(open_console: OpenConsole, deployment: Deployed) -> Console:
    """Return a live page of a client without orders."""
    console = open_console(deployment)
    console.enter(deployment.new_key())
    return console
