"""The smoke test of a deployment: checks what only the real services can show.

It trades two small orders on the paper market, as a client whose key it makes and revokes.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import psycopg
import websockets
from botocore.exceptions import BotoCoreError, ClientError
from websockets.sync.client import connect

from dexec.adapters.postgres.database import Repeat
from dexec.adapters.postgres.statements import Statement
from dexec.domain.errors import DexecError
from dexec.domain.withdrawals import BY_REVOCATION
from dexec.ports import ApiKey, Delivery
from dexec_client.errors import DexecError as SdkError
from dexec_client.raw.api import Api, is_local
from dexec_client.raw.events import TERMINAL
from dexec_client.raw.feed import Feed
from dexec_client.raw.json_types import Document
from infra.operators import keys
from infra.operators.access import Access
from infra.operators.doctor.finding import Finding, note, ok, problem
from infra.operators.orders import waiting

PATIENCE_S = 60.0
"""Longer than a cold start, or than a dead letter stays out of sight."""

LARGE_BYTES = 40_000
"""API Gateway takes messages of up to 128 KB, in frames of 32 KB that the client puts together."""

ORDER: Document = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "0.1"}
_FAILURES = (DexecError, SdkError, psycopg.Error, BotoCoreError, ClientError, OSError)


class Broken(Exception):
    """What a check found to be wrong."""


class Smoke:
    """One run: ``access`` is the way to the deployment, ``api_key`` that of the client who trades."""

    def __init__(self, access: Access, api_key: str, client: str) -> None:
        self.access = access
        self.api_key = api_key
        self.client = client
        self.order_id = ""

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
    limits = ApiKey("", client, None, {"SOL": 10**9}, access.parts.clock.now())
    try:
        api_key = keys.create(access.parts.operators, access.parts.clock, limits)
    except (DexecError, psycopg.Error) as exc:
        fix = "look at the database, and at what your IAM lets you do: dsql:DbConnectAdmin, or its secret"
        yield problem("database", f"no key can be made: {exc}", fix)
        return
    try:
        smoke = Smoke(access, api_key, client)
        for name, (check, fix) in CHECKS.items():
            yield _tried(name, check, fix, smoke)
    finally:
        access.parts.operators.revoke_keys(client, access.parts.clock.now())
        # What was not executed would wait for a key for ever.
        access.parts.cancel_orders.of_client(client, BY_REVOCATION)


def _tried(name: str, check: Check, fix: str, smoke: Smoke) -> Finding:
    try:
        found = check(smoke)
    except Broken as exc:
        return problem(name, str(exc), fix)
    except _FAILURES as exc:
        return problem(name, f"{type(exc).__name__}: {exc}", fix)
    return found if isinstance(found, Finding) else ok(name, found)


def schema(smoke: Smoke) -> str:
    """Migrate once more, twice: there is nothing to do, and doing it is allowed."""
    access = smoke.access
    for _ in range(2):
        if applied := access.parts.migrate():
            raise Broken(f"migrations were missing: {', '.join(applied)}")
    return "up to date; migrating again changes nothing"


def pipeline(smoke: Smoke) -> str:
    """Write, commit and read in one round trip, as every step of an order does."""
    write = Statement("forgive_push_failures", {"connection_ids": ["smoke"]})
    read = Statement("list_api_keys", {"client_id": smoke.client})
    started = time.perf_counter()
    _, (found,) = smoke.access.parts.database.transact([write], [read], Repeat.HARMLESS)
    if len(found) != 1:
        raise Broken(f"{len(found)} keys were read, not 1")
    return f"one write and one read in {_ms(started)}"


def http_order(smoke: Smoke) -> str:
    """Place an order over HTTP and wait for its end."""
    return asyncio.run(_http_order(smoke))


async def _http_order(smoke: Smoke) -> str:
    async with Api(smoke.access.outputs["HttpUrl"], smoke.api_key) as api:
        started = time.perf_counter()
        smoke.order_id = str((await api.place(ORDER))["orderId"])
        while (order := await api.order(smoke.order_id))["status"] not in TERMINAL:
            if time.perf_counter() > started + PATIENCE_S:
                break
            await asyncio.sleep(0.25)
    if order["status"] != "confirmed":
        raise Broken(f"{smoke.order_id} is {order['status']}: {order.get('error')}")
    return f"{smoke.order_id} confirmed after {_ms(started)}"


def socket_order(smoke: Smoke) -> str:
    """Place an order over a WebSocket and receive each of its events."""
    return asyncio.run(_socket_order(smoke))


async def _socket_order(smoke: Smoke) -> str:
    started = time.perf_counter()
    states: list[str] = []
    async with Feed(smoke.access.outputs["WebSocketUrl"], smoke.api_key) as feed:
        order_id = str((await feed.execute(ORDER))["orderId"])
        async with asyncio.timeout(PATIENCE_S):
            states += [event.status async for event in feed.until_terminal([order_id])]
    if states[-1] != "confirmed":
        raise Broken(f"received: {', '.join(states)}")
    return f"{len(states)} events received, confirmed after {_ms(started)}"


def large_push(smoke: Smoke) -> str:
    """Push a message that API Gateway has to cut into frames."""
    text = '{"type":"pong"}'.ljust(LARGE_BYTES)
    websocket_url = smoke.access.outputs["WebSocketUrl"]
    proxy: Literal[True] | None = None if is_local(websocket_url) else True
    url = f"{websocket_url}?apiKey={smoke.api_key}"
    try:
        with connect(url, proxy=proxy, close_timeout=2, max_size=2**20) as socket:
            query = "SELECT connection_id FROM connections WHERE client_id = %s"
            with smoke.access.parts.connect() as connection:
                found = [str(row[0]) for row in connection.execute(query, (smoke.client,))]
            results = [smoke.access.parts.push.post(one, text.encode()) for one in found]
            if Delivery.DELIVERED not in results:
                said = ", ".join(result.name.lower() for result in results)
                raise Broken(said or "no connection is stored")
            if socket.recv(timeout=PATIENCE_S) != text:
                raise Broken("it was altered on the way")
    except websockets.WebSocketException as exc:
        raise Broken(f"{type(exc).__name__}: {exc}") from exc
    return f"{LARGE_BYTES:,} bytes arrived as they were sent"


def dead_letter(smoke: Smoke) -> str:
    """Put the letter of an order that is over into the dead-letter queue: it is settled and gone."""
    access = smoke.access
    before = waiting(access)
    body = json.dumps({"orderId": smoke.order_id})
    access.sqs.send_message(QueueUrl=access.dead_letter_queue_url, MessageBody=body)
    started = time.perf_counter()
    # Counts of SQS are approximate, and late by up to a minute: gone twice in a row is gone.
    gone = [smoke.until(lambda: waiting(access) <= before) for _ in range(2)]
    if not all(gone):
        raise Broken(f"it was not settled within {PATIENCE_S:.0f} s")
    return f"settled after {_ms(started)}"


def alarms(smoke: Smoke) -> str | Finding:
    """Look at the stack's alarms."""
    pages = smoke.access.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{smoke.access.stack_name}-"
    )
    states = {alarm["AlarmName"]: alarm["StateValue"] for page in pages for alarm in page["MetricAlarms"]}
    if not states:
        raise Broken(f"the stack {smoke.access.stack_name} has none")
    ringing = sorted(name for name, state in states.items() if state == "ALARM")
    if ringing:
        raise Broken(f"in alarm: {', '.join(ringing)}")
    fresh = sum(state == "INSUFFICIENT_DATA" for state in states.values())
    if fresh:
        return note("alarms", f"{fresh} of {len(states)} have no data yet", "run this again in ten minutes")
    return f"all {len(states)} are OK"


Check: TypeAlias = Callable[[Smoke], str | Finding]
CHECKS: dict[str, tuple[Check, str]] = {
    "schema": (schema, "deploy again, and read the log of the function that migrates"),
    "pipeline": (pipeline, "if the store refuses pipelines, deploy with StorePipelines=false"),
    "order by HTTP": (http_order, "read its log lines: dexec logs --order ID --stack NAME"),
    "order by WebSocket": (socket_order, "read the log of the WebSocket function: dexec logs --stack NAME"),
    "push over 32 KB": (large_push, "your IAM needs execute-api:ManageConnections on the WebSocket API"),
    "dead letter": (dead_letter, "read the log of the dead-letter function: dexec logs --stack NAME"),
    "alarms": (alarms, "docs/runbook.md says what each means"),
}
"""Each check, which returns what it found or raises ``Broken``, and what to do where it fails."""


def _ms(started: float) -> str:
    return f"{(time.perf_counter() - started) * 1000:,.0f} ms"
