"""Halting: what is said of the orders that executors were about to sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.usecases.halt import Halt, Halted
from tests.contract.samples import TRANSACTION, built, trading_key
from tests.proofs.simulation.backend import in_memory
from tests.support.fakes import FakeClock


def test_each_order_that_was_leased_is_stopped_or_was_signed_or_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dexec.usecases.halt.MOST_ORDERS", 2)
    store = in_memory()
    store.api_keys.add(trading_key())
    stopped, signed, again, over, last = [built(store) for _ in range(5)]
    meanwhile = {
        signed.id: replace(signed, status=Status.SUBMITTED, transaction=TRANSACTION),
        again.id: replace(again, status=Status.ROUTING, attempt=2),
        over.id: replace(over, status=Status.FAILED),
    }
    fenced: list[Sequence[str]] = []

    def fence(order_ids: Sequence[str]) -> tuple[Order, ...]:
        fenced.append(order_ids)
        return tuple(meanwhile.get(order.id, order) for order in store.control.orders(order_ids))

    monkeypatch.setattr(store.control, "fence", fence)
    halted = Halt(store.control, FakeClock(), 25).everything()
    assert halted == Halted((stopped.id, last.id), (signed.id, again.id))
    assert [len(ids) for ids in fenced] == [2, 2, 1]
