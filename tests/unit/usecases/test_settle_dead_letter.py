"""Dead letters: an order ends by what the chain says, and goes on where an attempt is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dexec.domain.errors import ClusterUnavailable, LeaseLost, Unavailable
from dexec.domain.halts import Stop, Switch
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.ports import ApiKey, Claim
from dexec.usecases.report import Report
from dexec.usecases.settle_dead_letter import MAX_ROUNDS, Letter
from tests.proofs.simulation.world import World
from tests.support.executed import stored
from tests.support.fakes import Landing


def abandoned(world: World, alice: ApiKey, landing: Landing = Landing.FILLED) -> Order:
    """Return an order whose executor was killed as soon as it had sent the transaction; that has landed."""
    world.connect("socket", alice)
    order = world.place(alice, watcher="socket")
    assert order is not None
    world.cluster.landings = [landing]

    def kill(call: str) -> None:
        if call == "cluster.send":
            raise world.tape.crash()

    world.tape.observe = kill
    world.deliver()
    world.tape.observe = lambda call: None
    world.queue.messages.clear()
    assert stored(world).status is Status.SUBMITTED
    return order


def settle(world: World, order: Order) -> tuple[Letter, list[Report]]:
    """Settle the letter of an order; return what became of it, and what was reported."""
    reports: list[Report] = []
    with world.tape.process():
        letter = world.settle_letter(order.id, world.clock.now() + timedelta(seconds=20), reports.append)
    return letter, reports


def test_an_order_that_was_filled_is_confirmed_and_its_client_told(world: World, alice: ApiKey) -> None:
    order = abandoned(world, alice)
    world.clock.advance(30)
    letter, (report,) = settle(world, order)
    assert letter is Letter.SETTLED
    assert stored(world).status is report.order.status is Status.CONFIRMED
    assert world.push.seqs("socket", order.id)[-1] == stored(world).seq
    assert world.is_quiet(), "nothing is left to do"


def test_an_order_that_slipped_with_attempts_left_goes_on(world: World, alice: ApiKey) -> None:
    order = abandoned(world, alice, Landing.SLIPPED)
    world.clock.advance(30)
    assert settle(world, order) == (Letter.SETTLED, [])
    assert (stored(world).status, stored(world).error) == (Status.SUBMITTED, None)
    assert [message.order_id for message in world.queue.messages] == [order.id]
    world.settle()
    assert (stored(world).status, stored(world).attempt) == (Status.CONFIRMED, 2)


def test_an_order_that_failed_on_chain_for_good_is_failed(world: World, alice: ApiKey) -> None:
    # Something else empties the wallet between the look at its balance and the landing.
    balances = iter([world.cluster.held(alice.client_id)])
    world.cluster.held = lambda client_id: next(balances, {"SOL": 0})  # type: ignore[method-assign]
    order = abandoned(world, alice)
    world.clock.advance(30)
    letter, (report,) = settle(world, order)
    assert letter is Letter.SETTLED
    assert stored(world).status is report.order.status is Status.FAILED
    assert not world.queue.messages


def test_an_order_that_may_still_land_goes_back_to_the_queue(world: World, alice: ApiKey) -> None:
    order = abandoned(world, alice, Landing.LATE)
    world.clock.advance(30)
    assert settle(world, order) == (Letter.SETTLED, [])
    assert [message.order_id for message in world.queue.messages] == [order.id]


def test_the_letter_of_an_order_that_is_being_executed_stays(world: World, alice: ApiKey) -> None:
    order = abandoned(world, alice)
    world.clock.advance(24)
    assert settle(world, order) == (Letter.KEPT, [])
    assert not world.queue.messages


def test_a_letter_without_an_order_is_settled_and_one_that_cannot_be_requeued_stays(
    world: World, alice: ApiKey
) -> None:
    order = world.place(alice)
    assert order is not None
    world.queue.messages.clear()
    world.queue.is_away = True
    assert settle(world, order) == (Letter.KEPT, [])
    world.queue.is_away = False
    world.clock.advance(1)
    now = world.clock.now()
    assert settle(world, order) == (Letter.SETTLED, [])
    assert stored(world).queued_at == now, "what the sweeper takes for lost counts from here"
    assert [(message.order_id, message.visible_at) for message in world.queue.messages] == [(order.id, now)]
    assert stored(world).rounds == 0, "no run of it has crashed"


@pytest.mark.parametrize("stop", [Stop.PAUSED, Stop.HALTED, Stop.REDUCING])
def test_an_order_that_is_held_back_goes_back_to_the_queue_and_is_never_parked(
    world: World, alice: ApiKey, stop: Stop
) -> None:
    """The run that left its lease behind crashed once, and none has run since."""
    order = world.place(alice)
    assert order is not None

    def kill(call: str) -> None:
        if call == "venue.read":
            raise world.tape.crash()

    world.tape.observe = kill
    world.deliver()
    world.tape.observe = lambda call: None
    before = stored(world)
    assert before.lease_token is not None
    world.backend.control.stop(Switch(stop, world.clock.now(), token_out="SOL"))
    for _ in range(MAX_ROUNDS + 1):
        world.queue.messages.clear()
        world.clock.advance(30)
        assert settle(world, order) == (Letter.SETTLED, [])
        held = stored(world)
        assert (held.rounds, held.parked_at, held.lease_token) == (before.rounds, None, before.lease_token)
        assert [message.order_id for message in world.queue.messages] == [order.id]


def test_an_order_that_could_not_be_told_keeps_its_letter(
    world: World, alice: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = abandoned(world, alice)
    world.clock.advance(30)
    world.push.failing.add("socket")

    def away(*_: object) -> None:
        raise Unavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(world.backend.watching, "settle", away)
        assert settle(world, order)[0] is Letter.KEPT
    world.push.failing.clear()
    assert settle(world, order) == (Letter.SETTLED, [])
    assert world.push.seqs("socket", order.id)[-1] == stored(world).seq


@pytest.mark.parametrize(
    ("crashes_at", "landing", "third"),
    [
        ("signer.sign", Landing.FILLED, Letter.PARKED),
        ("cluster.look", Landing.SLIPPED, Letter.PARKED),
        ("cluster.look", Landing.DROPPED, Letter.SETTLED),
    ],
    ids=["nothing signed", "slipped", "may yet land"],
)
def test_an_order_is_parked_at_its_third_crash_in_a_row_unless_it_may_land(
    world: World, crashes_at: str, landing: Landing, third: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = world.place(world.client())
    assert order is not None
    world.cluster.landings = [landing]
    monkeypatch.setattr(world.cluster, "block_height", lambda: 0)

    def kill(call: str) -> None:
        if call == crashes_at:
            raise world.tape.crash()

    rounds = []
    for _ in range(3):
        world.tape.observe = kill
        world.deliver()
        world.tape.observe = lambda call: None
        world.queue.messages.clear()
        world.clock.advance(26)
        rounds.append((settle(world, order)[0], stored(world).rounds, len(world.queue.messages)))
    is_parked = third is Letter.PARKED
    assert rounds == [(Letter.SETTLED, 1, 1), (Letter.SETTLED, 2, 1), (third, 3, 0 if is_parked else 1)]
    assert (stored(world).parked_at is not None) is is_parked
    if is_parked:
        assert settle(world, order) == (Letter.PARKED, [])


@pytest.mark.parametrize("is_killed", [True, False], ids=["after a crash", "after a redelivery"])
def test_a_settlement_that_a_back_end_refuses_counts_as_no_crash_and_hides_none(
    world: World, alice: ApiKey, monkeypatch: pytest.MonkeyPatch, *, is_killed: bool
) -> None:
    order = abandoned(world, alice, Landing.SLIPPED)
    world.clock.advance(30)
    if not is_killed:
        settle(world, order)
    before = stored(world)

    def away(*_: object) -> None:
        raise ClusterUnavailable("away")

    with monkeypatch.context() as outage:
        outage.setattr(world.cluster, "look", away)
        with pytest.raises(ClusterUnavailable):
            settle(world, order)
    assert (stored(world).lease_token is None) is not is_killed
    world.clock.advance(30)
    assert settle(world, order)[0] is Letter.SETTLED
    assert (before.rounds, stored(world).rounds) == ((0, 1) if is_killed else (1, 0))


def test_a_letter_is_settled_under_a_lease(
    world: World, alice: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = abandoned(world, alice)
    world.clock.advance(30)
    claim, leases = world.backend.orders.claim, []

    def noted(order_id: str, token: str, now: datetime, until: datetime) -> Claim:
        leases.append((now - world.clock.now(), until - now))
        return claim(order_id, token, now, until)

    monkeypatch.setattr(world.backend.orders, "claim", noted)
    settle(world, order)
    assert leases == [(timedelta(0), timedelta(seconds=25))]


def test_a_letter_whose_lease_was_lost_meanwhile_stays(
    world: World, alice: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = abandoned(world, alice)
    world.clock.advance(30)

    def lost(*_: object) -> None:
        raise LeaseLost

    monkeypatch.setattr(world.backend.orders, "save", lost)
    assert settle(world, order) == (Letter.KEPT, [])
    assert stored(world).status is Status.SUBMITTED


def test_a_hint_is_given_of_an_order_that_is_settled(world: World, alice: ApiKey) -> None:
    order = abandoned(world, alice)
    world.clock.advance(30)
    hints: list[str] = []
    world.settle_letter = replace(world.settle_letter, hint=lambda order: hints.append(order.id))
    settle(world, order)
    assert hints == [order.id]
