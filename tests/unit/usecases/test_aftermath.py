"""What an attempt that did not fill an order makes of it, by its error, its kind and what is left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dexec.domain.errors import (
    AttemptFailed,
    BlockhashExpired,
    DeadlinePassed,
    InsufficientFunds,
    InsufficientLiquidity,
    LimitNotMet,
    NoVenue,
    OrderFailed,
    PoolDisabled,
    SlippageExceeded,
)
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Order, Withdrawal
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Kind, Limit, Trail
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms, TimeInForce, Waiting
from dexec.usecases.aftermath import after_attempt, after_wish
from tests.contract.samples import NOW, after, new_order

SLIPPED, EXPIRED = SlippageExceeded("too little", 100, 99), BlockhashExpired("too old")
MISSED = LimitNotMet("would receive too little", 100, 99)
MARKET = replace(new_order().order, status=Status.ROUTING, lease_token="mine", lease_until=after(25))
LIMIT = Terms(limit=Limit(Price("170", Pair("SOL", "USDC"))))
TRIES = 3

Failed = AttemptFailed | OrderFailed


def waits(attempt: int = 1, first: int = 1, terms: Terms = LIMIT, fired: Kind = Kind.LIMIT) -> Order:
    waiting = replace(Waiting.of(terms, fired), first_attempt=first)
    return replace(MARKET, attempt=attempt, waiting=waiting)


@pytest.mark.parametrize(
    ("order", "error", "status"),
    [
        (MARKET, SLIPPED, Status.ROUTING),
        (MARKET, MISSED, Status.ROUTING),
        (MARKET, NoVenue("none"), Status.ROUTING),
        (replace(MARKET, attempt=3), SLIPPED, Status.FAILED),
        (MARKET, PoolDisabled("closed"), Status.FAILED),
        (MARKET, InsufficientLiquidity("none"), Status.FAILED),
        (MARKET, DeadlinePassed(5), Status.EXPIRED),
        (waits(), SLIPPED, Status.ROUTING),
        (waits(), EXPIRED, Status.ROUTING),
        (waits(attempt=2), SLIPPED, Status.ROUTING),
        (waits(attempt=3), SLIPPED, Status.OPEN),
        (waits(attempt=3), EXPIRED, Status.OPEN),
        (waits(attempt=9, first=8), SLIPPED, Status.ROUTING),
        (waits(attempt=10, first=8), SLIPPED, Status.OPEN),
        (waits(), MISSED, Status.OPEN),
        (waits(), NoVenue("none"), Status.OPEN),
        (waits(), PoolDisabled("closed"), Status.OPEN),
        (waits(), InsufficientLiquidity("none"), Status.OPEN),
        (waits(), InsufficientFunds("empty"), Status.FAILED),
        (waits(), OrderFailed("a fault of its own"), Status.FAILED),
        (waits(), DeadlinePassed(5), Status.EXPIRED),
        (waits(terms=replace(LIMIT, time_in_force=TimeInForce.IOC)), MISSED, Status.CANCELLED),
        (waits(terms=replace(LIMIT, time_in_force=TimeInForce.IOC)), SLIPPED, Status.CANCELLED),
        (replace(waits(), expires_at=NOW), MISSED, Status.EXPIRED),
    ],
)
def test_an_attempt_leads_to(order: Order, error: Failed, status: Status) -> None:
    change = after_attempt(order, error, NOW, TRIES).change
    assert change.after.status is status
    assert (change.after.lease_token is None) == (status is not Status.ROUTING or error.code == "no_venue")


def test_what_rests_says_why_and_keeps_nothing_of_its_attempt() -> None:
    change = after_attempt(waits(attempt=4), MISSED, NOW, TRIES).change
    (event,) = change.events
    assert (event.status, event.step, event.attempt, event.detail) == (
        Status.OPEN, Step.RELEASED, 5, MISSED.failure()
    )  # fmt: skip
    waiting = change.after.waiting
    assert waiting is not None
    assert (waiting.fired, waiting.rests, waiting.rested_at) == (None, 1, NOW)


def test_a_stop_that_has_fired_stays_so() -> None:
    change = after_attempt(waits(terms=Terms(stop=Trail(100)), fired=Kind.TRAIL), NoVenue("none"), NOW, TRIES)
    waiting = change.change.after.waiting
    assert waiting is not None
    assert waiting.fired is Kind.TRAIL


def test_only_what_tries_at_once_is_delayed_by_its_venues() -> None:
    assert after_attempt(MARKET, NoVenue("none"), NOW, TRIES).delay_s == 1
    assert after_attempt(replace(MARKET, attempt=2), NoVenue("none"), NOW, TRIES).delay_s == 2
    assert after_attempt(waits(), NoVenue("none"), NOW, TRIES).delay_s is None
    assert after_attempt(MARKET, SLIPPED, NOW, TRIES).delay_s is None


def test_where_nothing_expires_what_is_late_fails() -> None:
    change = after_attempt(MARKET, DeadlinePassed(5), NOW, TRIES, expires=False).change
    assert (change.after.status, change.after.error) == (Status.FAILED, DeadlinePassed(5).failure())


@pytest.mark.parametrize(("by", "code"), [("client", "cancelled"), ("key_revoked", "key_revoked")])
def test_a_noted_cancel_ends_an_order_or_its_time_does(by: str, code: str) -> None:
    order = replace(MARKET, status=Status.SUBMITTED)
    (event,) = after_wish(order, by, NOW).events
    assert event.status is Status.CANCELLED
    assert isinstance(event.detail, Withdrawal)
    assert (event.detail.by, event.detail.error.code) == (by, code)
    assert after_wish(replace(order, expires_at=NOW), by, NOW).after.status is Status.EXPIRED
