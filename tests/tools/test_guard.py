"""Who may talk to the emulator: programs of this machine and its own pages, and no page of anywhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from infra.local.guard import Guard, Message, Receive, Rules, Scope, Send

PORT = 4566
RULES = Rules(PORT, frozenset({"host.docker.internal"}), frozenset({"http://localhost:3000"}))
API = "/_aws/execute-api/de0ec001/"
LAMBDA = "/2015-03-31/functions"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
Headers = dict[str, str]
HERE = {"host": f"localhost:{PORT}"}
LINK = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def refusal(headers: Headers, method: str = "GET", path: str = LAMBDA) -> str | None:
    return RULES.refusal(method, path, encoded(list(headers.items())))


def encoded(headers: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers]


@pytest.mark.parametrize(
    "host",
    [
        "localhost:4566",
        "LOCALHOST:4566",
        "127.0.0.1:4566",
        "[::1]:4566",
        "bucket.s3.localhost:4566",
        "de0ec001.execute-api.localhost:4566",
        "host.docker.internal:4566",
    ],
)
def test_a_program_of_this_machine_may_ask(host: str) -> None:
    assert refusal({"host": host, "user-agent": "Boto3/1.40"}, "POST") is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example:4566",
        "evil.example",
        "localhost",
        "localhost:80",
        "localhost:4567",
        "localhost:4566:4566",
        "localhost:04566",
        "localhost.:4566",
        "localhost.evil.example:4566",
        "notlocalhost:4566",
        ".localhost.evil:4566",
        "127.0.0.1.nip.io:4566",
        "localhost.localstack.cloud:4566",
        "0.0.0.0:4566",
        "192.168.1.10:4566",
        "user@localhost:4566",
        "evil.example#localhost:4566",
    ],
)
def test_a_name_that_may_be_led_here_by_another_is_refused(host: str) -> None:
    told = refusal({"host": host})
    assert told is not None
    assert "http://localhost:4566" in told


def test_no_host_at_all_is_refused() -> None:
    assert RULES.refusal("GET", LAMBDA, []) is not None


@pytest.mark.parametrize(
    "mark",
    [
        {"user-agent": CHROME},
        {"accept-language": "en"},
        {"referer": "http://host.docker.internal:4566/"},
        {"origin": "http://host.docker.internal:4566"},
        {"sec-fetch-site": "same-origin"},
    ],
)
def test_the_name_that_containers_use_is_not_for_browsers(mark: Headers) -> None:
    """The network that a laptop is in may answer for it, and so serve a page under that name."""
    assert refusal({"host": "host.docker.internal:4566", **mark}) is not None


@pytest.mark.parametrize("origin", [f"http://{name}:4566" for name in ("localhost", "127.0.0.1", "[::1]")])
@pytest.mark.parametrize("site", ["same-origin", "same-site", "cross-site", ""])
def test_our_own_pages_may_ask(origin: str, site: str) -> None:
    """Opened as 127.0.0.1, the console talks to the WebSocket at localhost, which is another site."""
    assert refusal({**HERE, "origin": origin, "sec-fetch-site": site, "user-agent": CHROME}, "POST") is None


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "http://localhost",
        "http://localhost:8000",
        "https://localhost:4566",
        "http://localhost:4566/",
        "http://localhost:4566, https://evil.example",
        "http://evil.localhost:4566",
        "http://localhost.evil.example:4566",
        "file://",
        "chrome-extension://abcdef",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_origin_may_not(origin: str, method: str) -> None:
    told = refusal({**HERE, "origin": origin}, method)
    assert told is not None
    assert "CorsOrigin" in told


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_the_address_bar_and_our_own_pages_get(site: str) -> None:
    assert refusal({**HERE, "sec-fetch-site": site, "user-agent": CHROME}) is None


@pytest.mark.parametrize(
    ("site", "mode", "destination"),
    [
        ("cross-site", "no-cors", "image"),
        ("cross-site", "navigate", "document"),
        ("same-site", "no-cors", "script"),
        ("same-site", "cors", "empty"),
        ("same-site", "navigate", "iframe"),
        ("something-new", "navigate", "document"),
    ],
)
def test_a_request_without_an_origin_that_began_elsewhere_is_refused(
    site: str, mode: str, destination: str
) -> None:
    headers = {**HERE, "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": destination}
    assert refusal(headers, path=API) is not None


def test_a_link_on_another_port_may_lead_to_the_console_and_nowhere_else() -> None:
    link = {**HERE, **LINK, "sec-fetch-site": "same-site"}
    assert refusal(link, path=API) is None
    assert refusal(link, "POST", path=API) is not None
    assert refusal(link, path=LAMBDA) is not None
    assert refusal(link, path="/_aws/execute-api/?Action=DeleteQueue") is not None


def test_a_browser_that_does_not_say_where_a_request_began_is_refused() -> None:
    assert refusal({**HERE, "user-agent": CHROME}) is not None


def test_an_origin_that_the_deployment_names_may_use_the_apis_only() -> None:
    page = {**HERE, "origin": "http://localhost:3000", "sec-fetch-site": "same-site"}
    assert refusal(page, "POST", API) is None
    assert refusal(page, "POST", LAMBDA) is not None


@pytest.mark.parametrize("name", ["host", "origin", "sec-fetch-site"])
def test_a_header_that_comes_twice_is_refused(name: str) -> None:
    given = {"host": f"localhost:{PORT}", "origin": f"http://localhost:{PORT}", "sec-fetch-site": "none"}
    twice = encoded([*given.items(), (name.title(), given[name])])
    assert RULES.refusal("GET", LAMBDA, twice) == (
        "A header that may come once came twice; send Host and Origin once each."
    )


@pytest.mark.parametrize(
    "agent", ["curl/8.5.0", "Boto3/1.40.1", "python-httpx/0.28", "node", "Python/3.13 websockets/15.0", ""]
)
def test_command_line_tools_need_no_header_but_the_host(agent: str) -> None:
    assert refusal({**HERE, "user-agent": agent}, "POST") is None


def test_what_node_sends_is_not_taken_for_a_browser() -> None:
    node = {"user-agent": "node", "sec-fetch-mode": "cors", "accept-language": "*"}
    assert refusal({**HERE, **node}, "POST") is None


# --- as an ASGI application --------------------------------------------------------------------------


def run(scope: Scope) -> tuple[bool, list[Message]]:
    """Return whether the application behind was reached, and what was sent instead."""
    reached, sent = [], []

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        reached.append(True)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Guard(app, RULES)(scope, receive, send))
    return bool(reached), sent


def scope_of(kind: str, headers: Headers, **more: Any) -> Scope:
    return {"type": kind, "path": API, "headers": encoded(list(headers.items())), **more}


FOREIGN = {**HERE, "origin": "https://evil.example"}


def test_what_may_pass_passes() -> None:
    assert run(scope_of("http", HERE, method="POST")) == (True, [])
    assert run(scope_of("websocket", HERE)) == (True, [])
    assert run({"type": "lifespan"}) == (True, [])


def test_a_preflight_of_another_origin_learns_nothing_of_what_is_allowed() -> None:
    reached, (start, body) = run(scope_of("http", FOREIGN, method="OPTIONS"))
    assert not reached
    assert start["status"] == 403
    assert not any(name.startswith(b"access-control-") for name, _ in start["headers"])
    assert dict(start["headers"])[b"content-type"].startswith(b"text/plain")
    assert b"CorsOrigin" in body["body"]


def test_a_websocket_is_refused_before_it_is_accepted() -> None:
    reached, (close,) = run(scope_of("websocket", FOREIGN))
    assert (reached, close["type"]) == (False, "websocket.close")
    extensions: dict[str, object] = {"websocket.http.response": {}}
    reached, (start, _) = run(scope_of("websocket", FOREIGN, extensions=extensions))
    assert (reached, start["type"], start["status"]) == (False, "websocket.http.response.start", 403)


def test_the_rules_are_read_from_the_environment() -> None:
    environ = {"GATEWAY_PORT": "1", "ALLOWED_HOSTS": "a, b", "ALLOWED_ORIGINS": ""}
    assert Rules.from_environ(environ) == Rules(1, frozenset({"a", "b"}), frozenset())
