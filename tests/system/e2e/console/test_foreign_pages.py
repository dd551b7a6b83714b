"""A page that the developer happens to visit, with the emulator running: it can do nothing there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import cast

import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import Page

from infra.lab.bench import bare
from tests.system.e2e.console.browser import REBOUND
from tests.system.e2e.console.page import Tabs
from tests.system.e2e.deployed import Deployed

CODE = base64.b64encode(bare.zipped("def handler(event, context):\n    return 'ran'\n")).decode()
STOLEN = "stolen"
CREATE = json.dumps(
    {
        "FunctionName": STOLEN,
        "Runtime": "python3.13",
        "Role": "arn:aws:iam::000000000000:role/any",
        "Handler": "app.handler",
        "Code": {"ZipFile": CODE},
    }
)
LIST_SECRETS = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.ListSecrets"}

# What a page's script can find out of an answer; a request that the browser or the server refused is null.
ASK = """
async ({ url, method, headers, body, mode }) => {
  try {
    const answer = await fetch(url, { method, headers, body: body ?? undefined, mode });
    return mode === "no-cors" ? null : { status: answer.status, text: await answer.text() };
  } catch { return null; }
}
"""
OPEN_SOCKET = """
(url) => new Promise((resolve) => {
  const socket = new WebSocket(url);
  socket.onopen = () => { socket.close(); resolve("open"); };
  socket.onerror = () => resolve("refused");
})
"""
# What needs no script's permission: the browser sends it, and shows the page nothing.
SEND_FORM = """
(url) => new Promise((resolve) => {
  const frame = Object.assign(document.createElement("iframe"), { name: "there" });
  const form = document.createElement("form");
  Object.assign(form, { method: "POST", action: url, target: "there" });
  document.body.append(frame, form);
  frame.onload = () => resolve();
  form.submit();
})
"""


class EmptyPage(BaseHTTPRequestHandler):
    """Answers every request with an empty page."""

    def do_GET(self) -> None:
        page = b"<!doctype html><title>elsewhere</title><body>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="module")
def other_port() -> Iterator[int]:
    """Serve an empty page on a port of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@contextmanager
def page_at(tabs: Tabs, url: str) -> Iterator[Page]:
    tab = tabs.take(url, "dark", 1600)
    tab.open()
    yield tab.page
    tabs.give_back(tab)


def ask(
    page: Page, url: str, method: str = "GET", body: str = "", mode: str = "cors", **headers: str
) -> dict[str, object] | None:
    request = {"url": url, "method": method, "headers": headers, "body": body or None, "mode": mode}
    return cast("dict[str, object] | None", page.evaluate(ASK, request))


@pytest.fixture(name="functions")
def names_of_functions(deployment: Deployed) -> Iterator[list[str]]:
    """Return the functions that are deployed; one that a page made is removed afterwards."""
    yield function_names(deployment)
    with suppress(ClientError):
        deployment.aws.functions.delete_function(FunctionName=STOLEN)


def function_names(deployment: Deployed) -> list[str]:
    found = deployment.aws.functions.list_functions()["Functions"]
    return sorted(function["FunctionName"] for function in found)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "evil.localhost"])
def test_a_page_on_another_port_can_do_nothing(
    tabs: dict[bool, Tabs], deployment: Deployed, functions: list[str], other_port: int, name: str
) -> None:
    create = f"{deployment.endpoint_url}/2015-03-31/functions"
    invoke = f"{create}/{functions[0]}/invocations"
    with page_at(tabs[False], f"http://{name}:{other_port}/") as page:
        # With a body that needs no preflight, and with one that does.
        assert ask(page, create, "POST", CREATE) is None
        assert ask(page, create, "POST", CREATE, "no-cors") is None
        assert ask(page, create, "POST", CREATE, **{"content-type": "application/json"}) is None
        assert ask(page, invoke, "POST", "{}") is None
        assert ask(page, f"{deployment.endpoint_url}/", "POST", "{}", **LIST_SECRETS) is None
        assert ask(page, f"{deployment.http_url}/api/orders", **{"x-api-key": "local"}) is None
        assert page.evaluate(OPEN_SOCKET, f"{deployment.websocket_url}?apiKey=local") == "refused"
        page.evaluate(SEND_FORM, create)
    assert function_names(deployment) == functions


def test_a_name_that_is_led_to_this_machine_opens_nothing(
    tabs: dict[bool, Tabs], deployment: Deployed
) -> None:
    """DNS rebinding: to the browser, the emulator is then a part of that page's own site."""
    port = deployment.endpoint_url.rsplit(":", 1)[1]
    with page_at(tabs[False], f"http://{REBOUND}:{port}/_ministack/health") as page:
        assert f"http://localhost:{port}" in page.inner_text("body")
        answer = ask(page, f"http://{REBOUND}:{port}/", "POST", "{}", **LIST_SECRETS)
        assert answer is not None
        assert answer["status"] == 403
        path = deployment.websocket_url.split(port, 1)[1]
        assert page.evaluate(OPEN_SOCKET, f"ws://{REBOUND}:{port}{path}?apiKey=local") == "refused"


@pytest.mark.usefixtures("functions")
def test_the_same_calls_are_answered_on_our_own_pages_and_to_programs(
    tabs: dict[bool, Tabs], deployment: Deployed
) -> None:
    port = deployment.endpoint_url.rsplit(":", 1)[1]
    for name in ("localhost", "127.0.0.1"):
        with page_at(tabs[False], deployment.http_url.replace("localhost", name) + "/") as page:
            secrets = ask(page, f"http://{name}:{port}/", "POST", "{}", **LIST_SECRETS)
            assert secrets is not None
            assert secrets["status"] == 200
            assert page.evaluate(OPEN_SOCKET, f"{deployment.websocket_url}?apiKey=local") == "open"
    aws = deployment.aws.functions
    aws.create_function(
        FunctionName=STOLEN,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="app.handler",
        Code={"ZipFile": base64.b64decode(CODE)},
    )
    answer = aws.invoke(FunctionName=STOLEN, Payload=b"{}")
    assert json.loads(answer["Payload"].read()) == "ran"
