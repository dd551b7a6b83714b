"""Keys are known by their hash and remembered for a minute."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dexec.domain.errors import Unauthenticated
from dexec.ports import ApiKey
from dexec.usecases.authenticate import Authenticate, hash_key
from tests.support.fakes import START, FakeApiKeys, FakeClock, Store

MAX_KEY_LENGTH = 200
REMEMBER_S = 60
KEY = ApiKey(hash_key("secret"), "alice", None, None, START)


class Counting(FakeApiKeys):
    """Counts how often the store is asked."""

    asked = 0

    def find(self, key_hash: str) -> ApiKey | None:
        self.asked += 1
        return super().find(key_hash)


@pytest.fixture
def clock() -> FakeClock:
    """Return the time."""
    return FakeClock()


@pytest.fixture
def keys() -> Counting:
    """Return a store with one key."""
    keys = Counting(Store())
    keys.add(KEY)
    return keys


@pytest.fixture
def authenticate(keys: Counting, clock: FakeClock) -> Authenticate:
    """Return the use case."""
    return Authenticate(keys, clock)


def test_a_key_says_who_calls(authenticate: Authenticate) -> None:
    assert authenticate("secret") == KEY
    assert authenticate.by_hash(KEY.key_hash) == KEY


@pytest.mark.parametrize("key", [None, "", "wrong", "x" * (MAX_KEY_LENGTH + 1), KEY.key_hash, "é\x00"])
def test_anything_else_is_unauthenticated(authenticate: Authenticate, key: str | None) -> None:
    with pytest.raises(Unauthenticated):
        authenticate(key)


def test_what_is_longer_than_a_key_is_not_looked_up(authenticate: Authenticate, keys: Counting) -> None:
    longest = "x" * MAX_KEY_LENGTH
    keys.add(replace(KEY, key_hash=hash_key(longest)))
    assert authenticate(longest).client_id == "alice"
    with pytest.raises(Unauthenticated):
        authenticate(longest + "x")
    assert keys.asked == 1


def test_10_000_keys_are_remembered_and_then_forgotten(authenticate: Authenticate, keys: Counting) -> None:
    def ask(number: int) -> None:
        with pytest.raises(Unauthenticated):
            authenticate.by_hash(str(number))

    for number in range(10_000):
        ask(number)
    ask(0)
    assert keys.asked == 10_000
    ask(10_000)
    ask(0)
    assert keys.asked == 10_002


def test_known_and_unknown_keys_are_remembered(authenticate: Authenticate, keys: Counting) -> None:
    for _ in range(3):
        authenticate("secret")
        with pytest.raises(Unauthenticated):
            authenticate("wrong")
    assert keys.asked == 2


def test_a_revoked_key_is_refused_within_a_minute(
    authenticate: Authenticate, keys: Counting, clock: FakeClock
) -> None:
    authenticate("secret")
    keys.add(replace(KEY, revoked_at=clock.now()))
    clock.advance(REMEMBER_S - 1)
    authenticate("secret")
    clock.advance(1)
    with pytest.raises(Unauthenticated):
        authenticate("secret")


def test_a_new_key_works_within_a_minute(
    authenticate: Authenticate, keys: Counting, clock: FakeClock
) -> None:
    with pytest.raises(Unauthenticated):
        authenticate("new")
    keys.add(replace(KEY, key_hash=hash_key("new")))
    clock.advance(REMEMBER_S)
    assert authenticate("new").client_id == "alice"
