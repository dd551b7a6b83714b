"""A repeat under a key is told from another request by hashes that rows hold: those of every version."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from dexec.api.json_text import load_object
from dexec.api.order_body import OrderBody
from dexec.domain.errors import IdempotencyConflict
from dexec.domain.idempotency import request_hashes
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Limit, PriceType, Stop, Trail
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms, TimeInForce
from tests.contract.samples import NOW, REQUEST, after, new_order
from tests.proofs.simulation.backend import Backend


class Stored(NamedTuple):
    """One request in several spellings, and the hashes of it that stand in rows of each version."""

    version_1: str
    version_2: str
    bodies: tuple[str, ...]


STORED = (
    Stored(
        "3ffce5136b00a3b342e9948c0f7389800b06e3e4817c21fb43ac156d81321bce",
        "2:2dbc9901256396241e9d4343e8195f1ade844b07683b566c279a6928ec5eb399",
        (
            '{"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1.5", "slippageBps": 50}',
            '{"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.5}',
            '{"inputToken": "sol", "outputToken": "usdc", "amount": "1.50", "slippage": 0.5}',
            '{"side": "sell", "baseAsset": "SOL", "quoteAsset": "USDC", "amount": "1.5", "slippage": "0.5"}',
            '{"tokenIn": "So11111111111111111111111111111111111111112", "tokenOut": "USDC", "amount": "1.5"}',
        ),
    ),
    Stored(
        "0eb61d429d91e700b1e0613f53399aebdb9a02e29f91c0c6ea624015739ef76d",
        "2:8fed89b6e0288bcfb99ead4b828e2af18623c34c3b5493131fcfbe64c36d4e9f",
        (
            '{"side": "buy", "baseAsset": "SOL", "quoteAsset": "USDC", "amount": "1.5"}',
            '{"tokenIn": "USDC", "tokenOut": "SOL", "amount": "1.5", "mode": "exactOut"}',
        ),
    ),
    Stored(
        "c8d95656ed23056ea418c1b857165d49e8c0962a55415186ea0de86444d0efbf",
        "2:33cc1765900c7a6ffec4dad27b82104f6e74d2ce9ecc2335f4529c230a3541a4",
        ('{"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1.5", "clientId": "rebalance 7"}',),
    ),
    Stored(
        "3b71f4f671ac42bd9dc9bb7df0b1bfb0c2191b9319526793698042e02531c19e",
        "2:117e1838e80d8b847975800fb230a0ee78afee3a06ac0335f854ed9e1f5cdc23",
        ('{"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1.5", "clientId": "l\'ordre d\'été ☀ \\"x\\""}',),
    ),
    Stored(
        "ea2bb1f93a0c14f9748df59ebcc1cf12723ab8ff1fa01bb058c00a23adef2560",
        "2:44d21da67eb399a6878848f7e6fb5d2a6e9b7c9081f952a009dd84f5c194781c",
        ('{"tokenIn": "BONK", "tokenOut": "SOL", "amount": "1000000", "slippageBps": 0}',),
    ),
)
"""Literals: a change of the code must not change them, for rows hold them."""


def hashes_of(body: str) -> tuple[str, ...]:
    """Return what a deployment compares with rows when it is sent ``body``."""
    order = OrderBody.model_validate(load_object(body))
    return request_hashes(order.label(), order.to_request(default_slippage_bps=50))


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: stored.bodies[0])
def test_every_spelling_of_a_request_has_the_hashes_that_rows_hold(stored: Stored) -> None:
    for body in stored.bodies:
        assert hashes_of(body) == (stored.version_2, stored.version_1), body


@pytest.mark.parametrize("version", ["version_1", "version_2"])
def test_a_row_of_either_version_stands_for_its_request_and_no_other(store: Backend, version: str) -> None:
    for number, stored in enumerate(STORED):
        key = f"key {number}"
        first = store.orders.place(new_order(key=key, hashes=(getattr(stored, version),)), None, None).order
        for seconds, body in enumerate(stored.bodies, start=1):
            repeat = new_order(key=key, hashes=hashes_of(body), now=after(seconds))
            placed = store.orders.place(repeat, None, None)
            assert (placed.order.id, placed.is_new) == (first.id, False), body
            assert placed.order.queued_at == after(seconds), "nobody withdraws it now"
        for other in STORED:
            if other is not stored:
                with pytest.raises(IdempotencyConflict):
                    store.orders.place(new_order(key=key, hashes=hashes_of(other.bodies[0])), None, None)


def test_a_new_row_holds_the_newest_hash(store: Backend) -> None:
    stored = STORED[0]
    store.orders.place(new_order(key="k", hashes=hashes_of(stored.bodies[0])), None, None)
    assert not store.orders.place(new_order(key="k", hashes=(stored.version_2,)), None, None).is_new
    with pytest.raises(IdempotencyConflict):
        store.orders.place(new_order(key="k", hashes=(stored.version_1,)), None, None)


PLAIN = '{"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1.5"'


def test_a_limit_and_a_deadline_are_part_of_the_hash_where_they_are_given() -> None:
    plain = hashes_of(PLAIN + "}")
    bodies = [
        f'{PLAIN}, "minAmountOut": "150"}}',
        f'{PLAIN}, "minAmountOut": "150.000001"}}',
        f'{PLAIN}, "deadline": 30}}',
        f'{PLAIN}, "deadline": 31}}',
        f'{PLAIN}, "deadline": 30, "minAmountOut": 150}}',
        f'{PLAIN}, "mode": "exactOut", "maxAmountIn": 150}}',
    ]
    found = [hashes_of(body) for body in bodies]
    assert all(len(hashes) == 1 for hashes in found), "version 1 never had them"
    assert len({*plain, *(one for (one,) in found)}) == len(plain) + len(bodies)
    assert hashes_of(f'{PLAIN}, "minAmountOut": "150.0"}}') == found[0]


def test_what_an_order_waits_for_is_part_of_the_hash_where_it_is_given() -> None:
    pair = Pair("SOL", "USDC")
    limit = Terms(limit=Limit(Price("170", pair)))
    plain = request_hashes(None, REQUEST)
    assert request_hashes(None, REQUEST, None, None, None) == plain
    trail = Trail(200)
    given = [
        (limit, None, None),
        (None, limit, None),
        (limit, limit, None),
        (limit, None, NOW),
        (None, None, NOW),
        (Terms(limit=Limit(Price("170.000001", pair))), None, None),
        (replace(limit, time_in_force=TimeInForce.IOC), None, None),
        (replace(limit, stop=trail), None, None),
        (Terms(stop=trail), None, None),
        (Terms(stop=Trail(200, Price("180", pair))), None, None),
        (Terms(stop=Trail(201)), None, None),
        (Terms(stop=Stop(Price("140", pair))), None, None),
        (Terms(stop=Stop(Price("140", pair), PriceType.MID)), None, None),
        (Terms(stop=Stop(Price("140", pair), confirm_ticks=3)), None, None),
        (Terms(stop=Stop(Price("140", pair)), stop_limit=Price("139", pair)), None, None),
    ]
    found = [request_hashes(None, REQUEST, *one) for one in given]
    assert all(len(hashes) == 1 for hashes in found), "version 1 never had them"
    assert len({*plain, *(one for (one,) in found)}) == len(plain) + len(given)
