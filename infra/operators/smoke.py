"""The smoke test of a deployment: one of everything that nothing but the real thing can show.

It trades two small orders on the paper market, as a client whose key it makes and revokes.
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

import httpx
import psycopg
import websockets
from botocore.exceptions import BotoCoreError, ClientError
from websockets.sync.client import ClientConnection, connect

from dexec.adapters.postgres.database import Repeat
from dexec.adapters.postgres.statements import Statement
from dexec.domain.errors import DexecError
from dexec.ports import ApiKey, Delivery
from dexec.usecases.cancel_orders import KEY_REVOKED
from infra.client.api import Document, is_local
from infra.operators import keys
from infra.operators.access import Access
from infra.operators.doctor.finding import Finding, note, ok, problem
from infra.operators.orders import waiting

PATIENCE_S = 60.0
"""Longer than a cold start, or than a dead letter stays out of sight."""

LARGE_BYTES = 40_000
"""API Gateway takes messages of up to 128 KB, in frames of 32 KB that the client puts together."""

ORDER: Document = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "0.1"}
Check: TypeAlias = Callable[["Smoke"], Finding]
_CLIENT_FAILURES = (httpx.HTTPError, websockets.WebSocketException, OSError)
_FAILURES = (DexecError, psycopg.Error, BotoCoreError, ClientError, *_CLIENT_FAILURES)


class Smoke:
    """One run: ``access`` is the way to the deployment, ``api_key`` that of the client who trades."""

    def __init__(self, access: Access, api_key: str, client: str) -> None:
        self.access = access
        self.api_key = api_key
        self.client = client
        self.order_id = ""
        self.http_url = access.outputs["HttpUrl"].rstrip("/")
        self.websocket_url = access.outputs["WebSocketUrl"]

    def until(self, reached: Callable[[], bool]) -> bool:
        """Wait until ``reached`` holds; False when the patience ends first."""
        give_up = time.monotonic() + PATIENCE_S
        while not reached():
            if time.monotonic() > give_up:
                return False
            time.sleep(0.25)
        return True


def run(access: Access) -> Iterator[Finding]:
    """Yield what each step finds; a step that fails does not keep the next from being tried."""
    client = f"smoke-{secrets.token_hex(4)}"
    now = access.parts.clock.now()
    limits = ApiKey("", client, None, {"SOL": 10**9}, now)
    try:
        api_key = keys.create(access.parts.operators, access.parts.clock, limits)
    except (DexecError, psycopg.Error) as exc:
        yield problem("database", f"no key can be made: {exc}", FIXES["database"])
        return
    try:
        smoke = Smoke(access, api_key, client)
        for name, check in CHECKS.items():
            yield _tried(name, check, smoke)
    finally:
        access.parts.operators.revoke_keys(client, access.parts.clock.now())
        # What was not executed would wait for a key for ever.
        access.parts.cancel_orders.of_client(client, KEY_REVOKED)


def _tried(name: str, check: Check, smoke: Smoke) -> Finding:
    try:
        return check(smoke)
    except _FAILURES as exc:
        return problem(name, f"{type(exc).__name__}: {exc}", FIXES[name])


def schema(smoke: Smoke) -> Finding:
    """Migrate once more, twice: there is nothing to do, and doing it is allowed."""
    access = smoke.access
    for _ in range(2):
        applied = access.parts.migrate()
        if applied:
            return problem("schema", f"migrations were missing: {', '.join(applied)}", FIXES["schema"])
    return ok("schema", "up to date; migrating again changes nothing")


def pipeline(smoke: Smoke) -> Finding:
    """Write, commit and read in one round trip, as every step of an order does."""
    nobody = {"connection_ids": ["smoke"]}
    key = {"client_id": smoke.client}
    started = time.perf_counter()
    _, (found,) = smoke.access.parts.database.transact(
        [Statement("forgive_push_failures", nobody)], [Statement("list_api_keys", key)], Repeat.HARMLESS
    )
    if len(found) != 1:
        return problem("pipeline", f"{len(found)} keys were read, not 1", FIXES["pipeline"])
    return ok("pipeline", f"one write and one read in {_ms(started)}")


def http_order(smoke: Smoke) -> Finding:
    """Place an order over HTTP and wait for its end."""
    headers = {"x-api-key": smoke.api_key, "idempotency-key": str(uuid.uuid4())}
    local = is_local(smoke.http_url)
    with httpx.Client(headers=headers, timeout=30, trust_env=not local) as http:
        started = time.perf_counter()
        placed = http.post(f"{smoke.http_url}/api/orders/execute", json=ORDER)
        if placed.status_code != httpx.codes.ACCEPTED:
            said = f"answered {placed.status_code}: {placed.text}"
            return problem("order by HTTP", said, FIXES["order by HTTP"])
        smoke.order_id = placed.json()["orderId"]
        order: Document = {}

        def is_over() -> bool:
            order.update(http.get(f"{smoke.http_url}/api/orders/{smoke.order_id}").json())
            return order.get("status") in ("confirmed", "failed")

        smoke.until(is_over)
    if order.get("status") != "confirmed":
        said = f"{smoke.order_id} is {order.get('status')}: {order.get('error')}"
        return problem("order by HTTP", said, FIXES["order by HTTP"])
    return ok("order by HTTP", f"{smoke.order_id} confirmed after {_ms(started)}")


def socket_order(smoke: Smoke) -> Finding:
    """Place an order over a WebSocket and be told each of its steps."""
    with _socket(smoke) as socket:
        started = time.perf_counter()
        frame = {"action": "execute", "order": ORDER, "idempotencyKey": str(uuid.uuid4())}
        socket.send(json.dumps(frame))
        told: list[str] = []
        while not told or told[-1] not in ("confirmed", "failed"):
            received = json.loads(socket.recv(timeout=PATIENCE_S))
            if received["type"] == "error":
                return problem("order by WebSocket", received["message"], FIXES["order by WebSocket"])
            if received["type"] == "status":
                told += [event["status"] for event in (*received.get("earlier", ()), received)]
    if told[-1] != "confirmed":
        return problem("order by WebSocket", f"told: {', '.join(told)}", FIXES["order by WebSocket"])
    return ok("order by WebSocket", f"{len(told)} steps told, confirmed after {_ms(started)}")


def large_push(smoke: Smoke) -> Finding:
    """Push a message that API Gateway has to cut into frames."""
    text = '{"type":"pong"}'.ljust(LARGE_BYTES)
    with _socket(smoke) as socket:
        query = "SELECT connection_id FROM connections WHERE client_id = %s"
        with smoke.access.parts.connect() as connection:
            found = [str(row[0]) for row in connection.execute(query, (smoke.client,))]
        results = [smoke.access.parts.push.post(one, text.encode()) for one in found]
        if Delivery.DELIVERED not in results:
            said = ", ".join(result.name.lower() for result in results) or "no connection is stored"
            return problem("push over 32 KB", said, FIXES["push over 32 KB"])
        if socket.recv(timeout=PATIENCE_S) != text:
            return problem("push over 32 KB", "it arrived changed", FIXES["push over 32 KB"])
    return ok("push over 32 KB", f"{LARGE_BYTES:,} bytes arrived as they were sent")


def dead_letter(smoke: Smoke) -> Finding:
    """Put the letter of an order that is over into the dead-letter queue: it is settled and gone."""
    access = smoke.access
    before = waiting(access)
    body = json.dumps({"orderId": smoke.order_id})
    access.sqs.send_message(QueueUrl=access.dead_letter_queue_url, MessageBody=body)
    started = time.perf_counter()
    # Counts of SQS are approximate, and late by up to a minute: gone twice in a row is gone.
    gone = [smoke.until(lambda: waiting(access) <= before) for _ in range(2)]
    if not all(gone):
        return problem("dead letter", f"it was not settled within {PATIENCE_S:.0f} s", FIXES["dead letter"])
    return ok("dead letter", f"settled after {_ms(started)}")


def alarms(smoke: Smoke) -> Finding:
    """Look at the stack's alarms."""
    pages = smoke.access.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{smoke.access.stack_name}-"
    )
    found = [alarm for page in pages for alarm in page["MetricAlarms"]]
    states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}
    if not states:
        return problem("alarms", f"the stack {smoke.access.stack_name} has none", FIXES["alarms"])
    ringing = sorted(name for name, state in states.items() if state == "ALARM")
    if ringing:
        return problem("alarms", f"in alarm: {', '.join(ringing)}", FIXES["alarms"])
    fresh = sum(state == "INSUFFICIENT_DATA" for state in states.values())
    if fresh:
        return note("alarms", f"{fresh} of {len(states)} have no data yet", "run this again in ten minutes")
    return ok("alarms", f"all {len(states)} are OK")


CHECKS: dict[str, Check] = {
    "schema": schema,
    "pipeline": pipeline,
    "order by HTTP": http_order,
    "order by WebSocket": socket_order,
    "push over 32 KB": large_push,
    "dead letter": dead_letter,
    "alarms": alarms,
}
FIXES = {
    "database": "look at the database, and at what your IAM lets you do: dsql:DbConnectAdmin, or its secret",
    "schema": "deploy again, and read the log of the function that migrates",
    "pipeline": "if the store refuses pipelines, deploy with StorePipelines=false",
    "order by HTTP": "read its log lines: dexec logs --order ID --stack NAME",
    "order by WebSocket": "read the log of the WebSocket function: dexec logs --stack NAME",
    "push over 32 KB": "your IAM needs execute-api:ManageConnections on the WebSocket API",
    "dead letter": "read the log of the dead-letter function: dexec logs --stack NAME",
    "alarms": "docs/runbook.md says what each means",
}


@contextmanager
def _socket(smoke: Smoke) -> Iterator[ClientConnection]:
    proxy: Literal[True] | None = None if is_local(smoke.websocket_url) else True
    url = f"{smoke.websocket_url}?apiKey={smoke.api_key}"
    with connect(url, proxy=proxy, close_timeout=2, max_size=2**20) as socket:
        yield socket


def _ms(started: float) -> str:
    return f"{(time.perf_counter() - started) * 1000:,.0f} ms"
