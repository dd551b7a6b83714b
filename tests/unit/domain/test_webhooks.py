"""Signatures against published vectors, the schedule of retries, ids, and when an endpoint is disabled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dexec.domain import webhooks
from dexec.domain.ids import order_id
from dexec.domain.lifecycle import Status
from dexec.domain.webhooks import DeliveryState, Try, Webhook, WebhookState, after_try
from tests.support.fakes import START

HOOK = Webhook("hook_1", "alice", "key hash", "https://example.com", frozenset(), "whsec_", START)
DAYS = timedelta(days=3)
FAILED = Try(500, "answered 500")

# The vector of the reference libraries, github.com/standard-webhooks/standard-webhooks (libraries/*/tests).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_")])
def test_the_signature_is_that_of_the_reference_libraries(secret: str) -> None:
    assert webhooks.signature(secret, MESSAGE, 1_614_265_330, BODY) == SIGNATURE


@pytest.mark.parametrize(
    ("message", "timestamp_s", "body"),
    [
        (MESSAGE + "x", 1_614_265_330, BODY),
        (MESSAGE, 1_614_265_331, BODY),
        (MESSAGE, 1_614_265_330, BODY + b" "),
    ],
)
def test_the_signature_covers_id_time_and_body(message: str, timestamp_s: int, body: bytes) -> None:
    assert webhooks.signature(SECRET, message, timestamp_s, body) != SIGNATURE


def test_the_headers_are_those_of_the_specification() -> None:
    headers = webhooks.headers(SECRET, MESSAGE, START + timedelta(microseconds=999_999), BODY)
    assert set(headers) == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert headers["webhook-timestamp"] == str(int(START.timestamp())), "whole seconds"
    assert webhooks.signature(SECRET, MESSAGE, int(START.timestamp()), BODY) == headers["webhook-signature"]


def test_a_secret_holds_256_bits_and_reads_as_the_specification_says() -> None:
    secret = webhooks.new_secret(bytes(range(32)))
    assert secret == "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    assert webhooks.signature(secret, "a", 1, b"").startswith("v1,")


def test_a_delivery_id_names_order_and_event() -> None:
    order = order_id(START, bytes(10))
    text = webhooks.delivery_id(order, 12)
    assert "." not in text, "it is signed beside the body, with a full stop between"
    assert webhooks.parse_delivery_id(text) == (order, 12)
    ping = webhooks.ping_id(bytes(16))
    assert webhooks.parse_delivery_id(webhooks.delivery_id(ping, 1)) == (ping, 1)
    assert webhooks.is_ping_id(ping)
    assert not webhooks.is_ping_id(order)


@pytest.mark.parametrize(
    "text", ["", "msg_", "msg_ord_1_1", f"msg_ord_{'0' * 32}_0", f"msg_ord_{'0' * 32}_1x"]
)
def test_what_is_no_delivery_id_is_told(text: str) -> None:
    assert webhooks.parse_delivery_id(text) is None


def test_a_delivery_is_tried_for_a_day() -> None:
    pauses = [webhooks.retry_delay_s(n) for n in range(1, webhooks.MAX_TRIES)]
    assert pauses == [5, 300, 1_800, 7_200, 18_000, 36_000, 21_600]
    assert 23 * 3_600 < sum(webhooks.RETRY_DELAYS_S) <= 24 * 3_600
    assert webhooks.retry_delay_s(webhooks.MAX_TRIES) is None


def test_an_endpoint_that_fails_is_left_alone_for_longer_and_longer() -> None:
    rests = [webhooks.rests_until(n, START) for n in (1, 2, 3, 4, 5, 6, 7, 100)]
    seconds = [None if one is None else (one - START).total_seconds() for one in rests]
    assert seconds == [None, None, 60, 120, 240, 480, 900, 900]


def test_a_failure_is_noted_and_a_success_forgets_it() -> None:
    first = after_try(HOOK, FAILED, START, DAYS)
    assert (first.state, first.failures, first.failing_since) == (WebhookState.FAILING, 1, START)
    second = after_try(first, Try(None, "no answer"), START + timedelta(hours=1), DAYS)
    assert (second.failures, second.failing_since, second.reason) == (2, START, "no answer")
    assert after_try(second, Try(204), START + timedelta(hours=2), DAYS) == HOOK
    assert after_try(HOOK, Try(200), START, DAYS) is HOOK, "nothing to store"


def test_gone_disables_at_once() -> None:
    gone = after_try(HOOK, Try(410, "answered 410 Gone"), START, DAYS)
    assert (gone.state, gone.disabled_at) == (WebhookState.DISABLED, START)


def test_days_of_failures_alone_disable() -> None:
    failing = replace(HOOK, failures=7, failing_since=START)
    assert after_try(failing, FAILED, START + DAYS - timedelta(seconds=1), DAYS).disabled_at is None
    assert after_try(failing, FAILED, START + DAYS, DAYS).disabled_at == START + DAYS
    seldom = replace(HOOK, failures=1, failing_since=START)
    assert after_try(seldom, FAILED, START + 9 * DAYS, DAYS).disabled_at is None, "it was tried twice in all"


@pytest.mark.parametrize("answer", [200, 201, 204, 299])
def test_every_2xx_acknowledges(answer: int) -> None:
    assert Try(answer).is_acknowledged


@pytest.mark.parametrize("answer", [None, 100, 199, 300, 301, 307, 404, 410, 500])
def test_nothing_else_acknowledges(answer: int | None) -> None:
    assert not Try(answer).is_acknowledged


@pytest.mark.parametrize(
    ("events", "state", "wants"),
    [
        ((), None, True),
        ((Status.CONFIRMED,), None, False),
        ((Status.PENDING,), None, True),
        ((), DeliveryState.DELIVERED, False),
        ((), DeliveryState.GIVEN_UP, False),
        ((), DeliveryState.RETRYING, True),
        ((Status.CONFIRMED,), DeliveryState.QUEUED, True),
    ],
)
def test_what_an_endpoint_gets(
    events: tuple[Status, ...], state: DeliveryState | None, *, wants: bool
) -> None:
    assert replace(HOOK, events=frozenset(events)).wants(Status.PENDING, state) is wants
