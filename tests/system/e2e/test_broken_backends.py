"""Back ends that are away: an honest answer within three seconds, nothing lost, nothing done twice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest
from websockets.sync.client import connect

from infra.lab.chaos import evidence
from infra.lab.chaos.faults import postgres_frozen, postgres_stopped, reconfigured
from infra.local.home import Home
from tests.system.e2e.deployed import ORDER, Deployed
from tests.system.e2e.evidence import ended, orders_of

AT_MOST_S = 3.0


@pytest.fixture
def home(deployment: Deployed) -> Home:
    """Return the home of a deployment whose PostgreSQL may be stopped."""
    if deployment.home is None:
        pytest.skip("the database of this deployment is not ours to stop")
    return deployment.home


@pytest.fixture
def without_postgres(deployment: Deployed, home: Home) -> Iterator[None]:
    """Stop PostgreSQL for one test, with functions that have a connection open to it."""
    with deployment.client() as client:
        assert client.get("api/orders").status_code == 200
    with postgres_stopped(home):
        yield


def assert_unavailable(answer: httpx.Response, took_s: float) -> None:
    assert answer.status_code in {503, 504}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert took_s < AT_MOST_S
    for secret in ("psycopg", "postgres", "127.0.0.1", "Traceback", "botocore"):
        assert secret not in answer.text


def test_the_queue_is_gone(deployment: Deployed) -> None:
    key = deployment.new_key()
    headers = {"idempotency-key": "again"}
    nowhere = f"{deployment.endpoint_url}/000000000000/nowhere"
    with deployment.client(key) as client:
        with reconfigured(deployment.aws, "HttpApiFunction", ORDER_QUEUE_URL=nowhere):
            assert client.get("health").status_code == 200  # the new process has started
            started = time.monotonic()
            refused = client.post("api/orders/execute", json=ORDER, headers=headers)
            assert_unavailable(refused, time.monotonic() - started)
            assert refused.status_code == 503
            not_ready = client.get("ready")
            assert_unavailable(not_ready, 0)
            assert not_ready.json()["detail"] == "not ready: the order queue cannot be reached"
        assert [status for _, status in orders_of(deployment, key)] == ["failed"]
        accepted = client.post("api/orders/execute", json=ORDER, headers=headers)
        assert accepted.status_code == 202, "the 503 freed the key"
        order_id = accepted.json()["orderId"]
    outcome = ended(deployment, [order_id])[order_id]
    assert outcome.status == "confirmed"
    assert outcome.paid_once
    assert sorted(status for _, status in orders_of(deployment, key)) == ["confirmed", "failed"]
    assert [o.debits for o in stored(deployment, key).values() if o.status == "failed"] == [0]


def stored(deployment: Deployed, key: str) -> dict[str, evidence.Outcome]:
    order_ids = [order_id for order_id, _ in orders_of(deployment, key)]
    return evidence.outcomes(deployment.database_url, order_ids)


@pytest.mark.usefixtures("without_postgres")
def test_every_request_is_answered_while_postgresql_is_away(deployment: Deployed) -> None:
    with deployment.client() as client:
        for method, path in (
            ("POST", "api/orders/execute"),
            ("GET", "api/orders"),
            ("GET", "api/orders/ord_0193f0c2b4d97a5e8c1f2a3b4c5d6e7f"),
            ("GET", "api/balances"),
        ):
            started = time.monotonic()
            answer = client.request(method, path, json=ORDER if method == "POST" else None)
            assert_unavailable(answer, time.monotonic() - started)
        assert client.get("health").status_code == 200
        assert client.get("api/tokens").status_code == 200
        started = time.monotonic()
        answer = client.get("ready")
        assert_unavailable(answer, time.monotonic() - started)
        assert answer.json()["checks"] == {"order store": "down", "order queue": "up"}


def test_a_database_that_hangs_is_not_waited_for(deployment: Deployed, home: Home) -> None:
    key = deployment.new_key()
    with deployment.client(key) as client:
        ids = [deployment.place(key)]
        ended(deployment, ids)
        with postgres_frozen(home):
            for _ in range(2):
                started = time.monotonic()
                answer = client.post("api/orders/execute", json=ORDER)
                assert_unavailable(answer, time.monotonic() - started)
                # What was sent may still be carried out: then the answer says which order it would be.
                ids += [answer.json()["orderId"]] if answer.status_code == 504 else []
            started = time.monotonic()
            assert_unavailable(client.get("api/orders"), time.monotonic() - started)
        ids.append(deployment.place(key))
        ended(deployment, ids[-1:])
        assert {order_id for order_id, _ in orders_of(deployment, key)} <= set(ids)


def test_a_socket_stays_open_while_postgresql_is_away_and_goes_on_after(
    deployment: Deployed, home: Home
) -> None:
    with connect(f"{deployment.websocket_url}?apiKey={deployment.new_key()}", proxy=None) as socket:
        frame = json.dumps({"action": "execute", "order": ORDER})
        with postgres_stopped(home):
            socket.send(frame)
            refusal = json.loads(socket.recv(timeout=10))
        socket.send(frame)
        accepted = json.loads(socket.recv(timeout=10))
    assert refusal["type"] == "error"
    assert refusal["status"] in {503, 504}
    order_id = str(accepted["orderId"])
    assert ended(deployment, [order_id])[order_id].status == "confirmed"


def test_orders_on_their_way_outlive_postgresql(deployment: Deployed, home: Home) -> None:
    key = deployment.new_key()
    ids = [deployment.place(key) for _ in range(10)]
    with postgres_stopped(home):
        pass
    outcomes = ended(deployment, ids, timeout_s=60)
    assert {outcome.status for outcome in outcomes.values()} == {"confirmed"}
    assert all(outcome.complete and outcome.paid_once for outcome in outcomes.values())
