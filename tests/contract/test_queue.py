"""What every implementation of the ``Queue`` port does: SQS, as moto plays it, and the fake."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import boto3
import pytest
from moto.server import ThreadedMotoServer

from dexec.adapters.aws import clients
from dexec.adapters.aws.hook_queue import SqsHookQueue
from dexec.adapters.aws.queue import SqsQueue
from dexec.domain.errors import QueueUnavailable
from dexec.ports import Hint, Queue
from tests.support.fakes import FakeClock, FakeHookQueue, FakeQueue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Stage(Protocol):
    """A queue, and its other end."""

    @property
    def queue(self) -> Queue: ...

    def receive(self) -> tuple[str, str] | None:
        """Return the receipt and the order of a visible message."""


@dataclass
class InMemory:
    queue: FakeQueue

    def receive(self) -> tuple[str, str] | None:
        message = self.queue.receive()
        return None if message is None else (message.receipt, message.order_id)


@dataclass
class OnSqs:
    queue: Queue
    client: SQSClient
    url: str

    def receive(self) -> tuple[str, str] | None:
        found = self.client.receive_message(QueueUrl=self.url).get("Messages", [])
        if not found:
            return None
        body = json.loads(found[0]["Body"])
        assert list(body) == ["orderId"]
        return found[0]["ReceiptHandle"], body["orderId"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Serve AWS as moto plays it on loopback; return its endpoint."""
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture
def account(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Be in an AWS account of our own; return its endpoint."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    clients._session.cache_clear()
    yield server
    clients._session.cache_clear()


@pytest.fixture(params=["in memory", "sqs"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Return an empty queue: the fake, then SQS."""
    if request.param == "in memory":
        yield InMemory(FakeQueue(FakeClock()))
        return
    client = boto3.client("sqs", endpoint_url=request.getfixturevalue("account"))
    url = client.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
    with closing(clients.queue_http(url)) as http:
        yield OnSqs(SqsQueue(http, url), client, url)


def test_a_message_names_its_order(stage: Stage) -> None:
    assert stage.queue.is_empty()
    stage.queue.send("ord_1", "alice", 0)
    assert not stage.queue.is_empty()
    received = stage.receive()
    assert received is not None
    assert received[1] == "ord_1"


def test_messages_of_many_orders_are_queued_at_once(stage: Stage) -> None:
    stage.queue.send_all([])
    assert stage.queue.is_empty()
    stage.queue.send_all([(f"ord_{number}", "alice" if number % 2 else "bob") for number in range(23)])
    received = set()
    while (found := stage.receive()) is not None:
        received.add(found[1])
    assert received == {f"ord_{number}" for number in range(23)}


def test_a_received_message_is_hidden(stage: Stage) -> None:
    stage.queue.send("ord_1", "alice", 0)
    assert stage.receive() is not None
    assert stage.receive() is None
    assert stage.queue.is_empty()


def test_a_delayed_message_is_not_seen(stage: Stage) -> None:
    stage.queue.send("ord_1", "alice", 5)
    assert stage.queue.is_empty()
    assert stage.receive() is None


def test_a_delay_beyond_what_sqs_takes_is_cut(stage: Stage) -> None:
    stage.queue.send("ord_1", "alice", 3_600)
    assert stage.receive() is None


def test_a_postponed_message_comes_back(stage: Stage) -> None:
    stage.queue.send("ord_1", "alice", 0)
    received = stage.receive()
    assert received is not None
    stage.queue.postpone(received[0], 60)
    assert stage.receive() is None
    stage.queue.postpone(received[0], 0)
    again = stage.receive()
    assert again is not None
    assert again[1] == "ord_1"


def test_a_queue_that_is_not_there_is_unavailable(account: str) -> None:
    url = f"{account}/123456789012/nowhere"
    _every_call_fails(SqsQueue(clients.queue_http(url), url))


@pytest.mark.usefixtures("account")
def test_a_queue_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    url = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"
    _every_call_fails(SqsQueue(clients.queue_http(url), url))


def _every_call_fails(queue: Queue) -> None:
    with pytest.raises(QueueUnavailable):
        queue.send("ord_1", "alice", 0)
    with pytest.raises(QueueUnavailable):
        queue.postpone("receipt", 1)
    with pytest.raises(QueueUnavailable):
        queue.is_empty()
    with pytest.raises(QueueUnavailable):
        queue.probe()


def test_a_queue_that_is_there_answers_a_probe_and_keeps_its_messages(stage: Stage) -> None:
    stage.queue.send("ord_1", "alice", 0)
    stage.queue.probe()
    assert stage.receive() is not None


def test_the_fake_can_be_away_too() -> None:
    queue = FakeQueue(FakeClock())
    queue.is_away = True
    with pytest.raises(QueueUnavailable):
        queue.send("ord_1", "alice", 0)


def test_the_fake_gives_up_as_the_redrive_policy_says() -> None:
    clock = FakeClock()
    dead_letters = FakeQueue(clock)
    queue = FakeQueue(clock, dead_letters, max_receives=2, visibility_s=30)
    queue.send("ord_1", "alice", 0)
    for _ in range(2):
        assert queue.receive() is not None
        clock.advance(30)
    assert queue.receive() is None
    letter = dead_letters.receive()
    assert letter is not None
    assert (letter.order_id, letter.receives) == ("ord_1", 1)


def test_a_receipt_of_the_fake_ends_with_the_next_receive() -> None:
    clock = FakeClock()
    queue = FakeQueue(clock, visibility_s=30)
    queue.send("ord_1", "alice", 0)
    first = queue.receive()
    assert first is not None
    old = first.receipt
    clock.advance(30)
    second = queue.receive()
    assert second is not None
    queue.delete(old)
    assert queue.messages
    queue.delete(second.receipt)
    assert not queue.messages


HINT = Hint("hook_1", "ord_1", "alice")


def test_a_hint_arrives_with_all_that_it_says(account: str) -> None:
    client = boto3.client("sqs", endpoint_url=account)
    url = client.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
    with closing(clients.queue_http(url)) as http:
        SqsHookQueue(http, url).send(HINT, 0)
    (message,) = client.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"]) == {"hookId": "hook_1", "orderId": "ord_1", "clientId": "alice"}
    assert message["Attributes"]["MessageGroupId"] == "alice", "queuing is fair among clients"


def test_a_hint_that_is_not_taken_says_so(account: str) -> None:
    with closing(clients.queue_http(f"{account}/123456789012/none")) as http:
        queue = SqsHookQueue(http, f"{account}/123456789012/none")
        with pytest.raises(QueueUnavailable, match="webhook queue"):
            queue.send(HINT, 0)
    away = FakeHookQueue(FakeClock())
    away.is_away = True
    with pytest.raises(QueueUnavailable, match="webhook queue"):
        away.send(HINT, 0)


def test_a_hint_shows_after_its_delay() -> None:
    clock = FakeClock()
    queue = FakeHookQueue(clock)
    queue.send(HINT, 2_000)
    clock.advance(899)
    assert queue.receive() is None
    clock.advance(1)
    assert queue.receive() == HINT, "SQS delays 15 minutes at the most"
