"""Who gets in, and for how long after a key was revoked."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from dexec.domain.lifecycle import Status
from dexec.usecases.authenticate import hash_key
from edge import content_security_policy
from functions.executor import app as executor
from infra.local import template
from infra.local.home import PROJECT
from tests.system.edge.conftest import OWNER
from tests.system.edge.inprocess import Context, Deployment, deployed, queue_event

REMEMBER_S = 60
ORDER = json.dumps({"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"})
PING = json.dumps({"action": "ping"})
PUBLIC = {
    "/",
    "/health",
    "/ready",
    "/api/config",
    "/openapi.json",
    "/asyncapi.json",
    "/docs",
    "/errors",
    "/errors/invalid",
    "/console/1/main.js",
}
"""What is served without a key, spelled out: neither the functions nor the template are asked."""

SECURITY_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def revoke(functions: Deployment) -> None:
    key = functions.parts.api_keys.find(hash_key(OWNER))
    assert key is not None
    functions.parts.api_keys.add(replace(key, revoked_at=functions.clock.now()))


def routes() -> list[tuple[str, str]]:
    """Return method and path of every route of API Gateway but ``$default``, which has the others."""
    found = template.routes(template.load(PROJECT / "template.yaml"))
    assert "$default" in found
    samples = {"{id}": "ord_0", "{version}": "1", "{file}": "main.js", "{code}": "invalid"}
    pairs = [re.sub(r"{\w+}", lambda name: samples[name[0]], route).split() for route in found]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) > 1]


@pytest.mark.parametrize("key", [None, "", "unknown", "x" * 5000, "\x00", "owner-kez", "ключ"])
def test_without_a_key_only_the_public_pages_are_served(functions: Deployment, key: str | None) -> None:
    assert len(routes()) >= 12
    for method, path in routes():
        answer = functions.http(method, path, key=key, body=ORDER if method == "POST" else None)
        assert (answer.status != 401) == (path in PUBLIC), path
    assert functions.connect(key)[1] == 401


def test_a_migrated_database_has_no_valid_key(clean_url: str) -> None:
    with deployed(clean_url) as functions:
        functions.parts.migrate()
        for key in ("local", "test", "dexec", "admin"):
            assert functions.http("GET", "/api/orders", key=key).status == 401


def test_every_answer_carries_the_security_headers(functions: Deployment) -> None:
    asked = [(method, path, OWNER) for method, path in routes()]
    asked += [("GET", "/nowhere", OWNER), ("DELETE", "/api/orders", OWNER), ("GET", "/api/orders", "wrong")]
    asked += [("POST", "/api/orders/execute", OWNER)]
    for method, path, key in asked:
        answer = functions.http(method, path, key=key, body="x" * 20_000 if method == "POST" else None)
        assert SECURITY_HEADERS.items() <= answer.headers.items(), (method, path)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; "), (method, path)
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("websocket_url", "hosts"),
    [
        ("wss://de0ec002.execute-api.eu-central-1.amazonaws.com/live", "'self' wss://de0ec002.execute-api."),
        ("ws://localhost:4566/_aws/execute-api/de0ec002/live", "'self' ws://localhost:4566;"),
        ("", "'self';"),
    ],
)
def test_a_page_may_talk_to_this_api_and_its_websocket_only(websocket_url: str, hosts: str) -> None:
    policy = content_security_policy(websocket_url)
    allowed = policy.split("connect-src ")[1]
    assert allowed.startswith(hosts)
    assert not {"ws:", "wss:", "*"} & set(allowed.split(";")[0].split())


def test_a_revoked_key_is_refused_within_a_minute(functions: Deployment) -> None:
    assert functions.http("GET", "/api/orders", key=OWNER).status == 200
    revoke(functions)
    functions.wait(REMEMBER_S)
    assert functions.http("GET", "/api/orders", key=OWNER).status == 401
    assert functions.connect(OWNER)[1] == 401


def test_a_revoked_key_is_refused_on_an_open_socket(functions: Deployment) -> None:
    connection, _ = functions.connect(OWNER)
    assert functions.send(connection, PING)[0]["type"] == "pong"
    revoke(functions)
    functions.wait(REMEMBER_S)
    (refusal,) = functions.send(connection, PING)
    assert (refusal["type"], refusal["status"]) == ("error", 401)


@pytest.mark.parametrize("query", [{"stream": "all"}, {}])
def test_nothing_is_pushed_for_a_revoked_key(functions: Deployment, query: dict[str, str]) -> None:
    connection, _ = functions.connect(OWNER, query)
    order = functions.send(connection, ORDER)[-1]["orderId"]
    before = len(functions.received(connection))
    revoke(functions)
    # With another valid key of its client the order goes on; this one hears nothing of it.
    functions.add_key("another", "owner")
    functions.execute_all()
    functions.wait(REMEMBER_S)
    assert len(functions.received(connection)) == before
    found = functions.parts.read_orders.one(str(order), "owner")
    assert found[0].is_terminal


def test_what_waits_is_not_executed_for_a_client_whose_only_key_was_revoked(functions: Deployment) -> None:
    order_id = functions.place(OWNER)
    revoke(functions)
    message = functions.queue.receive()
    assert message is not None
    failures = executor.handler(queue_event(order_id, message.receipt), Context())["batchItemFailures"]
    assert len(failures) == 1, "redelivered"
    assert functions.parts.read_orders.one(order_id, "owner")[0].status is Status.PENDING
