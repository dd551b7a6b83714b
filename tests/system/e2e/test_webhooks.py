"""Webhooks of a whole deployment: from the command to the receiver, through queue and function."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from dexec_client.raw.api import Api
from dexec_client.raw.json_types import Document
from tests.system.e2e.command import run
from tests.system.e2e.deployed import Deployed
from tests.system.e2e.receiver import Received, Receiver, receiving

TYPES = ["pending", "routing", "routing.quotes", "building", "submitted", "confirmed"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def key(deployment: Deployed) -> str:
    return deployment.new_key()


def calling(deployment: Deployed, key: str, call: Callable[[Api], Awaitable[Document]]) -> Any:
    """Return what a call of the HTTP API answers."""

    async def called() -> Document:
        async with Api(deployment.http_url, key) as api:
            return await call(api)

    return asyncio.run(called())


def types(received: list[Received]) -> list[str]:
    return [one.json["type"].removeprefix("order.") for one in received]


def check_signature(received: Received, secret: str) -> None:
    signed = f"{received.id}.{received.headers['webhook-timestamp']}.".encode() + received.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert received.headers["webhook-signature"] == f"v1,{expected}"


def test_a_receiver_gets_all_six_events_signed_and_in_order(
    deployment: Deployed, key: str, receiver: Receiver
) -> None:
    made = calling(deployment, key, lambda api: api.create_hook(receiver.url))
    order_id = deployment.place(key)
    got = receiver.wait_for(6)
    assert types(got) == TYPES
    assert [one.id for one in got] == [f"msg_{order_id}_{seq}" for seq in range(1, 7)]
    for one in got:
        check_signature(one, made["secret"])
        assert one.json["data"]["orderId"] == order_id
    with deployment.client(key) as client:
        events = client.get(f"api/orders/{order_id}").json()["events"]
    assert [one.json["data"] for one in got] == [{"orderId": order_id, **event} for event in events]


def test_a_receiver_that_was_down_gets_what_it_missed_and_replays_come(
    deployment: Deployed, key: str, receiver: Receiver
) -> None:
    hook_id = calling(deployment, key, lambda api: api.create_hook(receiver.url))["hookId"]
    receiver.status = 503
    order_id = deployment.place(key)
    receiver.wait_for(1)
    receiver.status = 200
    got = receiver.wait_for(7)
    assert types(got) == ["pending", *TYPES]
    assert len({one.id for one in got}) == 6
    again = calling(deployment, key, lambda api: api.replay(hook_id, f"msg_{order_id}_6"))
    assert again == {"replayed": 1}
    assert receiver.wait_for(8)[7].id == f"msg_{order_id}_6"
    found = calling(deployment, key, lambda api: api.deliveries(hook_id))["deliveries"]
    assert [one["tries"] for one in found[1:]] == [1, 1, 1, 1, 2]


def test_the_command_line(deployment: Deployed, key: str, receiver: Receiver) -> None:
    target = ("--url", deployment.http_url, "--api-key", key)
    made = run("hooks", "create", receiver.url, "--events", "confirmed,failed", *target)
    hook_id, secret = made.stdout.split()[0], made.stdout.split()[-1]
    assert "it is not shown again" in made.stderr
    tested = json.loads(run("hooks", "test", hook_id, "--json", *target).stdout)
    assert (tested["state"], tested["answer"]) == ("delivered", 204)
    deployment.place(key)
    got = receiver.wait_for(2)
    assert [one.json["type"] for one in got] == ["webhook.test", "order.confirmed"]
    check_signature(got[0], secret)
    receiver.status = 410
    again = run("hooks", "test", hook_id, *target)
    assert (again.returncode, "answered 410 Gone" in again.stdout) == (1, True)
    listed = run("hooks", "list", *target).stdout
    assert all(part in listed for part in (receiver.url, "confirmed, failed", "active"))
    assert "webhook.test" in run("hooks", "deliveries", hook_id, *target).stdout
    assert run("hooks", "replay", hook_id, *target).stdout == "0 sent again\n"
    assert (
        "list yours with: dexec hooks deliveries ID"
        in run("hooks", "replay", hook_id, "msg_1", *target).stderr
    )
    assert "is deleted" in run("hooks", "delete", hook_id, *target).stdout


def test_mistakes_are_told(deployment: Deployed, key: str) -> None:
    target = ("--url", deployment.http_url, "--api-key", key)
    assert "dexec hooks create URL" in run("hooks", "list", *target).stderr
    metadata = run("hooks", "create", "http://169.254.169.254/latest", *target)
    assert metadata.returncode == 1
    assert "169.254.169.254, which is not a public address" in metadata.stderr
    assert "not a status" in run("hooks", "create", "https://example.com", "--events", "done", *target).stderr
