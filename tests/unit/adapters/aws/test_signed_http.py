"""Signed requests over TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier, Event, Thread
from unittest.mock import Mock, patch

import pytest
import trustme
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from dexec.adapters import tls
from dexec.adapters.aws.signed_http import SignedHttp

IDLE_S = 300
THREADS = 4
CREDENTIALS = ReadOnlyCredentials("AKID", "secret", "token")
RECEIVED: list[tuple[str, dict[str, str], bytes]] = []


class Taking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        RECEIVED.append((self.path, dict(self.headers), body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving(authority: trustme.CA) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SignedHttp]:
    """Return what posts to a server that only ``AWS_CA_BUNDLE`` vouches for."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    authority = trustme.CA()
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(trusted)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(trusted))
    tls.client_context.cache_clear()
    with serving(authority) as url:
        yield SignedHttp("sqs", url, "eu-west-1", lambda: CREDENTIALS, 5)
    tls.client_context.cache_clear()


def test_what_arrives_is_what_was_signed(http: SignedHttp) -> None:
    http.post("/@connections/a%3D", b"{}", {"content-type": "application/json"})
    http.close()
    path, headers, body = RECEIVED[-1]
    assert path == "/@connections/a%3D"
    assert headers["X-Amz-Security-Token"] == "token"
    content = {"content-type": headers["content-type"]}
    arrived = AWSRequest("POST", f"https://{headers['Host']}{path}", content, body)
    at = datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    with patch("botocore.auth.get_current_datetime", return_value=at):
        SigV4Auth(CREDENTIALS, "sqs", "eu-west-1").add_auth(arrived)
    assert arrived.headers["Authorization"] == headers["Authorization"]


def test_all_threads_share_one_context(http: SignedHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Mock(wraps=ssl.create_default_context)
    monkeypatch.setattr(ssl, "create_default_context", make)
    together = Barrier(THREADS)

    def post(_: int) -> int:
        together.wait()
        status = http.post("/", b"{}", {}).status
        http.close()
        return status

    tls.client_context()
    with ThreadPoolExecutor(THREADS) as threads:
        assert list(threads.map(post, range(THREADS))) == [200] * THREADS
    assert make.call_count == 1


def test_a_server_that_no_authority_vouches_for_is_refused(
    http: SignedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_CA_BUNDLE")
    tls.client_context.cache_clear()
    with pytest.raises(ssl.SSLCertVerificationError):
        http.post("/", b"{}", {})


@pytest.mark.parametrize(("idle_s", "connections"), [(IDLE_S, 1), (IDLE_S + 1, 3)])
def test_a_connection_that_was_idle_long_is_replaced_before_its_use(
    http: SignedHttp, monkeypatch: pytest.MonkeyPatch, idle_s: float, connections: int
) -> None:
    seconds = [0.0]
    http._now = lambda: seconds[0]
    opening = Mock(wraps=http._open)
    monkeypatch.setattr(http, "_open", opening)
    for _ in range(3):
        assert http.post("/", b"{}", {}).status == 200
        seconds[0] += idle_s
    http.close()
    assert opening.call_count == connections


def test_a_connection_that_the_server_ends_is_not_used_again(
    http: SignedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Taking, "protocol_version", "HTTP/1.0")
    sending, opening = Mock(wraps=http._send), Mock(wraps=http._open)
    monkeypatch.setattr(http, "_send", sending)
    monkeypatch.setattr(http, "_open", opening)
    for _ in range(2):
        assert http.post("/", b"{}", {}).status == 200
    assert (sending.call_count, opening.call_count) == (2, 2)


def test_a_request_that_timed_out_on_a_kept_connection_is_not_sent_again(
    http: SignedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert http.post("/", b"{}", {}).status == 200
    answered = Event()
    monkeypatch.setattr(Taking, "send_response", lambda *_: answered.wait(30))
    http._kept.connection.sock.settimeout(0.2)
    before = len(RECEIVED)
    with pytest.raises(TimeoutError):
        http.post("/slow", b"{}", {})
    sent = [path for path, _, _ in RECEIVED[before:]]
    answered.set()
    assert sent == ["/slow"]
    monkeypatch.undo()


def test_a_request_that_failed_on_a_kept_connection_is_sent_again_on_a_new_one(http: SignedHttp) -> None:
    assert http.post("/", b"{}", {}).status == 200
    http._kept.connection.sock.close()
    before = len(RECEIVED)
    assert http.post("/again", b"{}", {}).status == 200
    http.close()
    assert [path for path, _, _ in RECEIVED[before:]] == ["/again"]


def test_a_request_goes_out_in_one_write(http: SignedHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    send_all = ssl.SSLSocket.sendall

    def note(self: ssl.SSLSocket, data: bytes) -> None:
        if not self.server_side:
            written.append(data)
        send_all(self, data)

    monkeypatch.setattr(ssl.SSLSocket, "sendall", note)
    assert http.post("/path", b"a body", {}).status == 200
    http.close()
    ((head, body),) = (data.split(b"\r\n\r\n") for data in written)
    assert head.startswith(b"POST /path HTTP/1.1\r\n")
    assert b"content-length: 6" in head
    assert body == b"a body"
