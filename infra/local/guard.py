"""Refuses requests of web pages to the emulator, which itself serves any caller.

Everything listens on loopback, but so does the browser's reach: any page that the developer visits may send
requests to this machine, and an emulator of AWS runs code for any caller. What distinguishes a page
from a program are the headers that a browser sets and a page cannot change (Fetch Metadata, ``Origin``),
and a ``Host`` that names this machine: a name of the page's own may be led to 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, NamedTuple, TypeAlias

from infra.local.ids import API_PATH

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

_API = re.compile(f"{API_PATH}/")
"""How the path of an API that is deployed begins; all else is the emulator's own and AWS's."""

_ONCE = ("host", "origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest")
_READ = frozenset((*_ONCE, "user-agent", "referer", "accept-language", "cookie"))


class Rules(NamedTuple):
    """Which requests pass: ``port`` is the emulator's; ``hosts`` are further host names, for programs.

    ``origins`` are further origins, such as ``http://localhost:3000``, whose pages may use the deployed APIs.
    """

    port: int
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Rules:
        """Read ``GATEWAY_PORT``, ``ALLOWED_HOSTS`` and ``ALLOWED_ORIGINS`` (both separated by commas)."""
        hosts, origins = (_listed(environ.get(name, "")) for name in ("ALLOWED_HOSTS", "ALLOWED_ORIGINS"))
        return cls(int(environ["GATEWAY_PORT"]), hosts, origins)

    def refusal(self, method: str, path: str, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """Return why a request is refused and what to do about it; None when it may pass."""
        given = _collect(headers)
        if any(len(given[name]) > 1 for name in _ONCE):
            return "A header that may come once came twice; send Host and Origin once each."
        host, origin, site, mode, destination = ((given[name] or [""])[0] for name in _ONCE)
        return self._host_refusal(host, given) or self._origin_refusal(
            path,
            origin,
            site,
            is_navigation=(method, mode, destination) == ("GET", "navigate", "document"),
            is_browser=_is_named_browser(given),
        )

    def _host_refusal(self, host: str, given: Mapping[str, list[str]]) -> str | None:
        name, _, port = host.lower().rpartition(":")
        if port == str(self.port):
            if name in LOOPBACK or name.endswith(".localhost"):
                return None
            if name in self.hosts and not _may_be_browser(given):
                return None
        return f"This emulator is reached as http://localhost:{self.port} only; use that address."

    def _origin_refusal(
        self, path: str, origin: str, site: str, *, is_navigation: bool, is_browser: bool
    ) -> str | None:
        own = f"http://localhost:{self.port}"
        if origin:
            is_own = origin in {f"http://{name}:{self.port}" for name in LOOPBACK}
            if is_own or (_API.match(path) and origin in self.origins):
                return None
            return (
                f"Pages of other origins may not use this emulator; use {own}, or let one origin "
                "use the APIs: dexec up --set CorsOrigin=ORIGIN"
            )
        if site in {"same-origin", "none"} or (not site and not is_browser):
            return None
        if site == "same-site" and is_navigation and _API.match(path):
            return None
        return f"A page of another origin started this request; enter the address yourself: {own}{path}"


class Guard:
    """The ASGI application ``app`` behind ``rules``: refusals are answered with 403."""

    def __init__(self, app: App, rules: Rules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass; refuse a WebSocket before it is accepted."""
        refusal = None
        if scope["type"] in {"http", "websocket"}:
            refusal = self._rules.refusal(scope.get("method", "GET"), scope["path"], scope["headers"])
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _answer(send, "http.response", refusal)
        else:
            await receive()
            if "websocket.http.response" in (scope.get("extensions") or {}):
                await _answer(send, "websocket.http.response", refusal)
            else:
                # Servers answer a close that comes before the accept with 403.
                await send({"type": "websocket.close", "code": 1008, "reason": ""})


async def _answer(send: Send, kind: str, text: str) -> None:
    body = f"{text}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": f"{kind}.start", "status": 403, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})


def _collect(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, list[str]]:
    """Return the values of the headers that the rules read, by name."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1").lower()
        if name in _READ:
            found[name].append(raw_value.decode("latin-1").strip())
    return found


def _is_named_browser(given: Mapping[str, list[str]]) -> bool:
    return any(agent.startswith("Mozilla/") for agent in given.get("user-agent", ()))


def _may_be_browser(given: Mapping[str, list[str]]) -> bool:
    """Return whether a browser may have sent this: a page can change some of these headers, but omit none.

    Some programs send one of them, too, as Node sends ``Accept-Language``.
    """
    marks = ("origin", "sec-fetch-site", "referer", "accept-language", "cookie")
    return _is_named_browser(given) or any(given.get(name) for name in marks)


def _listed(text: str) -> frozenset[str]:
    return frozenset(filter(None, (item.strip() for item in text.split(","))))
