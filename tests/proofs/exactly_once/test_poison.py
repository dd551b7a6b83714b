"""An order on which every run breaks off: it goes round a few times, and then waits for an operator."""

from __future__ import annotations

from datetime import datetime

import pytest

from dexec.domain.errors import ClusterUnavailable
from dexec.domain.lifecycle import Status
from dexec.usecases.settle_dead_letter import Letter
from tests.proofs.simulation.invariants import check
from tests.proofs.simulation.world import World
from tests.support.executed import stored

MAX_ROUNDS = 3
TURNS = 500
"""Far more than anything here takes."""


class Bug(Exception):
    """What no code expects."""


def fail_always(*_: object) -> None:
    raise Bug


@pytest.fixture
def world() -> World:
    """Return a world with one order."""
    world = World()
    world.place(world.client())
    return world


def live(world: World) -> int:
    """Let hours pass; return how many runs broke off."""
    broken = 0
    for _ in range(TURNS):
        try:
            happened = world.turn()
        except Bug:
            broken, happened = broken + 1, True
        if not happened:
            world.clock.advance((world._next_event() - world.clock.now()).total_seconds())
    return broken


def confirmed_after_release(world: World) -> None:
    world.release()
    world.settle()
    assert stored(world).status is Status.CONFIRMED
    check(world)


def is_still(world: World) -> bool:
    return not (world.queue.messages or world.dead_letters.messages)


def test_an_order_whose_runs_all_break_off_is_parked_and_nothing_of_it_goes_round(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as bug:
        bug.setattr(world.signer, "sign", fail_always)
        broken = live(world)
        assert is_still(world)
        assert live(world) == 0, "the sweeper leaves it alone, too"
    order = stored(world)
    assert order.parked_at is not None
    assert order.rounds == MAX_ROUNDS
    assert broken >= MAX_ROUNDS
    assert world.backend.orders.parked() == 1
    world.duplicate()
    live(world)
    assert is_still(world), "a stray message does not bring it back"
    assert stored(world) == order
    confirmed_after_release(world)


def test_a_submitted_order_that_landed_is_confirmed_and_not_parked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = world.cluster.send

    def send_and_fail(data: bytes) -> None:
        send(data)
        raise Bug

    monkeypatch.setattr(world.cluster, "send", send_and_fail)
    assert live(world) >= 1
    assert stored(world).status is Status.CONFIRMED
    check(world)


def test_a_submitted_order_is_parked_only_when_its_transaction_can_no_longer_land(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(max_receives=1)
    world.place(world.client())
    with monkeypatch.context() as bug:
        bug.setattr(world.cluster, "send", fail_always)
        with monkeypatch.context() as halted:
            halted.setattr(world.cluster, "block_height", lambda: 0)
            live(world)
        assert stored(world).rounds > MAX_ROUNDS
        assert stored(world).parked_at is None, "the chain stands still: its transaction may yet land"
        live(world)
    order = stored(world)
    assert order.parked_at is not None
    assert order.status is Status.SUBMITTED, "nothing failed"
    assert order.transaction is not None
    assert world.cluster.block_height() > order.transaction.last_valid_block_height
    confirmed_after_release(world)


def test_an_order_that_is_redelivered_for_hours_is_never_parked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = 0
    settle = world.settle_letter

    def visit(order_id: str, ends_at: datetime) -> Letter:
        nonlocal visits
        visits += 1
        return settle(order_id, ends_at)

    def away(*_: object) -> None:
        raise ClusterUnavailable("away")

    monkeypatch.setattr(world, "settle_letter", visit)
    with monkeypatch.context() as outage:
        outage.setattr(world.cluster, "latest_blockhash", away)
        live(world)
    assert visits > MAX_ROUNDS
    assert stored(world).parked_at is None
    world.settle()
    assert stored(world).status is Status.CONFIRMED
    check(world)


def test_an_order_that_recovers_before_its_last_round_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign, calls = world.signer.sign, iter(range(TURNS))

    def fail_at_first(*given: object) -> object:
        if next(calls) < 10 * (MAX_ROUNDS - 1):
            raise Bug
        return sign(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(world.signer, "sign", fail_at_first)
    live(world)
    assert stored(world).status is Status.CONFIRMED
