"""The address that people type: an API's root without its slash."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from infra.local.guard import Guard, Message, Receive, Rules, Scope, Send
from infra.local.slash import Slash

BARE = "/_aws/execute-api/de0ec001"


async def emulator(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as the emulator does where it knows no such bucket."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"NoSuchBucket"})


def ask(target: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        app = Guard(Slash(emulator), Rules(4566))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:4566") as client:
            return await client.request(method, target, headers=headers)

    return asyncio.run(asked())


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_bare_address_leads_to_the_root(method: str) -> None:
    answer = ask(f"{BARE}?theme=dark", method)
    assert (answer.status_code, answer.headers["location"]) == (308, f"{BARE}/?theme=dark")
    assert ask(BARE).headers["location"] == f"{BARE}/"


@pytest.mark.parametrize(
    "path", [f"{BARE}/", f"{BARE}/live", "/_aws/execute-api", "/_aws/execute-api/", "/de0ec001", f"/x{BARE}"]
)
def test_everything_else_is_the_emulators(path: str) -> None:
    assert ask(path).status_code == 404


def test_pages_of_other_origins_are_still_refused() -> None:
    assert ask(BARE, origin="https://evil.example").status_code == 403


def test_sockets_pass() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["path"])

    async def nothing() -> Message:
        return {}

    async def dropped(_: Message) -> None:
        return

    asyncio.run(Slash(app)({"type": "websocket", "path": BARE}, nothing, dropped))
    assert seen == [BARE]
