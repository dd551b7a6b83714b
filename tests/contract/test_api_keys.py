"""What every implementation of the ``ApiKeys`` port does."""

from __future__ import annotations

from dataclasses import replace

from dexec.ports import ApiKey
from tests.contract.samples import NOW, after
from tests.proofs.simulation.backend import Backend

KEY = ApiKey("hash", "alice", 60, {"SOL": 10**18, "BONK": 1}, NOW)


def test_a_key_is_found_by_its_hash(store: Backend) -> None:
    store.api_keys.add(KEY)
    assert store.api_keys.find("hash") == KEY
    assert store.api_keys.find("other") is None


def test_a_key_without_limits_is_kept_as_such(store: Backend) -> None:
    free = replace(KEY, orders_per_minute=None, max_amounts=None)
    store.api_keys.add(free)
    assert store.api_keys.find("hash") == free


def test_adding_a_key_again_changes_its_limits_and_not_whose_it_is(store: Backend) -> None:
    store.api_keys.add(KEY)
    store.api_keys.add(ApiKey("hash", "mallory", 0, None, after(5), revoked_at=after(6)))
    assert store.api_keys.find("hash") == ApiKey("hash", "alice", 0, None, NOW, revoked_at=after(6))
