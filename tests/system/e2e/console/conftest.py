"""A browser, tabs of the console in it, and a slow deployment to watch orders on their way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.system.e2e.console.browser import chromium
from tests.system.e2e.console.page import Console, OpenConsole, new_session, new_tab
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


@pytest.fixture(scope="module", name="sessions")
def shared_sessions(browser: Browser) -> dict[str, BrowserContext]:
    """Return a session of each theme: a new one costs twice what a new tab does."""
    return {theme: new_session(browser, theme) for theme in ("dark", "light")}


@pytest.fixture(name="open_console")
def console_opener(browser: Browser, sessions: dict[str, BrowserContext]) -> Iterator[OpenConsole]:
    """Open tabs, and close them at the end; a clock is the whole session's, so it needs one of its own."""
    tabs: list[Console] = []

    def open_tab(
        deployed: Deployed, theme: str = "dark", width: int = 1600, *, own_session: bool = False
    ) -> Console:
        session = new_session(browser, theme) if own_session else sessions[theme]
        tab = new_tab(session, f"{deployed.http_url}/", width)
        tabs.append(tab)
        return tab

    yield open_tab
    for session in {tab.context for tab in tabs}:
        if session not in sessions.values():
            session.close()
            continue
        session.pages[0].evaluate("location.protocol === 'about:' || localStorage.clear()")
        for page in session.pages:
            page.close()


@pytest.fixture(name="console")
def entered_console(open_console: OpenConsole, deployment: Deployed) -> Console:
    """Return a live page of a client without orders."""
    console = open_console(deployment)
    console.enter(deployment.new_key())
    return console
