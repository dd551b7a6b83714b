"""Webhooks through the functions, over PostgreSQL: the API, the events of an order, and what they cost."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import cast

import pytest

from dexec.adapters.post import HttpPost
from dexec.domain.webhooks import Try
from tests.support.eventually import eventually
from tests.system.edge.inprocess import Answer, Deployment
from tests.system.integration.conftest import KEY

URL = "http://127.0.0.1:8080/hook"
ALL = ["pending", "routing", "routing.quotes", "building", "submitted", "confirmed"]


def call(deployment: Deployment, method: str, path: str, body: object = None, **query: str) -> Answer:
    text = None if body is None else json.dumps(body)
    return deployment.http(method, f"/api/hooks{path}", key=KEY, body=text, query=query)


def create(deployment: Deployment, *events: str) -> tuple[str, str]:
    """Make a webhook; return its id and secret."""
    made = call(deployment, "POST", "", {"url": URL, "events": events})
    assert made.status == 201, made.text
    return str(made.json["hookId"]), str(made.json["secret"])


def deliveries(deployment: Deployment, hook_id: str, **query: str) -> list[dict[str, object]]:
    page = call(deployment, "GET", f"/{hook_id}/deliveries", **query)
    assert page.status == 200, page.text
    return cast("list[dict[str, object]]", page.json["deliveries"])


def test_all_six_events_of_an_order_arrive(deployment: Deployment) -> None:
    hook_id, secret = create(deployment)
    order_id = deployment.place(KEY)
    deployment.send_webhooks()
    assert [one.type for one in deployment.post.got] == ["order.pending"]
    deployment.execute_all()
    deployment.send_webhooks()
    assert [one.type.removeprefix("order.") for one in deployment.post.got] == ALL
    assert all(one.is_signed(secret) for one in deployment.post.got)
    stored = deployment.read(order_id, KEY)["events"]
    sent = [json.loads(one.body)["data"] for one in deployment.post.got]
    assert sent == [{"orderId": order_id, **event} for event in stored]
    found = deliveries(deployment, hook_id)
    assert [one["deliveryId"] for one in found] == [one.id for one in reversed(deployment.post.got)]
    assert {one["state"] for one in found} == {"delivered"}


def test_the_secret_is_shown_once(deployment: Deployment) -> None:
    _, secret = create(deployment, "confirmed", "failed")
    (shown,) = cast("list[dict[str, object]]", call(deployment, "GET", "").json["webhooks"])
    assert (shown["url"], shown["events"], shown["state"]) == (URL, ["confirmed", "failed"], "active")
    assert secret not in json.dumps(shown)
    assert "secret" not in shown


def test_a_receiver_that_was_away_gets_what_it_missed(deployment: Deployment) -> None:
    hook_id, _ = create(deployment)
    deployment.post.answer = lambda _: Try(503, "answered 503")
    deployment.place(KEY)
    deployment.execute_all()
    deployment.send_webhooks()
    assert [one["state"] for one in deliveries(deployment, hook_id)] == ["retrying"]
    (shown,) = cast("list[dict[str, object]]", call(deployment, "GET", "").json["webhooks"])
    assert (shown["state"], shown["reason"]) == ("failing", "answered 503")
    deployment.post.answer = lambda _: Try(200)
    deployment.wait(8)
    deployment.send_webhooks()
    assert [one["tries"] for one in deliveries(deployment, hook_id, state="delivered")] == [1, 1, 1, 1, 1, 2]


def test_replay_and_test(deployment: Deployment) -> None:
    hook_id, _ = create(deployment)
    order_id = deployment.place(KEY)
    deployment.execute_all()
    deployment.send_webhooks()
    again = call(deployment, "POST", f"/{hook_id}/replay", {"deliveryId": f"msg_{order_id}_6"})
    assert (again.status, again.json) == (202, {"replayed": 1})
    deployment.send_webhooks()
    assert [one.type for one in deployment.post.got][6:] == ["order.confirmed"]
    assert call(deployment, "POST", f"/{hook_id}/replay", {}).json == {"replayed": 0}
    tested = call(deployment, "POST", f"/{hook_id}/test")
    assert tested.status == 202
    deployment.send_webhooks()
    assert deployment.post.got[-1].id == tested.json["deliveryId"]
    (newest,) = deliveries(deployment, hook_id, limit="1")
    assert (newest["type"], newest["orderId"]) == ("webhook.test", None)


def test_what_is_not_ones_own_is_not_found(deployment: Deployment) -> None:
    hook_id, _ = create(deployment)
    deployment.add_key("bob's key", "bob")
    for method, path in (
        ("DELETE", ""),
        ("GET", "/deliveries"),
        ("POST", "/replay"),
        ("POST", "/test"),
    ):
        body = "{}" if method == "POST" else None
        answer = deployment.http(method, f"/api/hooks/{hook_id}{path}", key="bob's key", body=body)
        assert (answer.status, answer.json["detail"]) == (404, "there is no such webhook")
    assert call(deployment, "DELETE", f"/{hook_id}").json == {"hookId": hook_id}
    assert call(deployment, "GET", "").json == {"webhooks": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "http://example.com"}, "url"),
        ({"url": "https://10.0.0.1"}, "url"),
        ({"url": 7}, "url"),
        ({}, "url"),
        ({"url": "https://example.com", "events": ["done"]}, "events"),
        ({"url": "https://example.com", "secret": "mine"}, "secret"),
    ],
)
def test_a_bad_webhook_is_refused(deployment: Deployment, body: object, field: str) -> None:
    strict = replace(deployment.parts.manage_webhooks, post=HttpPost(local=False))
    vars(deployment.parts)["manage_webhooks"] = strict
    refused = call(deployment, "POST", "", body)
    assert refused.status == 422, refused.text
    assert cast("list[dict[str, str]]", refused.json["errors"])[0]["field"] == field


def test_a_sixth_webhook_is_refused(deployment: Deployment) -> None:
    for _ in range(5):
        create(deployment)
    refused = call(deployment, "POST", "", {"url": URL})
    assert (refused.status, refused.json["type"]) == (409, "/errors/too_many_webhooks")


def test_calls_are_limited(deployment: Deployment) -> None:
    deployment.add_key("slow key", "carol", orders_per_minute=1)
    statuses = {
        deployment.http("POST", "/api/hooks/hook_x/test", key="slow key", body="{}").status
        for _ in range(700)
    }
    assert statuses == {404, 429}


@pytest.mark.parametrize("hooks", [0, 2])
def test_an_order_costs_the_round_trips_that_it_always_did(
    deployment: Deployment, trips: Counter[int], hooks: int
) -> None:
    for _ in range(hooks):
        create(deployment)
    deployment.place(KEY)
    deployment.execute_all()
    trips.clear()
    deployment.place(KEY)
    assert trips.total() == 1
    trips.clear()
    deployment.execute_all()
    assert trips[id(deployment.parts.database)] == 4
    # Messages are queued by a thread beside the execution.
    wanted, messages = 2 * 2 * hooks + 2 * hooks, deployment.hook_queue.messages
    eventually(lambda: len(messages) >= wanted)
    assert len(messages) == wanted


def test_the_sweeper_queues_what_is_due_and_forgets_what_is_old(deployment: Deployment) -> None:
    hook_id, _ = create(deployment)
    deployment.place(KEY)
    deployment.execute_all()
    deployment.hook_queue.messages.clear()
    deployment.wait(601)
    assert deployment.sweep()["webhooksRequeued"] == 1
    deployment.send_webhooks()
    assert len(deployment.post.got) == 6
    deployment.wait(31 * 86_400)
    deployment.sweep()
    assert deliveries(deployment, hook_id) == []
