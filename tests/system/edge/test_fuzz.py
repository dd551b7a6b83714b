"""Every way in under fire, with raw text: never a 5xx, silence, a stack trace, or another client's data.

20,000 inputs in the suite, the same ones each time; with ``DEXEC_SOAK=1`` (``make soak``) a million others.
``DEXEC_SEED`` repeats a run: a failure names its seed.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from random import SystemRandom

import psutil
import pytest

from tests.support.soak import SOAK
from tests.system.edge.conftest import OWNER, STRANGER
from tests.system.edge.inprocess import SWAP, Answer, Deployment, deployed, http_event, query_fields
from tests.system.edge.inputs import Input, Inputs
from tests.system.edge.shrink import smallest

INPUTS = int(os.environ.get("DEXEC_INPUTS", "1000000" if SOAK else "20000"))
SEED = int(os.environ.get("DEXEC_SEED", str(SystemRandom().randrange(2**32)) if SOAK else "1"))
MOST_CPU_S = 1.0
MOST_GROWTH = 48 * 2**20
"""Of the process's memory, from the first tenth of the inputs to the last."""

SECRET = "nobody-elses-business"
MARKS = ("Traceback", 'File "', "psycopg", "pydantic", "dexec.", SECRET)
STATUSES = {200, 202, 204, 400, 401, 404, 405, 409, 413, 422, 429}
REPLIES = {"ack", "error", "pong"}


class Target:
    """A deployment in which another client has two orders; the attacker knows the id of one."""

    def __init__(self, functions: Deployment) -> None:
        self.functions = functions
        self.seen: Counter[int | str] = Counter()
        functions.add_key(OWNER, SECRET)
        functions.add_key(STRANGER, "stranger")
        self.known = self._place("the-owners-idempotency-key")
        self.unknown = self._place("another-of-the-owners")
        functions.execute_all()
        self.connection, _ = functions.connect(STRANGER, {"stream": "all"})

    def _place(self, idempotency_key: str) -> str:
        return self.functions.place(OWNER, SWAP | {"clientId": SECRET}, idempotency_key)

    def fire(self, one: Input) -> None:
        """Send one input and look at what comes back."""
        started = time.process_time()
        {"frame": self._frame, "connect": self._connect}.get(one.kind, self._request)(one)
        spent = time.process_time() - started
        self.functions.queue.messages.clear()
        assert spent < MOST_CPU_S, f"it took {spent:.1f} s of CPU"

    def fails(self, one: Input) -> bool:
        try:
            self.fire(one)
        except Exception:
            return True
        return False

    def _request(self, one: Input) -> None:
        headers = {"x-api-key": STRANGER, **({"idempotency-key": one.key} if one.key else {})}
        is_bytes = one.encoding == "bytes"
        body = one.body.encode("latin-1", "replace") if is_bytes else one.body
        event = http_event(one.method, one.path, one.query, headers, body or None)
        if one.encoding == "marked":
            event["isBase64Encoded"] = True
        self._check(self.functions.answer(event))

    def _check(self, answer: Answer) -> None:
        self.seen[answer.status] += 1
        assert answer.status in STATUSES, answer
        assert self._is_clean(answer.text), answer
        if answer.status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json["status"] == answer.status

    def _frame(self, one: Input) -> None:
        received = self.functions.send(self.connection, one.body)
        self.functions.received(self.connection).clear()
        replies = [frame for frame in received if frame["type"] in REPLIES]
        assert len(replies) == 1, f"{len(replies)} replies to one frame"
        assert {frame["type"] for frame in received} <= REPLIES | {"status"}
        if replies[0]["type"] == "error":
            assert replies[0]["status"] in STATUSES
        self.seen[str(replies[0]["type"])] += 1
        assert self._is_clean(json.dumps(received)), received

    def _connect(self, one: Input) -> None:
        query = {**query_fields(one.query), "apiKey": one.key}
        connection, status = self.functions.connect(None, query)
        assert status == 401
        assert self.functions.push.frames.pop(connection, []) == []
        self._check(
            self.functions.answer(http_event("GET", "/api/orders", one.query, {"x-api-key": one.key}, None))
        )

    def _is_clean(self, text: str) -> bool:
        return self.unknown not in text and not any(mark in text for mark in MARKS)


@pytest.fixture(scope="module")
def target(database_url: str, emptying: Callable[[str], None]) -> Iterator[Target]:
    emptying(database_url)
    with deployed(database_url, log_level="CRITICAL") as functions:
        yield Target(functions)


def fire_all(target: Target, inputs: Inputs, numbers: range) -> None:
    """Fire inputs by their number; show the first that fails as small as it still fails."""
    for n in numbers:
        try:
            target.fire(inputs[n])
        except Exception as exc:
            found = smallest(inputs[n], target.fails)
            what = f"DEXEC_SEED={SEED}, input {n}: {type(exc).__name__}: {exc}"
            pytest.fail(f"{what}\nat its smallest: {found!r}")


def test_a_storm_of_inputs(target: Target) -> None:
    print(f"DEXEC_SEED={SEED}, {INPUTS:,} inputs")
    inputs = Inputs(SEED, target.known)
    fire_all(target, inputs, range(INPUTS // 10))
    before = memory()
    fire_all(target, inputs, range(INPUTS // 10, INPUTS))
    grown = memory() - before
    print(f"memory grew by {grown / 2**20:.1f} MB; answers: {target.seen.most_common()}")
    assert grown < MOST_GROWTH, f"memory grew by {grown / 2**20:.0f} MB"
    missed = {200, 202, 400, 401, 404, 413, 422, *REPLIES} - target.seen.keys()
    assert not missed, "inputs that reach little prove little"
    after = target.functions.http("GET", "/api/orders", key=OWNER)
    assert len(after.json["orders"]) == 2  # type: ignore[arg-type]


def memory() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss
