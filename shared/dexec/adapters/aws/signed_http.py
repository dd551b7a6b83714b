"""Signed AWS requests over a keep-alive connection, for the calls that every order makes many times.

A boto3 client spends five times the CPU on parameters, endpoints and parsing; here botocore's ``SigV4Auth``
signs and ``http.client`` sends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import local
from typing import cast
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from dexec.adapters.kept import Kept, Now, wall_clock
from dexec.adapters.tls import client_context

UNREACHABLE = (OSError, HTTPException)
"""What ``post`` raises when no answer came: whether the request had its effect is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read to its end."""

    status: int
    body: bytes


class _Request(AWSRequest):
    """A request to be signed: botocore would prepare it to be sent, to know its body, at half of the cost."""

    @property
    def body(self) -> bytes:  # type: ignore[override]  # The stubs say text; botocore takes either.
        """Return what is sent."""
        return cast(bytes, self.data)


class SignedHttp:
    """Talks to one endpoint of one service; every thread keeps a connection of its own.

    ``timeout_s`` bounds connecting and each read. A kept connection may have been closed by the other
    side meanwhile, so a request that fails on one is repeated once on a new one, and one that was idle long
    (by ``now``) is replaced before. No answer does not say that a request had no effect, so only what may
    be sent twice goes out here: a message of an order and a frame of its events are known again by their
    numbers. After a time-out nothing is repeated.
    """

    def __init__(
        self,
        service: str,
        endpoint_url: str,
        region: str,
        credentials: Callable[[], ReadOnlyCredentials],
        timeout_s: float,
        *,
        now: Now = wall_clock,
    ) -> None:
        self._endpoint = urlsplit(endpoint_url)
        self._service, self._region = service, region
        self._credentials = credentials
        self._timeout_s = timeout_s
        self._now = now
        self._kept = local()

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post ``body`` to ``path`` below the endpoint; raise one of ``UNREACHABLE``."""
        return self._request("POST", path, body, headers)

    def delete(self, path: str) -> Answer:
        """Delete ``path`` below the endpoint; raise one of ``UNREACHABLE``."""
        return self._request("DELETE", path, b"", {})

    def _request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        full_path = self._endpoint.path.rstrip("/") + path
        signed = self._signed(method, full_path, body, headers)
        connection: HTTPConnection | None = getattr(self._kept, "connection", None)
        if connection is not None and not self._kept.uses.use():
            self.close()
        elif connection is not None:
            try:
                return self._send(connection, method, full_path, body, signed)
            except TimeoutError:
                raise
            except UNREACHABLE:
                self.close()
        self._kept.connection, self._kept.uses = self._open(), Kept(self._now)
        return self._send(self._kept.connection, method, full_path, body, signed)

    def _signed(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers with those that sign the request."""
        sent = {"Host": self._endpoint.netloc, **headers}
        request = _Request(method, self._endpoint._replace(path=path).geturl(), sent, body)
        SigV4Auth(self._credentials(), self._service, self._region).add_auth(request)
        return dict(request.headers)

    def _send(
        self, connection: HTTPConnection, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        try:
            if connection.sock is None:
                connection.connect()
            # Head and body in one write: ``HTTPConnection.request`` makes two of them.
            connection.sock.sendall(_head(method, path, headers, len(body)) + body)
            with HTTPResponse(connection.sock, method=method) as response:
                response.begin()
                answer = Answer(response.status, response.read())
            if response.will_close:
                self.close()
            return answer
        except UNREACHABLE:
            self.close()
            raise

    def _open(self) -> HTTPConnection:
        if self._endpoint.scheme != "https":
            return HTTPConnection(self._endpoint.netloc, timeout=self._timeout_s)
        return HTTPSConnection(self._endpoint.netloc, timeout=self._timeout_s, context=client_context())

    def close(self) -> None:
        """Close this thread's connection, if it has one."""
        connection, self._kept.connection = getattr(self._kept, "connection", None), None
        if connection is not None:
            connection.close()


def _head(method: str, path: str, headers: Mapping[str, str], body_bytes: int) -> bytes:
    """Return a request up to its body; its parts come from this package and have no line breaks."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    lines += ("accept-encoding: identity", f"content-length: {body_bytes}")
    return "\r\n".join((f"{method} {path} HTTP/1.1", *lines, "", "")).encode("latin-1")
