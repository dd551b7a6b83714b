"""How often a key may read."""

from __future__ import annotations

import pytest

from dexec.domain.errors import TooManyReads
from dexec.ports import ApiKey
from dexec.usecases.limit_reads import LimitReads
from tests.support.fakes import START, FakeClock

PER_MINUTE = 60
ALICE = ApiKey("hash of alice", "alice", None, None, START)
BOB = ApiKey("hash of bob", "bob", 5, None, START)
FREE = ApiKey("hash of free", "free", 0, None, START)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def limit(clock: FakeClock) -> LimitReads:
    return LimitReads(clock, PER_MINUTE)


def taken(limit: LimitReads, caller: ApiKey) -> int:
    """Read until there are too many; return how many were let through."""
    for count in range(10 * PER_MINUTE):
        try:
            limit(caller)
        except TooManyReads:
            return count
    return 10 * PER_MINUTE


def test_a_minutes_worth_at_once_and_then_at_the_rate(limit: LimitReads, clock: FakeClock) -> None:
    assert taken(limit, ALICE) == PER_MINUTE
    clock.advance(1)
    assert taken(limit, ALICE) == 1
    clock.advance(3_600)
    assert taken(limit, ALICE) == PER_MINUTE, "silence saves no more than a minute's worth"


def test_the_refusal_says_when_to_come_back(limit: LimitReads, clock: FakeClock) -> None:
    taken(limit, ALICE)
    with pytest.raises(TooManyReads, match="60 times a minute") as refused:
        limit(ALICE)
    assert refused.value.retry_after_s == 1
    clock.advance(0.999)
    with pytest.raises(TooManyReads):
        limit(ALICE)
    clock.advance(0.001)
    limit(ALICE)
    rare = LimitReads(clock, 1)
    rare(ALICE)
    clock.advance(1.5)
    with pytest.raises(TooManyReads) as refused:
        rare(ALICE)
    assert refused.value.retry_after_s == 59, "58.5, rounded up"


def test_keys_count_apart(limit: LimitReads) -> None:
    taken(limit, ALICE)
    assert taken(limit, BOB) == PER_MINUTE, "whatever its limit of orders"


def test_a_key_without_a_limit_has_none(limit: LimitReads) -> None:
    assert taken(limit, FREE) == 10 * PER_MINUTE


def test_what_is_remembered_is_bounded_by_the_keys_that_read(limit: LimitReads, clock: FakeClock) -> None:
    for number in range(9_999):
        limit(ApiKey(f"hash {number}", "x", None, None, START))
    taken(limit, ALICE)
    clock.advance(1)
    assert len(limit._full_at) == 10_000
    limit(BOB)
    assert limit._full_at.keys() == {ALICE.key_hash, BOB.key_hash}, "a bucket that is full says nothing"
    assert taken(limit, ALICE) == 1, "who reads too much is not forgotten"


def test_below_the_bound_nothing_is_forgotten(limit: LimitReads, clock: FakeClock) -> None:
    for number in range(9_999):
        limit(ApiKey(f"hash {number}", "x", None, None, START))
    clock.advance(1)
    limit(BOB)
    assert len(limit._full_at) == 10_000
