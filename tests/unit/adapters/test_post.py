"""Sending to endpoints over real sockets: what is sent, what is read, what is refused, and in what time."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import trustme

from dexec.adapters.post import MAX_HEAD, HttpPost
from dexec.domain.errors import Invalid

Serve = Callable[[socket.socket], None]


@contextmanager
def serving(serve: Serve) -> Iterator[str]:
    """Serve one connection; yields the URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        socket.create_connection(server.getsockname()).close()
        thread.join()


def answering(answer: bytes, got: list[bytes] | None = None) -> Serve:
    def serve(connection: socket.socket) -> None:
        data = connection.recv(65_536)
        if got is not None:
            got.append(data)
        connection.sendall(answer)

    return serve


def test_a_request_is_complete_and_its_body_exact() -> None:
    got: list[bytes] = []
    with serving(answering(b"HTTP/1.1 204 No Content\r\n\r\n", got)) as url:
        done = HttpPost(local=True)(f"{url}/in?x=1", {"webhook-id": "msg_1"}, b'{"a":1}')
    assert done.answer == 204
    head, _, body = got[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /in?x=1 HTTP/1.1"
    assert f"host: {url.removeprefix('http://')}" in lines
    assert {"content-type: application/json", "content-length: 7", "webhook-id: msg_1"} <= set(lines)
    assert body == b'{"a":1}'


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (b"HTTP/1.1 500 Oops\r\n\r\n", 500, "answered 500 Oops"),
        (b"HTTP/1.1 410 Gone\r\n\r\n", 410, "answered 410 Gone"),
        (
            b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n\r\n",
            302,
            "redirects are not followed",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nretry-after: 7\r\n\r\n", 503, "answered 503"),
        (b"SSH-2.0-OpenSSH\r\n", None, "no HTTP answer"),
        (b"", None, "no HTTP answer"),
        (b"\x00\x00\x12\x04\x00\r\n\r\n", None, "no HTTP answer: ?????"),
        (b"HTTP/1.1 500 Oo\x00\x1b[2Jps\xe9\r\n\r\n", 500, "answered 500 Oo??[2Jpsé"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * MAX_HEAD, None, "no HTTP answer"),
    ],
)
def test_what_is_no_acknowledgement_says_why(answer: bytes, status: int | None, error: str) -> None:
    with serving(answering(answer)) as url:
        done = HttpPost(local=True)(url, {}, b"{}")
    assert done.answer == status
    assert error in (done.error or "")
    assert not done.is_acknowledged
    assert done.retry_after_s == (7 if status == 503 else None)


def test_a_body_is_not_read() -> None:
    def endless(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n")
        with suppress(OSError):
            while True:
                connection.sendall(bytes(65_536))

    with serving(endless) as url:
        assert HttpPost(local=True)(url, {}, b"{}").answer == 200


def dripping(connection: socket.socket) -> None:
    connection.recv(65_536)
    try:
        for letter in b"HTTP/1.1 200 OK\r\n" + b"x" * 1_000:
            connection.sendall(bytes([letter]))
            time.sleep(0.02)
    except OSError:
        pass


def silent(connection: socket.socket) -> None:
    connection.recv(65_536)
    time.sleep(0.5)


@pytest.mark.parametrize("serve", [dripping, silent])
def test_a_slow_answer_ends_at_the_time_limit_as_a_whole(serve: Serve) -> None:
    with serving(serve) as url:
        done = HttpPost(local=True, timeout_s=0.2)(url, {}, b"{}")
    assert (done.answer, done.error) == (None, "no answer within 0.2 s")


def test_a_refused_connection_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = HttpPost(local=True)(f"http://127.0.0.1:{port}", {}, b"{}")
    assert done.answer is None
    assert "refused" in (done.error or "")


class Names:
    """A resolver whose answers change, as those of a rebinding name do."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers.pop(0)


def test_the_address_that_was_checked_is_the_one_connected_to() -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as url:
        names = Names(["127.0.0.1"], ["169.254.169.254"])
        post = HttpPost(local=True, resolver=names)
        done = post(url.replace("127.0.0.1", "rebinding.test"), {}, b"{}")
    assert done.answer == 200
    assert names.asked == 1, "nothing resolves the name a second time"


@pytest.mark.parametrize(
    "addresses",
    [
        ["169.254.169.254"],
        ["8.8.8.8", "10.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["fd00:ec2::254"],
        ["fe80::1%eth0"],
        [],
    ],
)
def test_a_name_that_leads_inside_is_not_connected_to(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("it connected"))
    done = HttpPost(local=False, resolver=Names(addresses))("https://inside.test/", {}, b"{}")
    assert (done.answer, done.error) == (None, "the name inside.test leads to no public address")


def test_an_unknown_name_says_so() -> None:
    def unknown(_: str, __: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    done = HttpPost(local=False, resolver=unknown)("https://unknown.test/", {}, b"{}")
    assert done.error == "the name unknown.test is not known: Name or service not known"


def test_http_and_private_addresses_are_refused_outside_a_laptop() -> None:
    post = HttpPost(local=False)
    for url in ("http://example.com/", "https://10.0.0.1/"):
        with pytest.raises(Invalid):
            post.check(url)
        assert post(url, {}, b"{}").answer is None
    HttpPost(local=True).check("http://127.0.0.1:8000/")


@pytest.mark.parametrize(
    ("host", "error"),
    [("hook.test", None), ("other.test", "the certificate is not valid: Hostname mismatch")],
)
def test_the_certificate_is_checked_against_the_name(host: str, error: str | None) -> None:
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    speaking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hook.test").configure_cert(speaking)

    def secured(connection: socket.socket) -> None:
        try:
            with speaking.wrap_socket(connection, server_side=True) as stream:
                answering(b"HTTP/1.1 200 OK\r\n\r\n")(stream)
        except OSError:
            assert error, "the handshake failed"

    with serving(secured) as url:
        port = url.rpartition(":")[2]
        post = HttpPost(local=True, resolver=Names(["127.0.0.1"]), context=lambda: trusting)
        done = post(f"https://{host}:{port}/", {}, b"{}")
    assert (done.answer is None) == (error is not None)
    assert (error or "") in (done.error or "")
