"""What one client may take of what all share: connections, streams, reads, frames."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest

import actions
from tests.system.edge.conftest import OWNER, STRANGER
from tests.system.edge.inprocess import SWAP, Deployment, deployed

READS = 10
CONNECTIONS = 4
STREAMS = 2
PING = '{"action": "ping", "id": 7}'
ORDER = json.dumps(SWAP)


@pytest.fixture
def functions(clean_url: str) -> Iterator[Deployment]:
    """Return functions with low limits, and two clients that have the default rate."""
    with deployed(
        clean_url,
        reads_per_minute=READS,
        max_connections_per_client=CONNECTIONS,
        max_streams_per_client=STREAMS,
    ) as deployment:
        for key, client_id in ((OWNER, "owner"), (STRANGER, "stranger")):
            deployment.add_key(key, client_id, orders_per_minute=None)
        yield deployment


def test_streams_and_connections_are_bounded_for_each_client(
    functions: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(actions.logger.registered_handler, "stream", log)
    actions.logger.setLevel("INFO")
    all_orders = {"stream": "all"}
    first, status = functions.connect(OWNER, all_orders)
    statuses = [status, *(functions.connect(OWNER, all_orders)[1] for _ in range(2))]
    assert statuses == [200, 200, 429]
    assert [functions.connect(OWNER)[1] for _ in range(3)] == [200, 200, 429]
    refused = [line for line in map(json.loads, log.getvalue().splitlines()) if line["message"] == "refused"]
    assert [line["error"] for line in refused] == ["TooManyConnections"] * 2
    assert "owner" in refused[0]["reason"]
    assert functions.connect(STRANGER, all_orders)[1] == 200
    functions.disconnect(first)
    assert functions.connect(OWNER, all_orders)[1] == 200


def test_an_order_that_starts_later_is_shown_as_pending_on_its_socket(functions: Deployment) -> None:
    functions.add_key("slow", "slow", orders_per_minute=1)
    connection, _ = functions.connect("slow")
    answers = [functions.send(connection, ORDER) for _ in range(11)]
    assert {len(frames) for frames in answers[:10]} == {1}, "one that starts at once is told by its executor"
    pending, accepted = answers[10]
    assert (pending["type"], pending["status"], accepted["type"]) == ("status", "pending", "ack")
    assert pending["orderId"] == accepted["orderId"]


def test_an_order_is_pushed_to_no_more_streams_than_a_client_may_have(functions: Deployment) -> None:
    opened = [functions.connect(OWNER, {"stream": "all"})[0] for _ in range(10)]
    functions.place(OWNER)
    functions.execute_all()
    assert sum(bool(functions.received(one)) for one in opened) == STREAMS


@pytest.mark.parametrize("path", ["/api/quotes", "/api/orders", "/api/balances", "/api/tokens"])
def test_reads_are_bounded_for_each_key(functions: Deployment, path: str) -> None:
    query = SWAP if path == "/api/quotes" else {}
    answers = [functions.http("GET", path, key=OWNER, query=query) for _ in range(READS + 1)]
    assert [answer.status for answer in answers] == [200] * READS + [429]
    refusal = answers[-1]
    assert refusal.json["type"] == "/errors/too_many_reads"
    assert refusal.headers["retry-after"] == str(refusal.json["retryAfter"])
    assert functions.http("GET", path, key=STRANGER, query=query).status == 200
    assert functions.place(OWNER), "orders have their own limit"
    functions.wait(int(refusal.headers["retry-after"]))
    assert functions.http("GET", path, key=OWNER, query=query).status == 200


@pytest.mark.parametrize("frame", [PING, "no JSON", '{"action": "subscribe", "orderId": "x"}', "{}"])
def test_frames_are_bounded_for_each_key_and_all_are_answered(functions: Deployment, frame: str) -> None:
    mine = [functions.connect(OWNER)[0] for _ in range(2)]
    other, _ = functions.connect(STRANGER)
    frames = [functions.send(mine[n % 2], frame)[0] for n in range(READS + 1)]
    assert [reply.get("code") == "too_many_reads" for reply in frames] == [False] * READS + [True]
    last = frames[-1]
    assert (last["type"], last["status"]) == ("error", 429)
    assert int(str(last["retryAfter"])) >= 1
    assert functions.send(other, PING) == [{"type": "pong", "id": 7}]
    (ack,) = functions.send(mine[0], ORDER)
    assert ack["type"] == "ack", "orders have their own limit"
