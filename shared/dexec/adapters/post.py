"""The ``Post`` port: HTTP requests to endpoints that clients name, bounded in time, size and reach.

The address that was resolved and checked is the one that is connected to, so a name that leads elsewhere the
next time changes nothing. No redirect is followed, no proxy of the environment used, no body read.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException, HTTPResponse
from ipaddress import ip_address
from typing import Any, cast

from dexec import __version__
from dexec.adapters.tls import client_context
from dexec.domain.addresses import Endpoint, IpAddress, endpoint, is_allowed
from dexec.domain.errors import Invalid
from dexec.domain.webhooks import Try

TIMEOUT_S = 8.0
"""For all of a try: the name, the connection, TLS, the request and the head of the answer."""

MAX_HEAD = 16_384
RESOLVERS = 4

Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, IPv4 before IPv6. Raises ``OSError``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return sorted({str(one[4][0]) for one in found}, key=lambda address: (":" in address, address))


class _Refused(Exception):
    """The name leads to an address that may not be connected to."""


class HttpPost:
    """Sends to endpoints; ``local`` allows http, this machine and private networks."""

    def __init__(
        self,
        *,
        local: bool,
        timeout_s: float = TIMEOUT_S,
        resolver: Resolve = resolve,
        context: Callable[[], ssl.SSLContext] = client_context,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._local = local
        self._timeout_s = timeout_s
        self._resolve = resolver
        self._context = context
        self._now = now
        self._resolvers = ThreadPoolExecutor(RESOLVERS, "resolve")

    def check(self, url: str) -> None:
        """Raise ``Invalid`` if this is no address that may be sent to."""
        endpoint(url, local=self._local)

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Try:
        """Post once; what is said of a failure does not tell which addresses of a private network answer."""
        ends = self._now() + self._timeout_s
        try:
            to = endpoint(url, local=self._local)
            with self._connect(to, self._addresses(to, ends), ends) as connection:
                connection.settimeout(self._left(ends))
                connection.sendall(_request(to, headers, body))
                return self._answer(connection, ends)
        except Invalid as exc:
            return Try(None, f"the address {exc}")
        except _Refused as exc:
            return Try(None, str(exc))
        except TimeoutError:
            return Try(None, f"no answer within {self._timeout_s:g} s")
        except ssl.SSLCertVerificationError as exc:
            return Try(None, f"the certificate is not valid: {exc.verify_message}")
        except (OSError, HTTPException, ValueError) as exc:
            return Try(None, _legible(f"no HTTP answer: {exc or type(exc).__name__}"[:200]))

    def _left(self, ends: float) -> float:
        left_s = ends - self._now()
        if left_s <= 0:
            raise TimeoutError
        return left_s

    def _addresses(self, to: Endpoint, ends: float) -> list[IpAddress]:
        """Return where a host is; raise ``_Refused`` if any of its addresses is not allowed."""
        try:
            asked = self._resolvers.submit(self._resolve, to.host, to.port)
            found = [ip_address(one.partition("%")[0]) for one in asked.result(self._left(ends))]
        except socket.gaierror as exc:
            raise _Refused(f"the name {to.host} is not known: {exc.strerror}") from exc
        if not found or not all(is_allowed(address, local=self._local) for address in found):
            raise _Refused(f"the name {to.host} leads to no public address")
        return found

    def _connect(self, to: Endpoint, addresses: Sequence[IpAddress], ends: float) -> socket.socket:
        """Connect to the first of the addresses that takes it."""
        failure: OSError = OSError("no address")
        for address in addresses:
            try:
                connection = socket.create_connection((str(address), to.port), self._left(ends))
            except TimeoutError:
                raise
            except OSError as exc:
                failure = exc
                continue
            return self._secured(connection, to, ends) if to.is_tls else connection
        raise failure

    def _secured(self, connection: socket.socket, to: Endpoint, ends: float) -> socket.socket:
        try:
            connection.settimeout(self._left(ends))
            return self._context().wrap_socket(connection, server_hostname=to.host)
        except BaseException:
            connection.close()
            raise

    def _answer(self, connection: socket.socket, ends: float) -> Try:
        """Read the head of the answer, and nothing of its body."""
        head = HTTPResponse(cast(Any, _Head(connection, lambda: self._left(ends))), method="POST")
        head.begin()
        if 200 <= head.status < 300:
            return Try(head.status)
        wait = head.getheader("retry-after") or ""
        error = f"answered {head.status}" + (f" {head.reason[:100]}" if head.reason else "")
        if 300 <= head.status < 400:
            error += "; redirects are not followed: name the address itself"
        retry_after_s = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 7 else None
        return Try(head.status, _legible(error), retry_after_s)


class _Head(io.RawIOBase):
    """Reads from a connection until a time, and so many bytes at the most."""

    def __init__(self, connection: socket.socket, left: Callable[[], float]) -> None:
        self._connection, self._left, self._room = connection, left, MAX_HEAD

    def makefile(self, _: str) -> io.BufferedReader:
        """Return what ``HTTPResponse`` reads from."""
        return io.BufferedReader(self, 1024)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there; raise ``TimeoutError``, or ``ValueError`` after too many bytes."""
        if self._room <= 0:
            raise ValueError(f"a head of over {MAX_HEAD} bytes")
        self._connection.settimeout(self._left())
        count = self._connection.recv_into(buffer)
        self._room -= count
        return count


def _legible(error: str) -> str:
    """Return an error without control characters: an endpoint chose them, and PostgreSQL keeps no NUL."""
    return "".join(sign if sign.isprintable() else "?" for sign in error)


def _request(to: Endpoint, headers: Mapping[str, str], body: bytes) -> bytes:
    fields = {
        "host": to.authority,
        "content-type": "application/json",
        "content-length": str(len(body)),
        "user-agent": f"dexec/{__version__}",
        "connection": "close",
        **headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {to.path} HTTP/1.1\r\n{lines}\r\n".encode("ascii") + body
