"""A browser, tabs of the console in it, and a slow deployment to watch orders on their way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.system.e2e.console.browser import chromium
from tests.system.e2e.console.page import Console, OpenConsole, new_tab
from tests.system.e2e.deployed import Deployed


# For a module, no longer: while Playwright runs, asyncio does not.
@pytest.fixture(scope="module", name="browser")
def running_browser() -> Iterator[Browser]:
    """Return a headless browser."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session", name="congested")
def congested_deployment(deployment_factory: Callable[[dict[str, str]], Deployed]) -> Deployed:
    """Return a deployment whose orders take seconds to land."""
    return deployment_factory({"PaperLatency": "congested"})


@pytest.fixture(name="open_console")
def console_opener(browser: Browser) -> Iterator[OpenConsole]:
    """Open tabs, and close their sessions at the end."""
    tabs: list[Console] = []

    def open_tab(deployed: Deployed, theme: str = "dark", width: int = 1600) -> Console:
        tab = new_tab(browser, f"{deployed.http_url}/", theme, width)
        tabs.append(tab)
        return tab

    yield open_tab
    for tab in tabs:
        tab.context.close()


@pytest.fixture(name="console")
def entered_console(open_console: OpenConsole, deployment: Deployed) -> Console:
    """Return a live page of a client without orders."""
    console = open_console(deployment)
    console.enter(deployment.new_key())
    return console
